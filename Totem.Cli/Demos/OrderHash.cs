using Totem.Simulation.Traces;

namespace Totem.Cli.Demos;

/// <summary>
/// A number over messages in the order in which they were delivered: equal numbers mean the same messages, the same
/// bytes, in the same order. FNV-1a over (sender, incarnation, number, payload hash), word by word.
/// </summary>
internal readonly record struct OrderHash(ulong Value)
{
    private const ulong Prime = 0x100000001B3;

    /// <summary>The number of no message at all.</summary>
    public static OrderHash Empty => new(0xCBF29CE484222325);

    /// <summary>The number with one more message.</summary>
    public OrderHash With(TraceEvent delivery)
        => With(delivery.Message.Sender.Value)
            .With((ulong)delivery.Message.Incarnation)
            .With((ulong)delivery.Message.Number)
            .With(delivery.PayloadHash);

    /// <summary>The number with one more word.</summary>
    public OrderHash With(ulong word)
    {
        var hash = Value;
        for (var i = 0; i < 8; i++)
        {
            hash = unchecked((hash ^ (word & 0xFF)) * Prime);
            word >>= 8;
        }

        return new OrderHash(hash);
    }

    /// <inheritdoc />
    public override string ToString() => Value.ToString("x16");
}

/// <summary>The deliveries of one life of a processor in one regular configuration and the transitional one that
/// follows it.</summary>
/// <param name="Configuration">The regular configuration.</param>
/// <param name="NextRing">The ring that the life went on to; the default value when it ended here.</param>
/// <param name="Sent">Messages sent.</param>
/// <param name="Delivered">Messages delivered.</param>
/// <param name="DeliveredInTransitional">How many of them in the transitional configuration.</param>
/// <param name="Hash">Over the deliveries.</param>
internal sealed record ConfigurationPart(
    Configuration Configuration, RingId NextRing, long Sent, long Delivered, long DeliveredInTransitional,
    OrderHash Hash);

/// <summary>One life of a processor in a trace.</summary>
/// <param name="Node">The processor.</param>
/// <param name="Incarnation">Which life.</param>
/// <param name="Failed">True when it ended in a failure.</param>
/// <param name="Parts">Its regular configurations in order.</param>
internal sealed record LifeSummary(uint Node, int Incarnation, bool Failed, IReadOnlyList<ConfigurationPart> Parts)
{
    /// <summary>Messages sent in this life.</summary>
    public long Sent => Parts.Sum(x => x.Sent);

    /// <summary>Messages delivered in this life.</summary>
    public long Delivered => Parts.Sum(x => x.Delivered);

    /// <summary>The order over these rings, or null when this life has not been in all of them to their end.</summary>
    public OrderHash? HashOver(IReadOnlyList<RingId> rings)
    {
        var hash = OrderHash.Empty;
        foreach (var ring in rings)
        {
            if (Parts.FirstOrDefault(x => x.Configuration.Ring == ring) is not { } part
                || (Failed && part == Parts[^1]))
                return null;
            hash = hash.With(part.Hash.Value);
        }

        return hash;
    }

    /// <summary>Every life in a trace, by node, then by incarnation.</summary>
    public static IReadOnlyList<LifeSummary> Of(Trace trace)
        => [.. trace.Processors.SelectMany(node => trace[node].GroupBy(x => x.Incarnation).OrderBy(x => x.Key)
            .Select(OfLife))];

    private static LifeSummary OfLife(IGrouping<int, TraceEvent> life)
    {
        var parts = new List<ConfigurationPart>();
        var inTransitional = false;
        var failed = false;
        foreach (var traceEvent in life)
        {
            if (traceEvent is { Kind: TraceEventKind.Install, Configuration: { } configuration })
            {
                inTransitional = configuration.Kind == ConfigurationKind.Transitional;
                if (inTransitional)
                    continue;
                if (parts.Count > 0)
                    parts[^1] = parts[^1] with { NextRing = configuration.Ring };
                parts.Add(new ConfigurationPart(configuration, default, 0, 0, 0, OrderHash.Empty));
            }
            else if (traceEvent.Kind == TraceEventKind.Fail)
            {
                failed = true;
            }
            else if (parts.Count > 0)
            {
                parts[^1] = Count(parts[^1], traceEvent, inTransitional);
            }
        }

        var first = life.First();
        return new LifeSummary(first.Processor.Value, first.Incarnation, failed, parts);
    }

    private static ConfigurationPart Count(ConfigurationPart part, TraceEvent traceEvent, bool inTransitional) =>
        traceEvent.Kind switch
    {
        TraceEventKind.Send => part with { Sent = part.Sent + 1 },
        TraceEventKind.Deliver => part with
        {
            Delivered = part.Delivered + 1,
            DeliveredInTransitional = part.DeliveredInTransitional + (inTransitional ? 1 : 0),
            Hash = part.Hash.With(traceEvent),
        },
        _ => part,
    };
}
