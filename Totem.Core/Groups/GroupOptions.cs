using Totem.Core.Groups;

namespace Totem;

/// <summary>The options of a processor's group layer.</summary>
public sealed record GroupOptions
{
    /// <summary>The vote of this processor in the quorum of real corosync daemons on the ring; null: it has none, as
    /// without <c>quorum.provider: corosync_votequorum</c>.</summary>
    public int? Votes { get; init; }

    /// <summary>The sum of the votes of the configured nodes, for the same daemons.</summary>
    public int ExpectedVotes { get; init; }

    /// <summary>The longest message that comes in parts. Default 64 MiB. Longer ones are dropped and counted.</summary>
    public int MaxWholeBytes { get; init; } = 64 << 20;

    /// <summary>How many bytes of messages that come in parts may wait for their end, from each node. Default 256 MiB.
    /// A message that goes over it is dropped and counted; nodes of ours send one at a time. Every member should have
    /// the same values.</summary>
    public long MaxWaitingPartsBytes { get; init; } = 256L << 20;

    /// <summary>Every problem of these options at once; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (Votes is < 0)
            problems.Add($"{nameof(Votes)} is {Votes}, expected 0 or more");
        if (ExpectedVotes < 0)
            problems.Add($"{nameof(ExpectedVotes)} is {ExpectedVotes}, expected 0 or more");
        if (MaxWholeBytes < GroupLayer.MaxMessageBytes)
            problems.Add($"{nameof(MaxWholeBytes)} is {MaxWholeBytes}, expected {GroupLayer.MaxMessageBytes} or more");
        if (MaxWaitingPartsBytes < MaxWholeBytes)
            problems.Add($"{nameof(MaxWaitingPartsBytes)} is {MaxWaitingPartsBytes}, expected at least "
                + $"{nameof(MaxWholeBytes)} ({MaxWholeBytes})");
        return problems;
    }

    /// <summary>Pretend that somebody on the ring is not ours: corosync's encoding and synchronisation.</summary>
    internal bool IsForeign { get; init; }
}
