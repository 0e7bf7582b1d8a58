using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>The state of a processor; each holds only what exists in it.</summary>
internal abstract class ProcessorState
{
    public abstract RingPhase Phase { get; }

    /// <summary>Asserts what must hold after every input; above all, the deadlines that end this state.</summary>
    public virtual void CheckInvariants(DeadlineTable deadlines) =>
        Invariant.That(deadlines.Earliest is null, "a processor that does nothing waits for nothing");
}

internal sealed class IdleState : ProcessorState
{
    public override RingPhase Phase => RingPhase.Idle;
}

internal sealed class LeftState : ProcessorState
{
    public override RingPhase Phase => RingPhase.Left;
}

/// <summary>A ring is agreed on and not installed yet: the commit token goes round, or messages are
/// recovered.</summary>
internal abstract class FormingState(RingId newRing, ProcessorSet members, GatherState gather) : ProcessorState
{
    /// <summary>The ring to be.</summary>
    public RingId NewRing { get; } = newRing;

    public ProcessorSet Members { get; } = members;

    /// <summary>The agreement that led here; we start from it again if this comes to nothing.</summary>
    public GatherState Gather { get; } = gather;

    public override void CheckInvariants(DeadlineTable deadlines)
    {
        Invariant.That(deadlines.IsSet(Deadline.TokenLoss), "a ring that does not come about is given up");
        Invariant.That(!deadlines.IsSet(Deadline.Consensus), "what was agreed on is agreed on");
    }
}

/// <summary>The commit token is on its first way round.</summary>
internal sealed class CommitState(CommitToken token, CommitEntry own, GatherState gather)
    : FormingState(token.Ring, token.Members, gather)
{
    public override RingPhase Phase => RingPhase.Commit;

    /// <summary>The entry that we wrote into the token; the second pass must bring it back.</summary>
    public CommitEntry Own { get; } = own;
}

/// <summary>Messages are ordered.</summary>
internal sealed class OperationalState(TokenRing ring) : ProcessorState
{
    public override RingPhase Phase => RingPhase.Operational;

    public TokenRing Ring { get; } = ring;

    public override void CheckInvariants(DeadlineTable deadlines)
    {
        Invariant.That(deadlines.IsSet(Deadline.TokenLoss), "a token that does not come is missed");
        Invariant.That(
            deadlines.IsSet(Deadline.MergeDetect) == Ring.IsRepresentative,
            "the representative shows the ring to others");
        Invariant.That(!deadlines.IsSet(Deadline.TokenHold) || Ring.Rest is not null, "a rest that ends has begun");
        Invariant.That(!deadlines.IsSet(Deadline.Join), "a processor on a ring asks nobody for another");
        Ring.CheckInvariants();
    }
}
