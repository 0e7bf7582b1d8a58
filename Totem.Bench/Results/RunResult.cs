using Totem.Bench.Load;

namespace Totem.Bench.Results;

/// <summary>One run of one engine.</summary>
internal sealed record RunResult
{
    private const double NanosecondsPerSecond = 1e9;
    private const double NanosecondsPerMicrosecond = 1e3;
    private const double NanosecondsPerMillisecond = 1e6;
    private const double BytesPerMegabyte = 1e6;

    /// <summary>Why the run came to nothing; null when it did not, and then all figures but the
    /// flag are absent or zero.</summary>
    public string? Failure { get; init; }

    /// <summary>Whether the nodes that went from one configuration to the next together delivered the same messages in
    /// the same order before it, without a gap in any sender's numbers. A node that was away for a while has
    /// others.</summary>
    public bool IsOrderEqual { get; init; }

    /// <summary>Over senders and sequence numbers in the order of delivery, of the first node's
    /// last configuration.</summary>
    public string? OrderHash { get; init; }

    /// <summary>Messages of the window: each node delivered that many.</summary>
    public long Messages { get; init; }

    /// <summary>How long the window was, in seconds: the mean over the nodes.</summary>
    public double Seconds { get; init; }

    /// <summary>Messages delivered a second, at each node.</summary>
    public double MessagesPerSecond { get; init; }

    /// <summary>Payload delivered a second at each node, in megabytes (10^6 bytes).</summary>
    public double MegabytesPerSecond { get; init; }

    /// <summary>From sending to the delivery at the sender.</summary>
    public LatencySummary? AtSender { get; init; }

    /// <summary>From sending to the delivery at the other nodes, all of them together.</summary>
    public LatencySummary? AtReceivers { get; init; }

    /// <summary>The same at the node in the middle, by its median, of those that did not send all of it.</summary>
    public LatencySummary? AtMedianReceiver { get; init; }

    /// <summary>The same at the node that is last, by its median.</summary>
    public LatencySummary? AtLastReceiver { get; init; }

    /// <summary>Processor time of all nodes and daemons together for each message of the window, in
    /// microseconds.</summary>
    public double ProcessorMicrosecondsPerMessage { get; init; }

    /// <summary>Processor time of all nodes and daemons together in a second, in cores.</summary>
    public double Cores { get; init; }

    /// <summary>Messages that were multicast again, at all nodes; null where nobody can say.</summary>
    public long? Retransmissions { get; init; }

    /// <summary>A fan-out without any protocol loses datagrams: the share that a receiver did not
    /// get. Null for rings, which lose nothing.</summary>
    public double? LostShare { get; init; }

    /// <summary>Changes of the membership in the window, the most at any node. 0 unless something went wrong.</summary>
    public long MembershipChanges { get; init; }

    /// <summary>Collections of the garbage collector, at all nodes.</summary>
    public long Collections { get; init; }

    /// <summary>How long the garbage collector stopped the nodes, all together, in milliseconds.</summary>
    public double CollectorPauseMilliseconds { get; init; }

    /// <summary>Bytes that the node processes allocated, all together.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Puts together what the nodes saw.</summary>
    public static RunResult Of(IReadOnlyList<WindowCounts> nodes)
    {
        var messages = nodes[0].Messages;
        var seconds = nodes.Average(x => x.Nanoseconds) / NanosecondsPerSecond;
        var processor = nodes.Sum(x => (double)x.ProcessorNanoseconds);
        var receivers = ReceiversByMedian(nodes);
        return new RunResult
        {
            IsOrderEqual = IsOneOrder(nodes),
            OrderHash = nodes[0].Segments.Count > 0 ? nodes[0].Segments[^1].Hash : null,
            Messages = messages,
            Seconds = seconds,
            MessagesPerSecond = messages / seconds,
            MegabytesPerSecond = nodes[0].Bytes / BytesPerMegabyte / seconds,
            AtSender = LatencySummary.Of(nodes.Select(x => x.AtSender)),
            AtReceivers = LatencySummary.Of(nodes.Select(x => x.AtReceiver)),
            AtMedianReceiver = receivers.Count > 0 ? receivers[(receivers.Count - 1) / 2] : null,
            AtLastReceiver = receivers.Count > 0 ? receivers[^1] : null,
            ProcessorMicrosecondsPerMessage = processor / NanosecondsPerMicrosecond / Math.Max(1, messages),
            Cores = processor / NanosecondsPerSecond / seconds,
            Retransmissions = nodes.Any(x => x.Retransmissions is null) ? null : nodes.Sum(x => x.Retransmissions),
            MembershipChanges = nodes.Max(x => x.MembershipChanges),
            Collections = nodes.Sum(x => x.Collections),
            CollectorPauseMilliseconds = nodes.Sum(x => x.CollectorPauseNanoseconds) / NanosecondsPerMillisecond,
            AllocatedBytes = nodes.Sum(x => x.AllocatedBytes),
        };
    }

    /// <summary>The latencies of the others' messages at each node, the quickest node first.</summary>
    public static IReadOnlyList<LatencySummary> ReceiversByMedian(IReadOnlyList<WindowCounts> nodes)
        => [.. nodes.Select(x => LatencySummary.Of([x.AtReceiver])).OfType<LatencySummary>().OrderBy(x => x.P50)];

    private static bool IsOneOrder(IReadOnlyList<WindowCounts> nodes)
    {
        var segments = nodes.SelectMany(x => x.Segments).ToArray();
        // Without a change each node has the same one segment, or they have lost sight of each
        // other without being told.
        var isWhole = nodes.Any(x => x.MembershipChanges > 0)
            || nodes.All(x => x.Segments.Count == nodes[0].Segments.Count);
        return isWhole && Array.TrueForAll(segments, x => x.Gaps == 0)
            && segments.GroupBy(x => (x.From, x.To))
            .All(x => x.Select(y => (y.Hash, y.Messages)).Distinct().Count() == 1);
    }
}
