using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The answer to one request. Each is answered once, in the order in which they were made, also when the
/// connection is lost.</summary>
/// <param name="Request">The request.</param>
/// <param name="Code">How it went.</param>
internal sealed record BackendAnswer(BackendRequest Request, ZooKeeperCode Code)
{
    /// <summary>Get: the content.</summary>
    public byte[] Data { get; init; } = [];

    /// <summary>Get, exists: what is known of the znode.</summary>
    public ZooKeeperStat Stat { get; init; }

    /// <summary>Children: their names.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Write: the outcome.</summary>
    public ZooKeeperResults Results { get; init; } = new([], -1);

    /// <summary>It is not known whether it was done; a read can be made again.</summary>
    public bool IsUnanswered =>
        Code is ZooKeeperCode.ConnectionLoss or ZooKeeperCode.OperationTimeout or ZooKeeperCode.Throttled;
}
