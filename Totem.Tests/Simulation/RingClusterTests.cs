using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Checkers;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Simulation.Scenarios;
using Xunit;

namespace Totem.Tests.Simulation;

/// <summary>The harness does what its words say: were it deaf, every other test would pass.</summary>
public sealed class RingClusterTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    [Fact]
    public void A_partition_makes_two_rings_and_healing_makes_one()
    {
        var cluster = RingCluster.Operational(processors: 3, seed: 7);
        cluster.Partition([1], [2, 3]).RunUntilOperational(Limit);
        Assert.Single(cluster[1].Engine.Installed!.Members);
        Assert.Equal(2, cluster[2].Engine.Installed!.Members.Count);

        cluster[2].Submit("b1", Guarantee.Safe);
        cluster.RunUntilQuiet(Limit);
        Assert.Equal(["b1"], cluster[3].Delivered);
        Assert.Empty(cluster[1].Delivered);

        cluster.Heal().RunUntilOperational(Limit);
        Assert.Equal(3, cluster[1].Engine.Installed!.Members.Count);
        Assert.Empty(cluster[1].Delivered);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    public void A_crash_loses_everything_but_the_stored_ring_sequence()
    {
        var cluster = RingCluster.Operational(processors: 2, seed: 3);
        var stored = cluster[2].StoredRingSequence;
        Assert.Equal(cluster[2].Engine.Installed!.Ring.Sequence, stored);

        cluster.Crash(2).RunUntilOperational(Limit);
        Assert.False(cluster[2].IsUp);
        Assert.Equal(stored, cluster[2].StoredRingSequence);

        cluster.Restart(2).RunUntilOperational(Limit);
        Assert.True(cluster[2].StoredRingSequence > stored);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    public void A_write_that_a_crash_overtakes_is_lost()
    {
        var cluster = RingCluster.Create(1, with: x => x with { StoreLatency = TimeSpan.FromMilliseconds(2) });
        cluster.Do("crash-at node=1 event=EnteredCommit point=AtOnce").StartAll().Run(TimeSpan.FromMilliseconds(200));
        Assert.False(cluster[1].IsUp);
        Assert.Equal(0ul, cluster[1].StoredRingSequence);

        cluster.Do("crash-at node=1 event=EnteredCommit point=Stored").StartAll().Run(TimeSpan.FromMilliseconds(200));
        Assert.False(cluster[1].IsUp);
        Assert.NotEqual(0ul, cluster[1].StoredRingSequence);
    }

    [Fact]
    public void A_paused_processor_does_nothing_and_catches_up()
    {
        var cluster = RingCluster.Operational(processors: 3, seed: 4);
        cluster.Pause(3);
        var visits = cluster[3].Count(RingEventKind.TokenVisit);
        cluster[1].Submit("while 3 sleeps").Run(TimeSpan.FromMilliseconds(40));
        Assert.Equal(visits, cluster[3].Count(RingEventKind.TokenVisit));

        cluster.Resume(3).RunUntilQuiet(Limit);
        Assert.Equal(["while 3 sleeps"], cluster[3].Delivered);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    public void A_lost_message_is_asked_for_and_sent_again()
    {
        var cluster = RingCluster.Operational(processors: 3, seed: 5);
        var dropped = 0;
        cluster.Intercept(frame =>
        {
            if (frame.Kind != FrameKind.RegularMessage || frame.To != new ProcessorId(2) || dropped > 0)
                return FrameVerdict.Pass;
            dropped++;
            return FrameVerdict.Drop;
        });
        cluster[1].Submit("once more").RunUntilQuiet(Limit);

        Assert.Equal(1, dropped);
        Assert.Equal(["once more"], cluster[2].Delivered);
        Assert.Equal(1, cluster.Count(RingEventKind.MessageRetransmitted));
        Assert.Equal(1, cluster[2].Count(RingEventKind.RetransmitRequested));
    }

    [Fact]
    public void A_datagram_that_is_held_arrives_when_it_is_released()
    {
        var cluster = RingCluster.Operational(processors: 2, seed: 6);
        cluster.Intercept(frame => frame.Kind == FrameKind.RegularMessage ? FrameVerdict.Hold : FrameVerdict.Pass);
        cluster[1].Submit("late").Run(TimeSpan.FromMilliseconds(10));
        Assert.Empty(cluster[2].Delivered);

        cluster.Intercept(null).ReleaseHeld().RunUntilQuiet(Limit);
        Assert.Equal(["late"], cluster[2].Delivered);
    }

    [Fact]
    public void A_condition_that_never_comes_says_what_is_missing()
    {
        var cluster = RingCluster.Operational(processors: 2, seed: 8).Crash(2);
        var error = Assert.Throws<SimulationLimitException>(
            () => cluster.RunUntilOperational(TimeSpan.FromMilliseconds(10)));
        Assert.StartsWith("not operational within 0.01 s: 1 is on regular", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_false_report_that_nobody_listens_costs_a_member_only_for_a_while()
    {
        var cluster = RingCluster.Operational(processors: 3, seed: 9);
        cluster.Do("unreachable node=1 peer=3").Run(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, cluster[1].Count(RingEventKind.MemberSuspected));
        Assert.NotEqual(RingPhase.Operational, cluster[1].Engine.Phase);
        cluster.RunUntilOperational(Limit);
        Assert.Equal(3, cluster[3].Engine.Installed!.Members.Count);
    }

    [Theory]
    [InlineData("OutsiderJoin", "UnknownProcessor")]
    [InlineData("OutsiderMergeDetect", "UnknownProcessor")]
    [InlineData("OutsiderMessage", "UnknownProcessor")]
    [InlineData("AbsurdTokenSeq", "AbsurdToken")]
    [InlineData("AbsurdTokenAru", "AbsurdToken")]
    [InlineData("AbsurdMessageSeq", "OutsideWindow")]
    [InlineData("AbsurdRingSequence", "AbsurdRingSequence")]
    [InlineData("ForeignToken", "UnknownProcessor")]
    [InlineData("ForeignCommitToken", "UnknownProcessor")]
    [InlineData("ForeignHoldCancel", "UnknownProcessor")]
    public void A_frame_that_nobody_can_have_sent_is_counted_and_changes_nothing(string forgery, string reason)
    {
        var cluster = RingCluster.Operational(
            processors: 3, seed: 10, with: x =>
                x with { Options = x.Options with { Allowed = ProcessorSet.Of([.. x.Processors]) } });
        var before = cluster.Simulation.Coverage[Enum.Parse<DiscardReason>(reason)];
        cluster.Do($"inject node=2 what={forgery} count=6").Run(TimeSpan.FromMilliseconds(400));

        Assert.True(cluster.Simulation.Coverage[Enum.Parse<DiscardReason>(reason)] > before, "nothing was counted");
        Assert.Equal(3, cluster.Count(RingEventKind.EnteredGather));
        Assert.Equal(3, cluster.Count(RingEventKind.EnteredOperational));
        cluster[2].Submit("still here").RunUntilQuiet(Limit);
        Assert.Equal(["still here"], cluster[3].Delivered);
    }
}
