namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The kinds of parts of a transaction.</summary>
internal enum ZooKeeperWriteKind
{
    Create,
    Delete,
    Set,
}

/// <summary>How a znode is created (<c>ZOO_*</c> flags of the library).</summary>
internal enum ZooKeeperMode
{
    Persistent = 0,
    Ephemeral = 1,
    PersistentSequential = 2,
}

/// <summary>One part of a transaction.</summary>
internal readonly record struct ZooKeeperWrite(
    ZooKeeperWriteKind Kind, string Path, ReadOnlyMemory<byte> Data, ZooKeeperMode Mode, int Version)
{
    private const int AnyVersion = -1;

    public static ZooKeeperWrite Create(
        string path, ReadOnlyMemory<byte> data, ZooKeeperMode mode = ZooKeeperMode.Persistent) =>
        new(ZooKeeperWriteKind.Create, path, data, mode, 0);

    public static ZooKeeperWrite Delete(string path) =>
        new(ZooKeeperWriteKind.Delete, path, default, default, AnyVersion);

    public static ZooKeeperWrite Set(string path, ReadOnlyMemory<byte> data, int version) =>
        new(ZooKeeperWriteKind.Set, path, data, default, version);
}
