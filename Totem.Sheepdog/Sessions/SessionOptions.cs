namespace Totem.Sheepdog.Sessions;

/// <summary>How a session behaves when the cluster is cut in two.</summary>
internal sealed record SessionOptions
{
    /// <summary>Which side goes on. Default the majority.</summary>
    public PartitionRule Rule { get; init; } = PartitionRule.Majority;

    /// <summary>The least sheep that must be there for the first to start a cluster, and for a side of a cut to go on.
    /// Default 1.</summary>
    public int Quorum { get; init; } = 1;

    /// <summary>Whether the first to start a cluster waits for <see cref="ClusterSession.HandleSettled"/>: where a
    /// backend begins with small groups that find each other, the first in each would begin a cluster. Default
    /// false.</summary>
    public bool WaitsUntilSettled { get; init; }

    /// <summary>How long a member may take to answer a join request, in milliseconds: then the next oldest answers it.
    /// Until somebody has, everything behind the request waits. Default 2000.</summary>
    public int PatienceMilliseconds { get; init; } = 2000;
}
