using System.Diagnostics.Metrics;
using System.Globalization;
using Totem.Core.Diagnostics;

namespace Totem.Transport.Udp.Diagnostics;

/// <summary>The measurements of one node. Its tags tell it from others of the process, also of another ring: ids may
/// repeat there, addresses do not. The ring's thread, but for the end.</summary>
internal sealed class NodeMeters
{
    /// <summary>Boxed once: a tag must not allocate for each discarded frame.</summary>
    private static readonly object[] DiscardTags = [.. Enum.GetNames<DiscardReason>()];
    private static readonly object[] GatherTags = [.. Enum.GetNames<GatherReason>()];

    private readonly Meters _meters;
    private readonly KeyValuePair<string, object?> _node;
    private readonly KeyValuePair<string, object?> _address;

    public NodeMeters(IMeterFactory? factory, ProcessorId self, string address, NodeCounters counters)
    {
        _meters = Meters.Of(factory);
        Counters = counters;
        _node = new("node", self.Value.ToString(CultureInfo.InvariantCulture));
        _address = new("address", address);
        Tags = [_node, _address];
    }

    public NodeCounters Counters { get; }

    public KeyValuePair<string, object?>[] Tags { get; }

    /// <summary>From now on, whoever looks sees the node.</summary>
    public void Start() => _meters.Add(this);

    public void TokenVisited(TimeSpan sinceLastVisit) =>
        _meters.TokenRotationDuration.Record(sinceLastVisit.TotalSeconds, _node, _address);

    public void Discarded(DiscardReason reason) =>
        _meters.FramesDiscarded.Add(1, new("reason", DiscardTags[(int)reason]), _node, _address);

    public void Gathering(GatherReason reason) =>
        _meters.Gathers.Add(1, new("reason", GatherTags[(int)reason]), _node, _address);

    public void Paused(TimeSpan length) => _meters.PauseDuration.Record(length.TotalSeconds, _node, _address);

    /// <summary>The node has ended. Any thread.</summary>
    public void End() => _meters.Remove(this);
}
