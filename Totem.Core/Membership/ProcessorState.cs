using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>What a processor is doing; each state holds only what exists in it.</summary>
internal abstract class ProcessorState
{
    public abstract RingPhase Phase { get; }
}

internal sealed class IdleState : ProcessorState
{
    public override RingPhase Phase => RingPhase.Idle;
}

internal sealed class LeftState : ProcessorState
{
    public override RingPhase Phase => RingPhase.Left;
}

/// <summary>The commit token is on its first way round.</summary>
internal sealed class CommitState(CommitToken token, CommitEntry own, GatherState gather) : ProcessorState
{
    public override RingPhase Phase => RingPhase.Commit;

    public RingId Ring { get; } = token.Ring;

    public ProcessorSet Members { get; } = token.Members;

    /// <summary>What we wrote into the token; the second pass must bring it back.</summary>
    public CommitEntry Own { get; } = own;

    /// <summary>What was agreed on; it is where we start from if this comes to nothing.</summary>
    public GatherState Gather { get; } = gather;
}

/// <summary>Messages are ordered.</summary>
internal sealed class OperationalState(TokenRing ring) : ProcessorState
{
    public override RingPhase Phase => RingPhase.Operational;

    public TokenRing Ring { get; } = ring;
}
