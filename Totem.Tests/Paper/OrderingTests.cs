using System.Globalization;
using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Checkers;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Simulation.Scenarios;
using Totem.Tests.Core;

namespace Totem.Tests.Paper;

/// <summary>Sentences of docs/design/protocol.md, "Ordering", each on a whole ring.</summary>
public sealed class OrderingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    [Shows(
        "docs/spec/evs.md",
        "On the ring it knows when the token's aru has reached the message on two visits in a row.",
        After = "TOCS95, safe delivery")]
    public void An_agreed_message_is_delivered_when_it_comes_and_a_safe_one_after_the_token_came_twice_more()
    {
        var visits = new List<string>();
        var ring = InMemoryRing.Operational(3);
        foreach (var guarantee in new[] { Guarantee.Agreed, Guarantee.Safe })
        {
            var before = ring[1].DeliveredCount;
            ring.Submit(3, "x"u8, guarantee);
            ring.RunUntil(() => ring[3].Engine.SendQueueCount == 0, Limit, "sent");
            var sentAt = ring[1].Events[RingEventKind.TokenVisit];
            ring.RunUntil(() => ring[1].DeliveredCount > before, Limit, "delivered");
            visits.Add((ring[1].Events[RingEventKind.TokenVisit] - sentAt).ToString(CultureInfo.InvariantCulture));
        }

        Assert.Equal(["0", "2"], visits);
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "A safe frame holds back everything behind it until then.",
        After = "TOCS95, safe delivery")]
    public void A_safe_message_is_not_delivered_while_one_member_lacks_it()
    {
        var cluster = RingCluster.Operational(3);
        cluster.Intercept(x => x.Kind == FrameKind.RegularMessage
            && x.To == new ProcessorId(3) ? FrameVerdict.Drop : FrameVerdict.Pass);
        cluster[1].Submit("agreed").Run(TimeSpan.FromMilliseconds(50));
        cluster[1].Submit("safe", Guarantee.Safe);
        cluster[1].Submit("behind").Run(TimeSpan.FromMilliseconds(100));
        Assert.Equal(["agreed"], cluster[2].Delivered);

        cluster.Intercept(null).RunUntilQuiet(Limit);
        Assert.Equal(["agreed", "safe", "behind"], cluster[3].Delivered);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    [Shows(
        "docs/spec/wire.md",
        "The stored last token or commit token goes to the same successor every token_retransmit until a newer "
            + "token comes",
        After = "TOCS95, the total ordering protocol")]
    public void A_lost_token_is_sent_again_and_a_second_copy_of_it_is_dropped()
    {
        var cluster = RingCluster.Operational(3);
        var lost = false;
        cluster.Intercept(x =>
        {
            if (lost || x.Kind != FrameKind.RegularToken || x.To != new ProcessorId(3))
                return FrameVerdict.Pass;
            lost = true;
            return FrameVerdict.Drop;
        });
        cluster.Run(TimeSpan.FromMilliseconds(90));
        Assert.Equal(1, cluster[2].Count(RingEventKind.TokenRetransmitted));
        Assert.Equal(3, cluster.Count(RingEventKind.EnteredGather));

        // The successor had it, and only its sign of life was late: the copy must not become a second token.
        cluster.Intercept(x => x.Kind == FrameKind.RegularToken
            && x.From == new ProcessorId(3) ? FrameVerdict.Hold : FrameVerdict.Pass);
        cluster.Run(TimeSpan.FromMilliseconds(60));
        cluster.Intercept(null).ReleaseHeld().Run(TimeSpan.FromMilliseconds(60));
        Assert.True(cluster.Simulation.Coverage[DiscardReason.StaleToken] > 0);
        Assert.Equal(3, cluster.Count(RingEventKind.EnteredGather));
    }

    [Fact]
    [Shows("docs/design/protocol.md", "and who has a message multicasts a hold cancel.")]
    public void An_idle_token_is_held_and_whoever_has_a_message_cancels_the_hold()
    {
        var cluster = RingCluster.Operational(3).Run(TimeSpan.FromMilliseconds(200));
        Assert.True(cluster[1].Count(RingEventKind.TokenHeld) > 5);
        Assert.Equal(0, cluster[2].Count(RingEventKind.TokenHeld) + cluster[3].Count(RingEventKind.TokenHeld));
        var cancelled = cluster[1].Count(RingEventKind.HoldCancelled);
        // Less than a hold lasts; what was held just before it would have ended proves nothing.
        cluster.RunUntil(() => cluster[1].Count(RingEventKind.TokenHeld) > 12 ? null : "held", Limit, "held again");
        cluster[3].Submit("wake").Run(TimeSpan.FromMilliseconds(6));
        Assert.Equal(["wake"], cluster[1].Delivered);
        Assert.Equal(cancelled + 1, cluster[1].Count(RingEventKind.HoldCancelled));
    }

    [Fact]
    [Shows("docs/design/protocol.md", "send queue | MaxSendQueueBytes, MaxSendQueueMessages; then Backpressured")]
    public void A_full_queue_pushes_back_and_takes_messages_again_when_some_were_sent()
    {
        var ring = InMemoryRing.Operational(3, x => x with { MaxSendQueueMessages = 10 });
        for (var i = 0; i < 10; i++)
            ring[2].Engine.TrySubmit(new byte[500], Guarantee.Agreed, ring.Now);
        Assert.Equal(SubmitResult.Backpressured, ring[2].Engine.TrySubmit("more"u8, Guarantee.Agreed, ring.Now));
        Assert.Equal(0, ring[2].Engine.SendQueueFreeBytes);
        ring.RunUntil(() => ring[2].Engine.SendQueueFreeBytes > 0, Limit, "relieved");
        Assert.Equal(SubmitResult.Accepted, ring.Submit(2, "more"u8));
        ring.RunUntil(() => ring[1].DeliveredCount == 11 && ring[3].DeliveredCount == 11, Limit, "delivered");
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "The ring goes at the pace of its slowest reader, and no frame is dropped because an application lags.")]
    public void A_lagging_application_gets_the_same_order_later()
    {
        var ring = InMemoryRing.Operational(3);
        ring[3].IsTaking = false;
        for (var i = 0; i < 200; i++)
        {
            ring.Submit(1 + i % 3, [(byte)i, (byte)(i >> 4)], (Guarantee)(i % 2));
            ring.Step();
        }

        ring.RunUntil(() => ring[1].DeliveredCount == 200 && ring[2].DeliveredCount == 200, Limit, "delivered");
        ring.RunFor(TimeSpan.FromMilliseconds(20));
        Assert.Equal(0, ring[3].DeliveredCount);
        ring[3].IsTaking = true;
        ring[3].Deliver();
        Assert.Equal(200, ring[3].DeliveredCount);
        Assert.Equal(ring[1].OrderHash, ring[3].OrderHash);
    }

    [Fact]
    [Shows("docs/design/deviations.md", "A sequence number wraps instead of ending the ring")]
    public void Numbers_that_wrap_keep_the_order()
    {
        var ring = InMemoryRing.Operational(
            3, x =>
                x with { FirstSeq = new Seq(uint.MaxValue - 20), FirstTokenSeq = new TokenSeq(uint.MaxValue - 20) });
        for (var i = 0; i < 100; i++)
            ring.Submit(1 + i % 3, new byte[1 + 13 * i], (Guarantee)(i % 2));
        ring.RunUntil(() => Enumerable.Range(1, 3).All(x => ring[x].DeliveredCount == 100), Limit, "delivered");
        Assert.Equal(ring[1].OrderHash, ring[2].OrderHash);
        Assert.Equal(1, ring[1].Events[RingEventKind.EnteredOperational]);
    }

    [Fact]
    [Shows(
        "docs/spec/evs.md",
        "a message that p sends in c is delivered by p in com(c), unless p fails.",
        After = "EVS94, self-delivery")]
    public void A_ring_of_one_orders_its_own_messages()
    {
        var cluster = RingCluster.Operational(1);
        cluster[1].Submit("a", Guarantee.Safe);
        cluster[1].Submit("b").RunUntilQuiet(Limit);
        Assert.Equal(["a", "b"], cluster[1].Delivered);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [Shows("docs/design/architecture.md", "Nothing on the ring's thread for a message in steady state")]
    public void A_visit_a_message_and_its_delivery_allocate_nothing(int acceleratedWindow)
    {
        // A merge detect costs a few objects, a few times a second whatever the load is: it is not what is measured.
        var ring = InMemoryRing.Operational(
            3, x => x with { MergeDetectInterval = TimeSpan.FromHours(1), AcceleratedWindow = acceleratedWindow });
        var payload = new byte[200];
        // The same stretch several times: the first submission of one falls on another moment of the rotation, and the
        // most frames that are ever out at a time are out by then.
        for (var i = 0; i < 6; i++)
            Rotate(ring, payload, 5_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var delivered = ring[2].DeliveredCount;
        Rotate(ring, payload, 5_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(ring[2].DeliveredCount > delivered + 500, "nothing was delivered meanwhile");
    }

    private static void Rotate(InMemoryRing ring, byte[] payload, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            if (i % 4 == 0)
                ring.Submit(1 + i / 4 % 3, payload, (Guarantee)(i / 4 % 2));
            ring.Step();
        }
    }
}
