using Totem.Core.Diagnostics;
using Totem.Core.Wire;
using Totem.Simulation.Checkers;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Simulation.Scenarios;

namespace Totem.Tests.Paper;

/// <summary>The rows of docs/design/token.md, each on a whole ring of five on which a datagram takes 0.3 ms.</summary>
public sealed class RestTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Hop = TimeSpan.FromMilliseconds(0.3);
    private static readonly TimeSpan Rotation = 5 * Hop;

    [Fact]
    [Shows(
        "docs/design/token.md",
        "a token that stays with the only member that sends costs that member no wait at all.")]
    public void The_only_sender_keeps_the_token_and_its_messages_leave_at_once()
    {
        var cluster = Alone(2);
        var before = cluster[4].Delivered.Count;
        for (var i = 0; i < 20; i++)
        {
            var sent = cluster[2].Delivered.Count;
            cluster[2].Submit("now");
            // No time has passed.
            Assert.Equal(sent + 1, cluster[2].Delivered.Count);
            cluster.Run(0.1 * Hop);
            cluster.RunUntil(() => IsResting(cluster, 2) ? null : "resting", Limit, "resting again");
        }

        cluster.RunUntilQuiet(Limit);
        Assert.Equal(before + 20, cluster[4].Delivered.Count);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    [Shows("docs/design/token.md", "the hold cancel and the loan take two hops")]
    public void Another_member_has_its_message_two_hops_after_it_asked_wherever_it_is()
    {
        foreach (var id in new[] { 1, 3, 4, 5 })
        {
            var cluster = Alone(2);
            cluster[id].Submit("mine").Run(2.01 * Hop);
            Assert.Equal(["mine"], cluster[id].Delivered.Where(x => x == "mine"));
            Assert.Equal(1, cluster[2].Count(RingEventKind.TokenLent));
            cluster.Run(1.01 * Hop);
            Assert.All([1, 2, 3, 4, 5], x => Assert.Contains("mine", cluster[x].Delivered));
            EvsChecker.AssertHolds(cluster.Trace);
        }
    }

    [Fact]
    [Shows(
        "docs/design/token.md",
        "more than IdleVisitsBeforeHold unchanged visits and the last message of the ring is its own")]
    public void On_an_idle_ring_the_token_rests_with_who_sent_last()
    {
        var cluster = Five();
        cluster[4].Submit("last").RunUntilQuiet(Limit).Run(TimeSpan.FromMilliseconds(100));
        var held = cluster[4].Count(RingEventKind.TokenHeld);
        var others = Enumerable.Range(1, 5).Where(x => x != 4).Sum(x => cluster[x].Count(RingEventKind.TokenHeld));
        cluster.Run(TimeSpan.FromMilliseconds(200));
        Assert.True(cluster[4].Count(RingEventKind.TokenHeld) >= held + 8, "it rests for 18 ms each time");
        Assert.Equal(
            others, Enumerable.Range(1, 5).Where(x => x != 4).Sum(x => cluster[x].Count(RingEventKind.TokenHeld)));

        cluster.RunUntil(() => IsResting(cluster, 4) ? null : "resting", Limit, "resting");
        cluster[4].Submit("first");
        Assert.Equal(["last", "first"], cluster[4].Delivered);
    }

    [Fact]
    [Shows(
        "docs/design/token.md",
        "Two members that send in turn lower the streak faster than it grows, so the token goes round between them.")]
    public void Two_that_send_in_turn_let_the_token_go_round()
    {
        var cluster = Five();
        for (var i = 0; i < 50; i++)
            cluster[i % 2 == 0 ? 1 : 3].Submit("x").RunUntilQuiet(Limit);
        var (held, lent) = (cluster.Count(RingEventKind.TokenHeld), cluster.Count(RingEventKind.TokenLent));
        for (var i = 0; i < 50; i++)
            cluster[i % 2 == 0 ? 1 : 3].Submit("x").Run(Rotation);
        Assert.True(
            cluster.Count(RingEventKind.TokenLent) - lent <= 3, "a ring with two senders lends nothing to speak of");
        Assert.True(cluster.Count(RingEventKind.TokenHeld) - held <= 6, "nor does the token rest");
    }

    [Fact]
    [Shows("docs/design/token.md", "A member that is asked by two lets the token go.")]
    public void Two_that_ask_at_once_make_the_token_go_on()
    {
        var cluster = Alone(2);
        cluster[3].Submit("a");
        cluster[5].Submit("b").Run(2.1 * Hop + Rotation);
        Assert.Equal(1, cluster.Count(RingEventKind.TokenLent));
        Assert.All([1, 2, 3, 4, 5], x =>
            Assert.Equal(["a", "b"], cluster[x].Delivered.Where(text => text is "a" or "b").Order()));
    }

    [Fact]
    [Shows("docs/design/token.md", "If a hold cancel is lost, its sender waits until the rest ends")]
    public void A_lost_hold_cancel_costs_one_rest()
    {
        var cluster = Alone(2);
        // Something has just been said, so the rest is a short one.
        cluster[2].Submit("x").Do("drop hold-cancel from=4 to=2 count=1");
        cluster[4].Submit("late").Run(Park + Rotation + (3 * Hop));
        Assert.Contains("late", cluster[4].Delivered);
        Assert.Equal(0, cluster.Count(RingEventKind.TokenLent));
    }

    [Theory]
    [InlineData("drop token-loan from=2 to=4 count=1")]
    [InlineData("drop token-loan from=4 to=2 count=1")]
    [InlineData("drop token-loan from=4 to=2 count=2")]
    [InlineData("drop message from=4 to=2 count=1")]
    [Shows(
        "docs/design/token.md",
        "the lender repeats the loan after TokenRetransmit until a number beyond it, or the return, comes")]
    public void A_loan_that_is_lost_on_either_way_is_sent_again_and_nothing_is_said_twice(string loss)
    {
        var cluster = Alone(2);
        var gathers = cluster.Count(RingEventKind.EnteredGather);
        cluster.Do(loss);
        cluster[4].Submit("once").RunUntilQuiet(Limit);
        Assert.All([1, 2, 3, 4, 5], x => Assert.Single(cluster[x].Delivered, "once"));
        Assert.Equal(gathers, cluster.Count(RingEventKind.EnteredGather));
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [Shows(
        "docs/design/token.md",
        "the loan is repeated until the token is lost, and recovery finds what it numbered like anything else.")]
    public void A_member_that_dies_while_the_token_is_lent_takes_nothing_of_the_others_along(int dead)
    {
        var cluster = Alone(2);
        cluster.Intercept(x => x.Kind == FrameKind.TokenLoan
            && x.To == new ProcessorId(2) ? FrameVerdict.Drop : FrameVerdict.Pass);
        cluster[4].Submit("kept").Run(2.5 * Hop);
        Assert.Contains("kept", cluster[4].Delivered);
        cluster.Crash(dead).Intercept(null).RunUntilQuiet(Limit);
        Assert.All([1, 3, 5], x => Assert.Single(cluster[x].Delivered, "kept"));
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    [Shows(
        "docs/design/token.md",
        "A loan of an earlier or later visit does not fit the hop number of its own last token")]
    public void A_copy_of_an_old_loan_gives_nobody_a_number()
    {
        var cluster = Alone(2);
        byte[]? loan = null;
        cluster.Intercept(x =>
        {
            if (x.Kind == FrameKind.TokenLoan && x.To == new ProcessorId(4))
                loan ??= x.Bytes.ToArray();
            return FrameVerdict.Pass;
        });
        cluster[4].Submit("one").RunUntilQuiet(Limit);
        var borrowed = cluster.Count(RingEventKind.TokenBorrowed);
        var stale = cluster.Simulation.Coverage[DiscardReason.StaleToken];
        cluster.Run(Park + Rotation);
        var four = cluster.Simulation[new ProcessorId(4)];
        four.OnArrival(cluster.Simulation.Memory.Datagrams.Rent(loan), four.Index);
        cluster.RunUntilQuiet(Limit);
        Assert.Equal(borrowed, cluster.Count(RingEventKind.TokenBorrowed));
        Assert.Equal(stale + 1, cluster.Simulation.Coverage[DiscardReason.StaleToken]);
    }

    [Fact]
    [Shows("docs/design/token.md", "if it has more, or sent a safe message, the token goes on at once")]
    public void A_safe_message_makes_the_token_go_round_and_is_delivered_as_soon_as_on_a_ring_that_never_rests()
    {
        var cluster = Alone(2);
        cluster[2].Submit("safe", Guarantee.Safe).Run(2.2 * Rotation);
        Assert.Contains("safe", cluster[2].Delivered);
        cluster[4].Submit("lent", Guarantee.Safe).Run((3.2 * Rotation) + (3 * Hop));
        Assert.Contains("lent", cluster[4].Delivered);
    }

    [Fact]
    [Shows("docs/design/token.md", "A member that takes no part (TokenPark 0, an older build) wipes the "
        + "announcement out")]
    public void A_member_that_takes_no_part_keeps_the_token_going_and_loses_nothing()
    {
        var cluster = RingCluster.Operational(
            5, with: x => Parking(x) with { Restless = ProcessorSet.Of(new ProcessorId(3)) });
        for (var i = 0; i < 20; i++)
            cluster[2].Submit("x").Run(Rotation);
        Assert.Equal(0, cluster.Count(RingEventKind.TokenLent) + cluster.Count(RingEventKind.SentAtRest));
        cluster.Run(TimeSpan.FromMilliseconds(300));
        var held = cluster[1].Count(RingEventKind.TokenHeld);
        Assert.True(held > 3, "an idle ring's token rests at the representative");
        cluster[4].Submit("wake").Run(Hop + Rotation);
        Assert.Contains("wake", cluster[1].Delivered);
    }

    [Fact]
    [Shows("docs/design/token.md", "A submission waits at most one rotation, as before, and one rest.")]
    public void No_member_waits_for_more_than_a_rotation_and_a_few_hops_however_others_send()
    {
        var cluster = Alone(2);
        for (var i = 0; i < 200; i++)
        {
            for (var turn = 0; turn < 10; turn++)
                cluster[2].Submit("busy").Run(0.1 * Hop);
            if (i % 5 != 0)
                continue;
            var id = 3 + (i / 5 % 3);
            var mine = cluster[id].Delivered.Count(x => x == "mine");
            cluster[id].Submit("mine").Run(Rotation + (4 * Hop));
            Assert.Equal(mine + 1, cluster[id].Delivered.Count(x => x == "mine"));
        }

        cluster.RunUntilQuiet(Limit);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    [Shows("docs/design/token.md", "the cases in which a submission makes a member send something at once")]
    public void A_host_is_told_whether_a_submission_makes_its_member_send_something()
    {
        var cluster = Alone(2);
        Assert.True(cluster[2].Engine.ActsOnSubmission);
        Assert.True(cluster[4].Engine.ActsOnSubmission);
        cluster[4].Submit("asks");
        // It has asked, and waits for what comes of it.
        Assert.False(cluster[4].Engine.ActsOnSubmission);
        cluster.Run(Rotation + (4 * Hop));
        // Two that send: the token goes round between them, and passes by everybody.
        for (var i = 0; i < 10; i++)
        {
            cluster[2].Submit("x");
            cluster[4].Submit("y").Run(Rotation);
        }

        Assert.False(cluster[3].Engine.ActsOnSubmission);
        var queued = cluster[3].Engine.SendQueueCount;
        cluster[3].Submit("waits");
        Assert.False(cluster[3].Engine.HasOutput);
        Assert.Equal(queued + 1, cluster[3].Engine.SendQueueCount);
        // On an idle ring the representative may have the token.
        var idle = RingCluster.Operational(3, with: Parking).Run(TimeSpan.FromSeconds(1));
        Assert.Contains(true, new[] { 1, 2, 3 }.Select(id => idle[id].Engine.ActsOnSubmission));
    }

    private static TimeSpan Park => TimeSpan.FromMilliseconds(1);

    private static ClusterSetup Parking(ClusterSetup setup) =>
        setup with { Latency = Hop, Jitter = TimeSpan.Zero, Options = setup.Options with { TokenPark = Park } };

    private static RingCluster Five() => RingCluster.Operational(5, with: Parking);

    /// <summary>A ring on which one member alone has sent for a while, and has the token.</summary>
    private static RingCluster Alone(int sender)
    {
        var cluster = Five();
        for (var i = 0; i < 6; i++)
            cluster[sender].Submit("x").Run(Rotation + Hop);
        return cluster.RunUntil(() => IsResting(cluster, sender) ? null : "resting", Limit, "resting");
    }

    private static bool IsResting(RingCluster cluster, int id) =>
        cluster[id].Count(RingEventKind.TokenHeld) > 0 && cluster[id].Engine.HasToken;
}
