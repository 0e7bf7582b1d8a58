using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>What is known of a session before it begins. Immutable.</summary>
/// <param name="Paths">Where everything lies.</param>
/// <param name="Self">The session with the servers.</param>
/// <param name="Node">The node string of the sheep.</param>
internal sealed record SessionSetup(ZooKeeperPaths Paths, PeerId Self, string Node)
{
    public ZooKeeperLimits Limits { get; init; } = new();
}
