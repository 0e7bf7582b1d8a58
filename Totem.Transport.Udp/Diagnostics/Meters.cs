using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Totem.Transport.Udp.Diagnostics;

/// <summary>
/// The instruments of one meter <c>Totem</c>, which the nodes of a process share: every measurement has the tags of its
/// node. A count that the nodes keep anyway is read when somebody looks; a fact that is known only as it happens is
/// recorded then (<see cref="NodeMeters"/>).
/// </summary>
internal sealed class Meters
{
    public const string Name = "Totem";

    /// <summary>From a quiet local network to a ring that barely holds: rotations take a tenth of a
    /// millisecond to seconds.</summary>
    private static readonly double[] RotationSeconds =
        [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

    /// <summary>A pause is half a token timeout or more, and can be a machine's night.</summary>
    private static readonly double[] PauseSeconds = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 300, 3600];

    private static readonly Lazy<Meters> Default = new(() => new Meters(new Meter(Name)));

    /// <summary>A factory gives the same meter for the same name.</summary>
    private static readonly ConditionalWeakTable<Meter, Meters> ByMeter = [];

    private readonly ConcurrentDictionary<NodeMeters, byte> _nodes = new();

    private Meters(Meter meter)
    {
        TokenRotationDuration = meter.CreateHistogram(
            "totem.token.rotation.duration", "s", "Time between two visits of the token.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = RotationSeconds });
        PauseDuration = meter.CreateHistogram(
            "totem.pause.duration", "s", "Times for which a member's process stood still, though it had meant to run.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = PauseSeconds });
        FramesDiscarded = meter.CreateCounter<long>("totem.frames.discarded", "{frame}", "Frames dropped, by reason.");
        Gathers = meter.CreateCounter<long>("totem.membership.gathers", "{gather}", "Searches for a new ring, by "
            + "reason.");

        Count(meter, "totem.messages.delivered", "{message}", "Messages given to the application.",
            x => x.MessagesDelivered);
        Count(
            meter, "totem.bytes.delivered", "By", "Bytes of messages given to the application.", x => x.BytesDelivered);
        Count(meter, "totem.messages.sent", "{message}", "Messages of this node that were multicast whole.",
            x => x.MessagesSent);
        Count(meter, "totem.messages.retransmitted", "{message}", "Frames multicast again because somebody had missed "
            + "them.", x => x.MessagesRetransmitted);
        Count(meter, "totem.retransmits.requested", "{frame}", "Frames that this node had missed and asked for.",
            x => x.RetransmitRequests);
        Count(meter, "totem.tokens.retransmitted", "{token}", "Tokens sent again because nothing showed that they had "
            + "arrived.", x => x.TokensRetransmitted);
        Count(meter, "totem.membership.changes", "{change}", "Regular configurations delivered.",
            x => x.ConfigurationChanges);
        Count(meter, "totem.members.unreachable", "{member}", "Members whose port was found closed.",
            x => x.MembersFoundUnreachable);
        Count(meter, "totem.sequences.unstored", "{sequence}", "Ring sequences used though storing them failed.",
            x => x.SequencesNotStored);
        Count(meter, "totem.stream.full", "{time}", "Times when the application's unread events stopped the delivery.",
            x => x.StreamFull);
        Count(meter, "totem.bytes.sent", "By", "Bytes of datagrams handed to the system.", x => x.BytesSent);
        Count(meter, "totem.bytes.received", "By", "Bytes of datagrams that were read.", x => x.BytesReceived);
        Count(meter, "totem.datagrams.sent", "{datagram}", "Datagrams handed to the system.", x => x.DatagramsSent);
        Count(meter, "totem.datagrams.received", "{datagram}", "Datagrams that were read.", x => x.DatagramsReceived);
        Count(meter, "totem.datagrams.ignored", "{datagram}", "Datagrams of addresses that are no member's.",
            x => x.DatagramsIgnored);
        Count(meter, "totem.datagrams.lost", "{datagram}", "Datagrams that the system did not take.",
            x => x.DatagramsLostBySystem);
        Count(meter, "totem.datagrams.dropped", "{datagram}", "Datagrams that came when a receive buffer was full.",
            x => x.DatagramsDropped);

        Gauge(meter, "totem.members", "{member}", "Members of the configuration that is installed.", x => x.Members);
        Gauge(meter, "totem.operational", "1", "1 while the node is on a ring that carries messages, else 0.",
            x => x.IsOperational);
        Gauge(meter, "totem.backlog", "{message}", "Messages of this node that wait for the token.", x => x.Backlog);
        Gauge(meter, "totem.window", "{frame}", "Frames that the ring may send in a rotation; 0 without a ring.",
            x => x.Window);
    }

    public Histogram<double> TokenRotationDuration { get; }

    public Histogram<double> PauseDuration { get; }

    public Counter<long> FramesDiscarded { get; }

    public Counter<long> Gathers { get; }

    /// <summary>The instruments of a factory's meter; without a factory, of the process's.</summary>
    public static Meters Of(IMeterFactory? factory) =>
        factory is null ? Default.Value
            : ByMeter.GetValue(factory.Create(new MeterOptions(Name)), meter => new Meters(meter));

    /// <summary>A node is looked at until it is removed.</summary>
    public void Add(NodeMeters node) => _nodes.TryAdd(node, 0);

    /// <inheritdoc cref="Add"/>
    public void Remove(NodeMeters node) => _nodes.TryRemove(node, out _);

    private void Count(Meter meter, string name, string unit, string description, Func<NodeCounters, long> read) =>
        meter.CreateObservableCounter(name, () => Read(read), unit, description);

    private void Gauge(Meter meter, string name, string unit, string description, Func<NodeCounters, long> read) =>
        meter.CreateObservableGauge(name, () => Read(read), unit, description);

    private IEnumerable<Measurement<long>> Read(Func<NodeCounters, long> read) =>
        _nodes.Keys.Select(node => new Measurement<long>(read(node.Counters), node.Tags));
}
