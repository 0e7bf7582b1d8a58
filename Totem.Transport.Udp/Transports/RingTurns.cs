using Totem.Core.Time;

namespace Totem.Transport.Udp.Transports;

/// <summary>The debts of a real-time thread to those that it goes before: some rest, and no looking where they want the
/// core. Used by it alone.</summary>
/// <param name="isHostBusy">More threads want to run than there are cores.</param>
internal sealed class RingTurns(Func<bool> isHostBusy)
{
    /// <summary>Short, so that no rest is long enough to be felt on the ring.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(20);

    /// <summary>A ring that is not saturated rests far more, waiting for the token.</summary>
    private static readonly TimeSpan RestPerWindowMin = TimeSpan.FromMilliseconds(2);

    /// <summary>Asking costs a few microseconds.</summary>
    private static readonly TimeSpan AskInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>An answer is about one moment; somebody who works sleeps now and then, too.</summary>
    private static readonly TimeSpan BusyFor = TimeSpan.FromMilliseconds(100);

    private Instant _windowBegan;
    private TimeSpan _rested;
    private Instant _nextAsk;
    private Instant _busyUntil;

    /// <summary>The thread has slept for so long.</summary>
    public void Rested(TimeSpan duration) => _rested += duration;

    /// <summary>For how long the thread is to sleep before it goes on; mostly for no time.</summary>
    public TimeSpan TakeOwedRest(Instant now)
    {
        if (now - _windowBegan < Window)
            return TimeSpan.Zero;
        var owed = RestPerWindowMin - _rested;
        (_windowBegan, _rested) = (now, TimeSpan.Zero);
        return owed > TimeSpan.Zero ? owed : TimeSpan.Zero;
    }

    /// <summary>Whether to look for the token before going to sleep. Sleep ends at once, and where
    /// others want the core it is theirs.</summary>
    public bool MayLook(Instant now)
    {
        if (now >= _nextAsk)
        {
            _nextAsk = now + AskInterval;
            if (isHostBusy())
                _busyUntil = now + BusyFor;
        }

        return now >= _busyUntil;
    }
}
