using Totem.Core.Diagnostics;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>
/// The outcome of a rule of the membership protocol, as a value: the processor enters it, and is the only one that
/// changes the state. Null stands for "everything stays as it is".
/// </summary>
internal abstract record Transition
{
    /// <summary>The frame changes nothing, for this reason.</summary>
    public sealed record Ignored(DiscardReason Reason, ProcessorId Peer) : Transition;

    /// <summary>A membership is to be agreed on.</summary>
    /// <param name="State">The gather, new or one that a ring fell back to.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Peer">Because of whom; nobody when of nobody.</param>
    /// <param name="Join">The join that led here, to be applied once all have been asked; null when there is
    /// none.</param>
    public sealed record ToGather(GatherState State, GatherReason Reason, ProcessorId Peer, JoinMessage? Join = null)
        : Transition;

    /// <summary>All agree, and the commit token is here on its first way round.</summary>
    /// <param name="Gather">The gather that has come to an agreement.</param>
    /// <param name="Token">The token as it came, or as the representative makes it: our entry is not filled in.</param>
    public sealed record ToCommit(GatherState Gather, CommitToken Token) : Transition;

    /// <summary>The commit token is here for the second time, with the entries of all.</summary>
    public sealed record ToRecovery(CommitState Commit, CommitToken Token) : Transition;
}
