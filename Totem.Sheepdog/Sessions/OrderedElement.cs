using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>One element of the total order: a message, or a change of who is there.</summary>
internal abstract record OrderedElement : SessionInput
{
    /// <summary>The bytes that it costs to keep.</summary>
    public abstract long Cost { get; }

    /// <summary>The state after this element.</summary>
    /// <param name="state">The state before it.</param>
    /// <param name="effects">Takes what the element means for sheep.</param>
    public abstract ClusterState Apply(ClusterState state, List<Effect> effects);
}

/// <summary>A message to the group.</summary>
/// <param name="Sender">The session that sent it; the backend vouches for that.</param>
/// <param name="Message">Its message.</param>
internal sealed record OrderedMessage(PeerId Sender, ClusterMessage Message) : OrderedElement
{
    public override long Cost => 128 + Message.Payload.Length + Message.Opaque.Used.Length;

    public override ClusterState Apply(ClusterState state, List<Effect> effects) =>
        state.Step(Sender, Message, effects);
}
