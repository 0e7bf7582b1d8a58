using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>Where a session stands; each state holds only what exists in it.</summary>
/// <param name="common">The fields that the session has in every state.</param>
internal abstract class SessionState(SessionCommon common)
{
    public abstract SessionPhase Phase { get; }

    /// <summary>The state that all who are informed know alike; null in a state that knows nothing of the
    /// cluster.</summary>
    public virtual ClusterState? Known => null;

    protected SessionCommon Common { get; } = common;

    /// <summary>Sheep wants a message to be sent.</summary>
    /// <returns>False when it is refused.</returns>
    public abstract bool TrySend(byte[] message);
}
