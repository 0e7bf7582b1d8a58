using Totem.Core.Membership;

namespace Totem.Tests.Core.Membership;

public sealed class ChangeCauseTests
{
    private static readonly RingOptions Options = new() { Self = new ProcessorId(2) };
    private static readonly ProcessorSet Members = ProcessorSet.Of(new(1), new(2), new(3));
    private static readonly ProcessorSet Third = ProcessorSet.Of(new ProcessorId(3));
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void The_first_reason_is_told_once()
    {
        var cause = Installed();
        cause.Note(GatherReason.MemberUnreachable, Third, TimeSpan.Zero);
        cause.Note(GatherReason.TokenLost, ProcessorSet.Empty, Second);

        Assert.Equal(new NotedCause(GatherReason.MemberUnreachable, Third, TimeSpan.Zero), cause.Take(Third));
        Assert.Equal(GatherReason.JoinReceived, cause.Take(ProcessorSet.Empty).Reason);
    }

    [Fact]
    public void A_token_is_lost_with_the_first_that_left_whose_predecessor_is_still_here()
    {
        var cause = Installed();
        cause.Note(GatherReason.TokenLost, ProcessorSet.Empty, Second);

        Assert.Equal(new NotedCause(GatherReason.TokenLost, Third, Second, Options.Self), cause.Take(Third));
    }

    [Fact]
    public void After_a_pause_of_our_own_nobody_else_is_to_blame_until_the_token_has_gone_round()
    {
        var cause = Installed();
        cause.HandlePause(Second, wasCaught: false);
        cause.NoteToken();
        cause.Note(GatherReason.TokenLost, ProcessorSet.Empty, Second);
        Assert.True(cause.IsOurPause);
        Assert.Equal(ProcessorSet.Of(Options.Self), cause.Take(ProcessorSet.Empty).Suspects);

        cause.HandlePause(Second, wasCaught: false);
        cause.NoteToken();
        cause.NoteToken();
        cause.Note(GatherReason.TokenLost, ProcessorSet.Empty, Second);
        Assert.False(cause.IsOurPause);
    }

    private static ChangeCause Installed()
    {
        var trail = new RingTrail(Options.Self, 0);
        trail.Install(Members);
        return new ChangeCause(Options, trail);
    }
}
