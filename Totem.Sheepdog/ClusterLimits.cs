namespace Totem.Sheepdog;

/// <summary>The bounds of everything that a peer could make grow.</summary>
public static class ClusterLimits
{
    /// <summary>The longest message (sheep's SD_MAX_EVENT_BUF_SIZE).</summary>
    public const int MaxMessageBytes = 131_072;

    /// <summary>The longest opaque buffer of a join; sheep's has 491,568 bytes.</summary>
    public const int MaxOpaqueBytes = 4 << 20;

    /// <summary>The most nodes (sheep's SD_MAX_NODES).</summary>
    public const int MaxNodes = 6144;

    /// <summary>The most entries in the queue of turns.</summary>
    public const int MaxBlocks = 1 << 20;

    /// <summary>The most locks that are held or waited for.</summary>
    public const int MaxLocks = 1 << 20;

    /// <summary>Bytes of events that wait for <see cref="IClusterDriver.Dispatch"/>. A node that lags further behind is
    /// no longer served: it loses its session and comes back by a fresh join.</summary>
    public const long MaxWaitingBytes = 256L << 20;

    /// <summary>Bytes of operations that wait to be sent.</summary>
    public const long MaxSendingBytes = 64L << 20;

    /// <summary>Elements of the order that a joiner keeps while it waits for its accept; beyond
    /// them it asks anew.</summary>
    public const int MaxRecorded = 100_000;
}
