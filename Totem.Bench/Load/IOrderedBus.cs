namespace Totem.Bench.Load;

/// <summary>The order that a bench uses: a ring of ours, or a group of a real corosync.</summary>
internal interface IOrderedBus : IAsyncDisposable
{
    /// <summary>This node's number, from 1.</summary>
    uint Self { get; }

    /// <summary>Sends a message to all nodes, this one included, if there is room for it now. Any thread.</summary>
    bool TrySend(ReadOnlySpan<byte> message);

    /// <summary>Members of the ring that this node is on; 0 where nobody asks.</summary>
    int Members => 0;

    /// <summary>How fast this node reads; null where nobody asks.</summary>
    ReadPace? Pace => null;

    /// <summary>Its counts so far.</summary>
    BusCounters Counters { get; }
}

/// <summary>Counters of one node that only grow.</summary>
/// <param name="Processor">Processor time of the node: this process, and its daemon where there is one.</param>
/// <param name="Retransmissions">Messages that were multicast again; null where nobody can say.</param>
/// <param name="MembershipChanges">Configurations, or memberships of the group, that were installed.</param>
internal readonly record struct BusCounters(TimeSpan Processor, long? Retransmissions, long MembershipChanges);

/// <summary>Takes what a bus delivers, in its order. One call at a time.</summary>
internal interface IBusReceiver
{
    /// <summary>A message.</summary>
    void OnMessage(ReadOnlySpan<byte> message);

    /// <summary>A configuration begins; what came before belongs to the one before.</summary>
    /// <param name="id">The same at every node that is in it.</param>
    void OnConfiguration(string id);
}
