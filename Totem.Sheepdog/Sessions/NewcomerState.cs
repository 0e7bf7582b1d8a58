using System.Globalization;

namespace Totem.Sheepdog.Sessions;

/// <summary>A session that is not accepted yet: it knows nothing of the cluster's state.</summary>
/// <param name="common">The fields that the session has in every state.</param>
/// <param name="held">The messages that wait for the accept.</param>
/// <param name="hasSettled">Whether the driver has waited long enough for others to be found.</param>
internal abstract class NewcomerState(SessionCommon common, HeldMessages held, bool hasSettled) : SessionState(common)
{
    public sealed override SessionPhase Phase => SessionPhase.Joining;

    protected HeldMessages Held { get; } = held;

    protected bool HasSettled { get; private set; } = hasSettled;

    public sealed override bool TrySend(byte[] message) => Held.TryAdd(message);

    public virtual void HandleSettled()
    {
        HasSettled = true;
        var (count, quorum) = (Common.Peers.Count, Common.Options.Quorum);
        if (count < quorum)
        {
            Common.Output.Note(ClusterLogLevel.Warning, string.Create(
                CultureInfo.InvariantCulture,
                $"{count} sheep are here and {quorum} begin a cluster (quorum): this one waits for the others"));
        }
    }
}
