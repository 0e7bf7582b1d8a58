using System.Diagnostics;

namespace Totem.Transport.Udp.Transports;

/// <summary>
/// Looking again and again, for a while, before going to sleep (<see cref="UdpTransportOptions.BusyPoll"/>). The ring's
/// thread looks; any thread may end it, without a system call.
/// </summary>
/// <remarks>
/// It is done while the token should come in about that time, which is when it pays: falling asleep and waking up at
/// every member is most of a short rotation, and without it half the time will do. And it is done behind the token,
/// when it has just left: on a host with several members the core then does not fall asleep, the successor need not
/// wake it, and gets it at the next look. So a ring that is silent, or busy with much to send, costs what it did.
/// Between two looks whoever else wants the core has it: members that share one would otherwise keep the token from
/// each other.
/// </remarks>
internal sealed class BusyWait(TimeSpan duration)
{
    /// <summary>Only the poller sees closed ports, hangups and strays, so it is asked so often,
    /// however busy the sockets are.</summary>
    private static readonly long PollerInterval = Stopwatch.Frequency / 2000;

    /// <summary>Rotations that are longer carry much, or cross a network that takes its time: a
    /// core that is awake saves nothing there.</summary>
    private static readonly TimeSpan LingerRotationMax = TimeSpan.FromMilliseconds(2);

    private readonly long _duration = (long)(duration.TotalSeconds * Stopwatch.Frequency);
    private long _busyUntil;
    private long _nextPoller;
    private int _isLooking;
    private int _isWoken;

    /// <summary>Whether it pays to look instead of sleeping.</summary>
    public bool Pays(TokenForecast forecast)
    {
        var isDue = forecast.Rotation <= 2 * duration && forecast.Until <= 2 * duration && forecast.Until > -duration;
        var hasJustLeft = forecast.Rotation <= LingerRotationMax && forecast.Rotation - forecast.Until < duration;
        return isDue || hasJustLeft;
    }

    /// <summary>Begins to look.</summary>
    public void Begin(long now)
    {
        _busyUntil = now + _duration;
        Interlocked.Exchange(ref _isLooking, 1);
    }

    /// <summary>Whether to look once more.</summary>
    public bool GoesOn(long deadline)
    {
        var now = Stopwatch.GetTimestamp();
        return now < _busyUntil && now < deadline && Volatile.Read(ref _isWoken) == 0;
    }

    /// <summary>Whether the poller is to be asked this time.</summary>
    public bool IsPollerDue()
    {
        var now = Stopwatch.GetTimestamp();
        if (now < _nextPoller)
            return false;
        _nextPoller = now + PollerInterval;
        return true;
    }

    /// <summary>Ends the looking.</summary>
    /// <returns>Whether somebody has called <see cref="TryWake"/>.</returns>
    public bool End()
    {
        // Exchanges are fences: either we see here that we are woken, or the waker sees that nobody looks any more.
        Interlocked.Exchange(ref _isLooking, 0);
        return Interlocked.Exchange(ref _isWoken, 0) != 0;
    }

    /// <summary>Ends the looking from any thread.</summary>
    /// <returns>False when nobody looks, so that the poller has to be woken.</returns>
    public bool TryWake()
    {
        Interlocked.Exchange(ref _isWoken, 1);
        return Volatile.Read(ref _isLooking) != 0;
    }
}
