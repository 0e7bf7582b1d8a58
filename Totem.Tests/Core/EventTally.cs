using Totem.Core.Diagnostics;

namespace Totem.Tests.Core;

/// <summary>Counts what an engine reports. Allocates nothing after construction.</summary>
internal sealed class EventTally : IRingObserver
{
    private const int LastCount = 16;

    private readonly int[] _kinds = new int[Enum.GetValues<RingEventKind>().Length];
    private readonly int[] _discards = new int[Enum.GetValues<DiscardReason>().Length];
    private readonly RingId[] _rings = new RingId[Enum.GetValues<RingEventKind>().Length];

    private readonly RingEvent[] _last = new RingEvent[LastCount];
    private int _count;

    /// <summary>The most messages that were multicast on one visit of the token.</summary>
    public int LargestVisit { get; private set; }

    public int this[RingEventKind kind] => _kinds[(int)kind];

    public int this[DiscardReason reason] => _discards[(int)reason];

    /// <summary>All discards, by reason.</summary>
    public ReadOnlySpan<int> Discards => _discards;

    /// <summary>The ring that the last event of this kind was about.</summary>
    public RingId RingOf(RingEventKind kind) => _rings[(int)kind];

    /// <summary>The last few events, oldest first, for the message of a failure.</summary>
    public IEnumerable<RingEvent> Last =>
        Enumerable.Range(Math.Max(0, _count - LastCount), Math.Min(_count, LastCount))
            .Select(x => _last[x % LastCount]);

    public void OnEvent(in RingEvent ringEvent)
    {
        _last[_count++ % LastCount] = ringEvent;
        _kinds[(int)ringEvent.Kind]++;
        _rings[(int)ringEvent.Kind] = ringEvent.Ring;
        if (ringEvent.Kind == RingEventKind.TokenVisit)
            LargestVisit = Math.Max(LargestVisit, ringEvent.Count);
        if (ringEvent.Kind == RingEventKind.Discarded)
            _discards[(int)ringEvent.Discard]++;
    }
}
