using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Tests.Core.Membership;

/// <summary>The decisions of the membership protocol, as values: no processor is needed to see it.</summary>
public sealed class TransitionTests
{
    private static readonly ProcessorId Self = new(2);
    private static readonly ProcessorId Member = new(3);
    private static readonly ProcessorId Stranger = new(9);
    private static readonly ProcessorSet Members = ProcessorSet.Of(new(1), Self, Member);
    private static readonly RingId Ring = new(new ProcessorId(1), 40);

    [Fact]
    public void A_member_that_has_the_ring_behind_it_tears_the_commit()
    {
        var commit = Commit();
        var join = Join(Member, Members, sequence: 40);
        Assert.Equal(
            new Transition.ToGather(commit.Gather, GatherReason.JoinReceived, Member, join),
            MembershipProtocol.TakeJoin(commit, join, default));
    }

    [Fact]
    public void A_member_that_knows_of_somebody_more_tears_it_too()
    {
        var commit = Commit();
        var join = Join(Member, Members.With(Stranger), sequence: 36);
        Assert.IsType<Transition.ToGather>(MembershipProtocol.TakeJoin(commit, join, default));
    }

    [Theory]
    [InlineData(3, 36)] // It was sent before the commit reached its sender.
    [InlineData(9, 40)] // Strangers are heard once the ring stands.
    public void Other_joins_change_nothing_while_a_ring_is_formed(uint sender, ulong sequence)
    {
        var join = Join(new ProcessorId(sender), Members, sequence);
        var ignored = new Transition.Ignored(DiscardReason.NotInThisState, join.System);
        Assert.Equal(ignored, MembershipProtocol.TakeJoin(Commit(), join, default));
        Assert.Equal(ignored, MembershipProtocol.TakeJoin(Commit(), join));
    }

    private static CommitState Commit()
    {
        var gather = new GatherState(Self, Members, ProcessorSet.Empty, new Instant(0));
        var token = CommitRules.Create(Ring, Members);
        return new CommitState(token, default, gather);
    }

    private static JoinMessage Join(ProcessorId from, ProcessorSet proposed, ulong sequence) => new(
        new FrameHeader(FrameKind.Join, Encapsulation.None, from), from, sequence, proposed, ProcessorSet.Empty);
}
