using Totem.Core.Diagnostics;
using Totem.Core.Wire;
using Totem.Transport.Knet.Diagnostics;

namespace Totem.Simulation.Model;

/// <summary>How often something happened.</summary>
/// <param name="Group">The kind of thing: <c>event</c>, <c>gather</c>, <c>discard</c>,
/// <c>decode</c>, <c>link</c> or <c>packet</c>.</param>
/// <param name="Name">Its name among those.</param>
/// <param name="Count">How often.</param>
public readonly record struct CoverageCounter(string Group, string Name, long Count);

/// <summary>How often each thing the engine can report was reported: shows which transitions a
/// campaign never reached.</summary>
public sealed class Coverage
{
    private readonly long[] _kinds = new long[Enum.GetValues<RingEventKind>().Length];
    private readonly long[] _reasons = new long[Enum.GetValues<GatherReason>().Length];
    private readonly long[] _discards = new long[Enum.GetValues<DiscardReason>().Length];
    private readonly long[] _decodes = new long[Enum.GetValues<DecodeResult>().Length];
    private readonly long[] _links = new long[Enum.GetValues<KnetEventKind>().Length];
    private readonly long[] _packets = new long[Enum.GetValues<KnetDiscard>().Length];

    /// <summary>How often an event of this kind was reported.</summary>
    public long this[RingEventKind kind] => _kinds[(int)kind];

    /// <summary>How often a gather began for this reason.</summary>
    public long this[GatherReason reason] => _reasons[(int)reason];

    /// <summary>How often a frame was dropped for this reason.</summary>
    public long this[DiscardReason reason] => _discards[(int)reason];

    /// <summary>How often the decoder refused a frame for this reason.</summary>
    public long this[DecodeResult result] => _decodes[(int)result];

    /// <summary>Every counter with its name, in the order of the enumerations.</summary>
    public IEnumerable<CoverageCounter> Counters =>
        Named("event", Enum.GetNames<RingEventKind>(), _kinds)
            .Concat(Named("gather", Enum.GetNames<GatherReason>(), _reasons))
            .Concat(Named("discard", Enum.GetNames<DiscardReason>(), _discards))
            .Concat(Named("decode", Enum.GetNames<DecodeResult>(), _decodes))
            .Concat(Named("link", Enum.GetNames<KnetEventKind>(), _links))
            .Concat(Named("packet", Enum.GetNames<KnetDiscard>(), _packets));

    /// <summary>How often kronosnet reported this.</summary>
    internal long this[KnetEventKind kind] => _links[(int)kind];

    /// <summary>How many packets kronosnet dropped for this reason.</summary>
    internal long this[KnetDiscard reason] => _packets[(int)reason];

    internal void Count(in KnetEvent knetEvent) => _links[(int)knetEvent.Kind]++;

    internal void Count(KnetDiscard reason, long count) => _packets[(int)reason] += count;

    internal void Count(in RingEvent ringEvent)
    {
        _kinds[(int)ringEvent.Kind]++;
        if (ringEvent.Kind == RingEventKind.EnteredGather)
            _reasons[(int)ringEvent.Reason]++;
        if (ringEvent.Kind != RingEventKind.Discarded)
            return;
        _discards[(int)ringEvent.Discard]++;
        if (ringEvent.Discard == DiscardReason.Malformed)
            _decodes[(int)ringEvent.Decode]++;
    }

    internal void Add(Coverage other)
    {
        Add(_kinds, other._kinds);
        Add(_reasons, other._reasons);
        Add(_discards, other._discards);
        Add(_decodes, other._decodes);
        Add(_links, other._links);
        Add(_packets, other._packets);
    }

    private static void Add(long[] to, long[] from)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] += from[i];
    }

    private static IEnumerable<CoverageCounter> Named(string group, string[] names, long[] counts) =>
        names.Select((name, i) => new CoverageCounter(group, name, counts[i]));
}
