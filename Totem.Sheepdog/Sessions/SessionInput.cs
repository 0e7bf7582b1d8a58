using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>
/// One thing that comes to a session. <see cref="ClusterSession"/> decides every pair of a state and an input in one
/// switch. The elements of the total order are the other inputs: <see cref="OrderedElement"/>.
/// </summary>
internal abstract record SessionInput
{
    /// <summary>Sheep asks to become a member.</summary>
    public sealed record JoinAsked : SessionInput;

    /// <summary>The backend names those who come along to the next change, and hands out to them only what was sent
    /// before.</summary>
    public sealed record Transitional(IReadOnlyCollection<PeerId> Survivors) : SessionInput;

    /// <summary>The process at one more seat is known to be dead, not cut off. In no order with the rest.</summary>
    public sealed record SeatDied : SessionInput;

    /// <summary>The driver has waited long enough for others to be found.</summary>
    public sealed record Settled : SessionInput;

    /// <summary>The driver has read its clock.</summary>
    public sealed record ClockRead(long Milliseconds) : SessionInput;

    /// <summary>The driver has lost its backend.</summary>
    public sealed record BackendLost(string Reason, bool CanReconnect) : SessionInput;

    /// <summary>Another process is this node now.</summary>
    public sealed record NodeReplaced : SessionInput;
}
