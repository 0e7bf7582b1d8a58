using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Checkers;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Simulation.Scenarios;
using Totem.Tests.Core;

namespace Totem.Tests.Paper;

/// <summary>Sentences of docs/design/protocol.md on membership and recovery, each on a whole ring.</summary>
public sealed class MembershipTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "is on stable storage before a frame that carries it leaves (PendingStore).",
        After = "TOCS95, the membership protocol")]
    public void A_ring_sequence_is_stored_before_any_frame_that_carries_it_leaves()
    {
        var ring = new InMemoryRing(2);
        ring[2].IsStoring = false;
        var sent = 0;
        ring.Passes = (from, _, _) => from != new ProcessorId(2) || ++sent > 0;
        ring.StartAll().RunUntil(() => ring[2].Engine.PendingStore is not null, Limit, "committed");
        sent = 0;
        var pending = ring[2].Engine.PendingStore!.Value;
        ring.RunFor(TimeSpan.FromMilliseconds(20));
        Assert.Equal(0, sent);
        Assert.False(ring[2].Engine.TryTransmit(new byte[WireFormat.MaxFrameBytes], out _));
        ring[2].Engine.HandleStored(pending - 1);
        Assert.False(ring[2].Engine.TryTransmit(new byte[WireFormat.MaxFrameBytes], out _));

        ring[2].IsStoring = true;
        ring[2].Store();
        Assert.True(ring[2].Engine.TryTransmit(new byte[WireFormat.MaxFrameBytes], out _));
        ring.RunUntilOneRing();
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "Messages submitted while the ring reforms wait.",
        After = "TOCS95, the membership protocol")]
    public void Messages_submitted_while_the_ring_reforms_are_sent_once_in_the_next_configuration()
    {
        var cluster = RingCluster.Operational(3);
        cluster.Partition([1, 2], [3]).RunUntil(
            () => cluster[1].Engine.Phase == RingPhase.Gather ? null : "gather", Limit, "gathering");
        cluster[1].Submit("meanwhile").RunUntilQuiet(Limit);
        cluster.Heal().RunUntilQuiet(Limit);
        Assert.Equal(["meanwhile"], cluster[1].Delivered);
        Assert.Equal(["meanwhile"], cluster[2].Delivered);
        Assert.Empty(cluster[3].Delivered);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "A message of which only some fragments were multicast starts again on the new ring")]
    public void A_message_cut_by_a_ring_change_is_delivered_whole_and_once()
    {
        var cluster = RingCluster.Operational(3);
        var message = new byte[400_000];
        new Random(1).NextBytes(message);
        cluster[1].Submit(message).Run(TimeSpan.FromMilliseconds(8));
        Assert.Equal(1, cluster[1].Engine.SendQueueCount);
        cluster.Crash(3).RunUntilQuiet(Limit);
        cluster.Restart(3).RunUntilQuiet(Limit);
        Assert.Single(cluster[1].Delivered);
        Assert.Equal(cluster[1].Delivered, cluster[2].Delivered);
        Assert.Empty(cluster[3].Delivered);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    [Shows("docs/design/protocol.md", "It keeps its messages back for 2.5 join intervals.")]
    public void Alone_beside_others_who_form_a_ring_a_processor_multicasts_between_two_of_their_joins()
    {
        // Members who miss a join agree with the next, a whole number of join intervals later, and
        // must not be disturbed then.
        var cluster = RingCluster.Operational(3);
        var joinInterval = ClusterSetup.FastOptions.JoinInterval;
        cluster.Intercept(x => x.From == new ProcessorId(3) ? FrameVerdict.Drop : FrameVerdict.Pass);
        cluster.RunUntil(
            () => cluster[3].Count(RingEventKind.EnteredOperational) > 1 ? null : "alone", Limit, "3 is alone");
        Assert.Equal(ProcessorSet.Of(new ProcessorId(3)), cluster[3].Engine.Installed!.Members);

        // The harness looks four times in an interval, so we are up to a quarter of one late.
        cluster[3].Submit("beside others").Run(joinInterval * 2.2);
        Assert.Empty(cluster[3].Delivered);
        cluster.Run(joinInterval * 0.4);
        Assert.Equal(["beside others"], cluster[3].Delivered);
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "A processor that hears nobody waits AloneTimeout before it forms a ring of one.")]
    public void Alone_and_out_of_everybodys_hearing_a_processor_multicasts_at_once()
    {
        var cluster = RingCluster.Operational(3).Partition([1, 2], [3]);
        cluster.RunUntil(
            () => cluster[3].Count(RingEventKind.EnteredOperational) > 1 ? null : "alone", Limit, "3 is alone");

        cluster[3].Submit("to nobody").Run(ClusterSetup.FastOptions.JoinInterval * 0.2);
        Assert.Equal(["to nobody"], cluster[3].Delivered);
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "the old self's ring id never appears in the new one's entry, so it is not transitional anywhere.",
        After = "TOCS95, recovery")]
    public void Messages_from_before_a_restart_do_not_come_up_in_the_new_life()
    {
        var cluster = RingCluster.Operational(3);
        cluster.Intercept(x => x.Kind == FrameKind.RegularMessage
            && x.From == new ProcessorId(3) ? FrameVerdict.Hold : FrameVerdict.Pass);
        cluster[3].Submit("old").Run(TimeSpan.FromMilliseconds(5));
        cluster.Crash(3).Restart(3);
        cluster.Intercept(null).RunUntilOperational(Limit);
        cluster.ReleaseHeld();
        cluster[3].Submit("new").RunUntilQuiet(Limit);
        Assert.Equal(["new"], cluster[1].Delivered);
        Assert.Equal(["new"], cluster[2].Delivered);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    [Shows("docs/design/deviations.md", "peers need not wait for two timeouts")]
    public void A_farewell_removes_a_member_without_waiting_for_a_timeout()
    {
        var cluster = RingCluster.Operational(3);
        var before = cluster.Now;
        cluster.Leave(3).RunUntilOperational(Limit);
        Assert.True(cluster.Now - before < ClusterSetup.FastOptions.TokenTimeout, $"it took {cluster.Now - before}");
        Assert.Equal(GatherReason.MemberLeft, Last(cluster, 1).Cause.Reason);
        Assert.Equal("node 3 left", Last(cluster, 1).Cause.ToString());
    }

    [Fact]
    [Shows("docs/design/deviations.md", "The host's word that nobody listens at a member's port counts as its failure")]
    public void A_closed_port_removes_a_member_without_waiting_for_a_timeout()
    {
        var cluster = RingCluster.Operational(3, with: x => x with { UnreachableRate = 1 });
        var before = cluster.Now;
        cluster.Crash(3);
        cluster[1].Submit("wake").RunUntilOperational(Limit);
        Assert.True(cluster.Now - before < ClusterSetup.FastOptions.TokenTimeout, $"it took {cluster.Now - before}");
        Assert.Contains(
            new[] { 1, 2 }, x => Last(cluster, x).Cause.ToString() == "nobody listens at node 3 any more");
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "The others name the hop at which the token was lost, which leads to the process that stood still.")]
    public void A_lost_token_names_the_gap_in_which_it_was_lost()
    {
        var cluster = RingCluster.Operational(3);
        cluster.Crash(3).RunUntilOperational(Limit);
        Assert.Matches(@"^token lost between 2 and 3 after 0\.1\d s; node 3 left$", Last(cluster, 1).Cause.ToString());
        cluster.Restart(3).RunUntilOperational(Limit);
        Assert.EndsWith("; node 3 joined", Last(cluster, 1).Cause.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Shows(
        "docs/spec/evs.md",
        "Between two regular configurations p installs exactly one transitional one, whose members are members "
            + "of both.",
        After = "EVS94, configurations")]
    public void A_change_is_told_twice_to_who_comes_along_and_says_who_left_and_who_joined()
    {
        var cluster = RingCluster.Operational(3);
        cluster.Crash(3).RunUntilOperational(Limit);
        var changes = cluster[1].Installed.TakeLast(2).ToList();
        Assert.Equal(
            [ConfigurationKind.Transitional, ConfigurationKind.Regular], changes.Select(x => x.Configuration.Kind));
        Assert.Equal(ProcessorSet.Of(new ProcessorId(3)), changes[0].Left);
        Assert.Equal(ProcessorSet.Of(new(1), new(2)), changes[0].Configuration.Members);
        Assert.True(changes[1].Left.IsEmpty && changes[1].Joined.IsEmpty);
        Assert.Equal(changes[0].Configuration.Ring, changes[1].Configuration.Ring);
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "A member that holds the aru at one number for FailToReceiveTimeout is given up by the others.",
        After = "TOCS95, the membership protocol")]
    public void A_member_that_cannot_receive_is_given_up_by_time_and_by_the_others()
    {
        var cluster = RingCluster.Operational(3);
        var before = cluster.Now;
        cluster.Intercept(x => x.Kind == FrameKind.RegularMessage
            && x.To == new ProcessorId(3) ? FrameVerdict.Drop : FrameVerdict.Pass);
        cluster[1].Submit("deaf").RunUntil(
            () => cluster[1].Engine.Installed!.Members.Count == 2 ? null : "3 is still in", Limit, "without 3");
        Assert.True(cluster.Now - before >= ClusterSetup.FastOptions.FailToReceiveTimeout, "after "
            + $"{cluster.Now - before} already");
        Assert.True(cluster.Now - before < 2 * ClusterSetup.FastOptions.FailToReceiveTimeout, "only after "
            + $"{cluster.Now - before}");
        Assert.Contains(
            new[] { 1, 2 }, x => cluster[x].Installed.Any(y => y.Cause.Reason == GatherReason.MemberFailedToReceive));
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "configuration changes that the application has not taken | 64, then the processor leaves")]
    public void An_application_that_takes_no_change_for_64_of_them_ends_its_processor()
    {
        var ring = InMemoryRing.Operational(2);
        ring[1].IsTaking = false;
        for (var i = 0; i < 40 && ring[1].Engine.Phase != RingPhase.Left; i++)
        {
            ring.Restart(2);
            ring.RunUntil(() => ring[1].Engine.Phase == RingPhase.Left || ring.IsOneRing(), Limit, "changed");
        }

        Assert.Equal(RingPhase.Left, ring[1].Engine.Phase);
        Assert.Equal(1, ring[1].Events[RingEventKind.ApplicationTooSlow]);
        Assert.Null(ring[1].Engine.NextDeadline);
    }

    private static ConfigurationChange Last(RingCluster cluster, int id) => cluster[id].Installed[^1];
}
