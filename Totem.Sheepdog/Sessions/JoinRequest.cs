using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The node and buffer that a sheep wants to join with.</summary>
/// <param name="Node">Its description.</param>
/// <param name="Opaque">Its buffer.</param>
internal sealed record JoinRequest(SheepNode Node, Opaque Opaque)
{
    /// <summary>The message that asks for it.</summary>
    /// <param name="attempt">Which of the session's requests it is.</param>
    public ClusterMessage Message(uint attempt) =>
        new(ClusterMessageKind.Join) { Attempt = attempt, Node = Node, Opaque = Opaque };
}
