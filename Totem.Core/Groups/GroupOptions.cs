namespace Totem.Core.Groups;

/// <summary>What the group layer of a processor may be told.</summary>
public sealed record GroupOptions
{
    /// <summary>The vote of this processor in the quorum of real corosync daemons on the ring; null: it has none, as without
    /// <c>quorum.provider: corosync_votequorum</c>.</summary>
    public int? Votes { get; init; }

    /// <summary>The sum of the votes of the configured nodes, for the same daemons.</summary>
    public int ExpectedVotes { get; init; }

    /// <summary>The longest message that comes in parts. Default 64 MiB. Longer ones are dropped and counted.</summary>
    public int WholeBytesMax { get; init; } = 64 << 20;

    /// <summary>How many bytes of messages that come in parts may wait for their end. Default 256 MiB.</summary>
    public long WaitingPartsBytesMax { get; init; } = 256L << 20;

    /// <summary>Pretend that somebody on the ring is not ours: corosync's encoding and synchronisation.</summary>
    internal bool IsForeign { get; init; }
}
