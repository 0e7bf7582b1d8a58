namespace Totem.Sheepdog.Ordering;

/// <summary>One element of the total order: a message, or a change of the group.</summary>
internal readonly record struct OrderedElement(PeerId Sender, ClusterMessage? Message, PeerChange? Change)
{
    /// <summary>What it costs to keep.</summary>
    public long Cost => 128 + (Message is null ? 16L * (Change!.Peers.Count + Change.Left.Count) : Message.Payload.Length + Message.Opaque.Used.Length);
}
