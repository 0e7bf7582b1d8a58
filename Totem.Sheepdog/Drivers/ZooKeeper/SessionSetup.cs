using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>All that is known of a session before it begins. Immutable.</summary>
/// <param name="Paths">Where everything lies.</param>
/// <param name="Self">The session with the servers.</param>
/// <param name="Node">The node string of the sheep.</param>
internal sealed record SessionSetup(ZooKeeperPaths Paths, PeerId Self, string Node)
{
    public ZooKeeperLimits Limits { get; init; } = new();

    /// <summary>The content of the member znode: the session's number and, where it is published, its
    /// password.</summary>
    public byte[] Credentials { get; init; } = [];

    /// <summary>Earlier sessions of the same driver. A member znode that is none of theirs belongs to another
    /// process.</summary>
    public IReadOnlySet<long> EarlierSessions { get; init; } = new HashSet<long>();

    /// <summary>One of those was in the log. Only a driver that was never there takes the place of another process:
    /// that one ended before, or is being replaced; otherwise this one is.</summary>
    public bool HasArrivedBefore { get; init; }
}
