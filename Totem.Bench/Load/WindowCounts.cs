namespace Totem.Bench.Load;

/// <summary>The events of one node in the measured window: between two messages that have the same place in the order
/// at all nodes.</summary>
internal sealed record WindowCounts
{
    /// <summary>The node.</summary>
    public required uint Node { get; init; }

    /// <summary>From the delivery of the first mark to that of the last, in nanoseconds.</summary>
    public required long Nanoseconds { get; init; }

    /// <summary>Messages delivered; the marks do not count.</summary>
    public required long Messages { get; init; }

    /// <summary>How many of them were the node's own.</summary>
    public required long OwnMessages { get; init; }

    /// <summary>Their length.</summary>
    public required long Bytes { get; init; }

    /// <summary>The messages in their order, by configuration. Empty where there is no order to look at.</summary>
    public IReadOnlyList<OrderSegment> Segments { get; init; } = [];

    /// <summary>Processor time, in nanoseconds: of the process, and of its daemon where there is one.</summary>
    public required long ProcessorNanoseconds { get; init; }

    /// <summary>Messages that the node multicast again; null where nobody can say.</summary>
    public required long? Retransmissions { get; init; }

    /// <summary>Changes of the membership.</summary>
    public required long MembershipChanges { get; init; }

    /// <summary>Collections of the youngest generation, and of both older ones.</summary>
    public required long Collections { get; init; }

    /// <summary>How long the garbage collector stopped the process, in nanoseconds.</summary>
    public required long CollectorPauseNanoseconds { get; init; }

    /// <summary>Bytes that were allocated, by all threads of the process.</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>From the sending of a message to its delivery at its sender.</summary>
    public required LatencyBuckets AtSender { get; init; }

    /// <summary>From the sending of a message to its delivery at this node, where another one sent it.</summary>
    public required LatencyBuckets AtReceiver { get; init; }
}

/// <summary>The messages that a node delivered in one configuration.</summary>
/// <param name="From">The configuration.</param>
/// <param name="To">The next one, empty for the end of the window: only nodes that go on together have delivered the
/// same (EVS94, failure atomicity).</param>
/// <param name="Hash">Over senders and sequence numbers, in the order of delivery.</param>
/// <param name="Messages">How many there were.</param>
/// <param name="Gaps">Messages whose number did not follow on the one before of the same sender:
/// lost, doubled or disordered.</param>
internal sealed record OrderSegment(string From, string To, string Hash, long Messages, long Gaps);
