using Totem.Core.Time;

namespace Totem.Transport.Udp.Operation;

/// <summary>Sums since the process began, read at one moment by the ring's thread.</summary>
/// <param name="GarbageCollection">Pauses of the garbage collector.</param>
/// <param name="WaitedForCore">For how long the thread wanted to run and had no core.</param>
/// <param name="Dropped">Datagrams that receive buffers dropped.</param>
/// <param name="Unsent">Datagrams that the system did not send.</param>
internal readonly record struct VitalSigns(
    TimeSpan GarbageCollection, TimeSpan WaitedForCore, long Dropped, long Unsent)
{
    public static VitalSigns operator -(VitalSigns a, VitalSigns b) => new(
        a.GarbageCollection - b.GarbageCollection, a.WaitedForCore - b.WaitedForCore, a.Dropped - b.Dropped,
        a.Unsent - b.Unsent);
}

/// <summary>
/// How the ring's thread fared of late: samples of its vital signs, and the longest time for which it did not turn.
/// Bounded, and used by the ring's thread only.
/// </summary>
/// <param name="read">Reads the signs now.</param>
internal sealed class Vitals(Func<VitalSigns> read)
{
    /// <summary>Gaps shorter than this are every thread's on a busy machine.</summary>
    public static readonly TimeSpan GapMin = TimeSpan.FromMilliseconds(10);

    private const int SampleCount = 16;
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(1);

    /// <summary>A longer pause than this ago is no reason for a change now.</summary>
    private static readonly TimeSpan KeepTime = TimeSpan.FromSeconds(4);

    private readonly (Instant At, VitalSigns Signs)[] _samples = new (Instant, VitalSigns)[SampleCount];
    private int _count;
    private Instant _next;
    private (TimeSpan Length, PauseKind Kind, VitalSigns Signs) _longest;
    private Instant _longestEnd;

    /// <summary>Takes a sample when it is time for one.</summary>
    public void Sample(Instant now)
    {
        if (now < _next)
            return;
        _next = now + SampleInterval;
        _samples[_count++ % SampleCount] = (now, read());
    }

    /// <summary>The thread did not turn for a while, though it had meant to.</summary>
    /// <param name="length">For how long.</param>
    /// <param name="isInHandler">It was in a handler of the application.</param>
    /// <param name="now">The end of it.</param>
    public void NoteGap(TimeSpan length, bool isInHandler, Instant now)
    {
        // One that is too old for the next change makes room.
        if (length < _longest.Length && now - _longestEnd <= KeepTime)
            return;
        var since = Since(new Instant(now.Ticks - length.Ticks));
        var kind = since.GarbageCollection >= length / 2 ? PauseKind.GarbageCollection
            : since.WaitedForCore >= length / 2 ? PauseKind.Starved
            : isInHandler ? PauseKind.Handler
            : PauseKind.Suspended;
        (_longest, _longestEnd) = ((length, kind, since), now);
    }

    /// <summary>The time that was counted since the sample before the gap is at most as long as it.</summary>
    private static TimeSpan Shorter(TimeSpan counted, TimeSpan gap) => counted < gap ? counted : gap;

    /// <summary>The longest of the pauses that ended at this moment or later; null when there was none.</summary>
    public OwnPause? LongestSince(Instant since) => _longest is { Length.Ticks: > 0 } x && _longestEnd >= since
        ? new OwnPause(x.Length, x.Kind, Shorter(x.Signs.GarbageCollection, x.Length),
            Shorter(x.Signs.WaitedForCore, x.Length))
        : null;

    /// <summary>A change is over: its pause is not the next one's.</summary>
    public void Forget() => _longest = default;

    /// <summary>The sums since a moment, or since the last sample before it.</summary>
    public VitalSigns Since(Instant since)
    {
        var now = read();
        VitalSigns? before = null;
        for (var i = Math.Max(0, _count - SampleCount); i < _count; i++)
        {
            var (at, signs) = _samples[i % SampleCount];
            if (before is null || at <= since)
                before = signs;
        }

        return now - (before ?? now);
    }
}
