using System.Collections.Immutable;
using System.Globalization;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>A znode in memory.</summary>
internal sealed record MemoryZnode(byte[] Data, long Owner, long Modified)
{
    public int Version { get; init; }

    /// <summary>How many children were ever created.</summary>
    public uint CreatedCount { get; init; }

    public ImmutableSortedSet<string> Children { get; init; } =
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    public ZooKeeperStat Stat => new()
    {
        Version = Version,
        EphemeralOwner = Owner,
        ModifyTransaction = Modified,
        DataLength = Data.Length,
        ChildrenCount = Children.Count,
        ChildrenVersion = (int)(2 * CreatedCount) - Children.Count,
    };
}

/// <summary>All znodes at one moment. Immutable, so a server that lags is one that holds an older tree.</summary>
internal sealed record MemoryTree(ImmutableDictionary<string, MemoryZnode> Znodes)
{
    private const int AnyVersion = -1;

    public static MemoryTree Empty { get; } = new(
        ImmutableDictionary.Create<string, MemoryZnode>(StringComparer.Ordinal).Add("/", new MemoryZnode([], 0, 0)));

    public MemoryZnode? Find(string path) => Znodes.GetValueOrDefault(path);

    public IReadOnlyList<string> Children(string path) => [.. Find(path)?.Children ?? []];

    /// <summary>All of a session's znodes that live as long as it.</summary>
    public IEnumerable<string> OwnedBy(long session) =>
        Znodes.Where(x => x.Value.Owner == session).Select(x => x.Key).Order(StringComparer.Ordinal);

    /// <summary>Does all parts of a transaction, or none.</summary>
    public (MemoryTree Tree, ZooKeeperCode Code, ZooKeeperResults Results,
        List<(ZooKeeperEvent, string)> Changes) Apply(
        IReadOnlyList<ZooKeeperWrite> writes, long session, long transaction)
    {
        var (tree, created, changes) = (this, new List<string>(), new List<(ZooKeeperEvent, string)>());
        for (var i = 0; i < writes.Count; i++)
        {
            var code = tree.Apply(writes[i], session, transaction, out var next, out var path, out var change);
            if (code != ZooKeeperCode.Ok)
                return (this, code, new ZooKeeperResults([], i), []);
            tree = next;
            created.Add(path);
            changes.Add((change, path));
        }

        return (tree, ZooKeeperCode.Ok, new ZooKeeperResults(created, -1), changes);
    }

    private ZooKeeperCode Apply(
        in ZooKeeperWrite write, long session, long transaction, out MemoryTree next, out string path,
        out ZooKeeperEvent change)
    {
        (next, path, change) = (this, write.Path, ZooKeeperEvent.Changed);
        if (write.Kind == ZooKeeperWriteKind.Create)
        {
            change = ZooKeeperEvent.Created;
            return Create(write, session, transaction, out next, out path);
        }

        if (Find(path) is not { } znode)
            return ZooKeeperCode.NoNode;
        if (write.Version != AnyVersion && write.Version != znode.Version)
            return ZooKeeperCode.BadVersion;
        if (write.Kind == ZooKeeperWriteKind.Set)
        {
            next = With(path, znode with
            {
                Data = write.Data.ToArray(), Version = znode.Version + 1, Modified = transaction,
            });
            return ZooKeeperCode.Ok;
        }

        Assert.Empty(znode.Children);
        change = ZooKeeperEvent.Deleted;
        var (parent, name) = Split(path);
        var above = Find(parent)!;
        next = new MemoryTree(Znodes.Remove(path)
            .SetItem(parent, above with { Children = above.Children.Remove(name) }));
        return ZooKeeperCode.Ok;
    }

    private ZooKeeperCode Create(
        in ZooKeeperWrite write, long session, long transaction, out MemoryTree next, out string path)
    {
        (next, path) = (this, write.Path);
        var (parent, _) = Split(path);
        if (Find(parent) is not { } above)
            return ZooKeeperCode.NoNode;
        if (write.Mode == ZooKeeperMode.PersistentSequential)
            path += above.CreatedCount.ToString("D10", CultureInfo.InvariantCulture);
        if (Find(path) is not null)
            return ZooKeeperCode.NodeExists;
        var owner = write.Mode == ZooKeeperMode.Ephemeral ? session : 0;
        next = With(path, new MemoryZnode(write.Data.ToArray(), owner, transaction)).With(parent, above with
        {
            CreatedCount = above.CreatedCount + 1, Children = above.Children.Add(Split(path).Name),
        });
        return ZooKeeperCode.Ok;
    }

    private MemoryTree With(string path, MemoryZnode znode) => new(Znodes.SetItem(path, znode));

    private static (string Parent, string Name) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return (slash == 0 ? "/" : path[..slash], path[(slash + 1)..]);
    }
}
