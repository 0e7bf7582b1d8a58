using System.Diagnostics;

namespace Totem.Transport.Udp.Internal;

/// <summary>
/// Looking again and again, for a while, before going to sleep (<see cref="UdpTransportOptions.BusyPoll"/>). The ring's thread looks; any
/// thread may end it, without a system call.
/// </summary>
/// <remarks>
/// It is done while the token comes round in about that time, which is when it pays. So a ring that is silent, busy with much to send, or too
/// large costs what it did. Members that share a core give way to each other between two looks; but what many of them
/// do in turn for each other, few enough do at once.
/// </remarks>
internal sealed class BusyWait(TimeSpan duration)
{
    /// <summary>Only the poller sees closed ports, hangups and strays, so it is asked so often, however busy the sockets are.</summary>
    private static readonly long PollerInterval = Stopwatch.Frequency / 2000;

    private readonly long _duration = (long)(duration.TotalSeconds * Stopwatch.Frequency);
    private long _busyUntil;
    private long _nextPoller;
    private int _isLooking;
    private int _isWoken;

    /// <summary>Begins to look.</summary>
    /// <param name="now">The time, in ticks of the stopwatch.</param>
    /// <param name="rotation">How long the token took to come round last.</param>
    /// <returns>False when it would not pay: it is time to sleep.</returns>
    public bool TryBegin(long now, TimeSpan rotation)
    {
        // Falling asleep and waking up at every member is most of a short rotation: without it half the time will do.
        if (rotation > 2 * duration)
            return false;
        _busyUntil = now + _duration;
        Interlocked.Exchange(ref _isLooking, 1);
        return true;
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
