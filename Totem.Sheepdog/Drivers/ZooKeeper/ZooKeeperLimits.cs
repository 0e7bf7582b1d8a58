namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The bounds of the log. Tests lower it.</summary>
internal sealed record ZooKeeperLimits
{
    /// <summary>Entries behind which a session tells how far it has read, and the lowest session
    /// removes what all have read.</summary>
    public uint PublishEntries { get; init; } = 256;

    /// <summary>Bytes of entries behind which it does, too.</summary>
    public long PublishBytes { get; init; } = 1 << 20;

    /// <summary>A session that is more entries behind is taken out, since the log is kept for it.</summary>
    public uint BehindEntriesMax { get; init; } = 100_000;

    /// <summary>The same in bytes.</summary>
    public long BehindBytesMax { get; init; } = 256L << 20;

    /// <summary>A state of this size goes with the accept to everybody; a longer one is read by the
    /// joiner alone.</summary>
    public int InlineBytesMax { get; init; } = 1024;

    /// <summary>How much of it one znode takes; servers refuse a MiB.</summary>
    public int ChunkBytesMax { get; init; } = 768 << 10;

    /// <summary>How often a session looks after these things where nothing happens.</summary>
    public TimeSpan Housekeeping { get; init; } = TimeSpan.FromSeconds(5);
}
