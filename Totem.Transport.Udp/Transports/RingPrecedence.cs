using Totem.Core.Time;

namespace Totem.Transport.Udp.Transports;

/// <summary>
/// Whether the ring's thread goes before everything ordinary, where it may. It does, except while a reader of its own
/// process is behind: the ring would bring such a reader only more to read, on a core that the reader needs. A host on
/// which an ordinary thread hardly ever gets a core is no place for that courtesy, since the whole ring would wait there.
/// Used by the ring's thread alone.
/// </summary>
/// <param name="runDelay">How long the calling thread has waited for a core so far; null when nobody can say.</param>
internal sealed class RingPrecedence(Func<TimeSpan?> runDelay)
{
    /// <summary>Longer than the turn of an ordinary thread on a host with a few others.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>The wait within one interval that shows a crowded host.</summary>
    private static readonly TimeSpan CrowdedDelayMin = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a host is taken for crowded.</summary>
    private static readonly TimeSpan CrowdedFor = TimeSpan.FromSeconds(1);

    private Instant _lookedAt;
    private Instant _crowdedUntil;
    private TimeSpan _delay;

    /// <summary>The thread goes before others now.</summary>
    public bool IsFirst { get; private set; } = true;

    /// <summary>Decides anew.</summary>
    /// <returns>Whether the decision has changed.</returns>
    public bool Update(bool isReaderBehind, Instant now)
    {
        var wasFirst = IsFirst;
        if (!isReaderBehind)
            IsFirst = true;
        else if (!IsFirst)
            IsFirst = IsCrowded(now);
        else if (now >= _crowdedUntil && runDelay() is { } delay)
            (IsFirst, _lookedAt, _delay) = (false, now, delay);
        return IsFirst != wasFirst;
    }

    private bool IsCrowded(Instant now)
    {
        if (now - _lookedAt < LookInterval)
            return false;
        if (runDelay() is not { } delay || delay - _delay > CrowdedDelayMin)
        {
            _crowdedUntil = now + CrowdedFor;
            return true;
        }

        (_lookedAt, _delay) = (now, delay);
        return false;
    }
}
