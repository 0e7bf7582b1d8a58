using System.Globalization;
using Totem.Core.Diagnostics;
using Totem.Core.Wire;
using Totem.Tests.Core;

namespace Totem.Tests.Paper;

/// <summary>Sentences of docs/design/protocol.md, "The accelerated ring", each on a whole ring.</summary>
public sealed class AcceleratedRingTests
{
    /// <summary>A message that fills its frame, so that messages and frames are the same number.</summary>
    private const int MessageBytes = 1300;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(0, "mmmmmmmmt")]
    [InlineData(3, "mmmmmtmmm")]
    [InlineData(8, "tmmmmmmmm")]
    [InlineData(17, "tmmmmmmmm")]
    [Shows(
        "docs/design/protocol.md",
        "All new frames of a visit are numbered and lie in the holder's window before the token leaves, and the token "
            + "counts them")]
    public void The_token_counts_all_frames_of_a_visit_and_the_last_of_them_follow_it(int window, string expected)
    {
        var ring = Operational(3, window);
        var before = ring[2].Events.RingOf(RingEventKind.EnteredOperational);
        var sent = Record(ring, from: 2, to: 3);
        Submit(ring, 2, 8);
        ring.RunUntil(() => ring[2].Engine.SendQueueCount == 0, Limit, "sent");

        var firstMessage = sent.FindIndex(x => x.Kind == FrameKind.RegularMessage);
        var visit = sent.Skip(window >= 8 ? firstMessage - 1 : firstMessage).Take(9).ToList();
        Assert.Equal(expected, string.Concat(visit.Select(x => x.Kind == FrameKind.RegularToken ? 't' : 'm')));
        var messages = visit.Where(x => x.Kind == FrameKind.RegularMessage).Select(x => x.Seq).ToList();
        Assert.Equal(Enumerable.Range(0, 8).Select(x => messages[0] + x), messages);
        Assert.Equal(messages[^1], visit.Single(x => x.Kind == FrameKind.RegularToken).Seq);
        Assert.Equal(before, ring[2].Events.RingOf(RingEventKind.EnteredOperational));
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "So the successor numbers its own while they are still on their way, and the multicasts of neighbours "
            + "overlap.")]
    public void The_successor_numbers_its_own_while_frames_that_follow_the_token_are_on_their_way()
    {
        var ring = Operational(3, window: 17);
        var tokens = Record(ring, from: 3, to: 1);
        Submit(ring, 2, 8);
        Submit(ring, 3, 8);
        ring.RunUntil(() => ring[3].Engine.SendQueueCount == 0, Limit, "sent");

        // It counted its predecessor's and its own, and told that it lacks the first.
        var token = tokens.Last(x => x.Kind == FrameKind.RegularToken);
        Assert.Equal(16, token.Seq.DistanceFrom(token.Aru));
        Assert.Equal(new ProcessorId(3), token.Setter);

        ring.RunUntil(() => Enumerable.Range(1, 3).All(x => ring[x].DeliveredCount == 16), Limit, "delivered");
        AssertOneOrder(ring);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(17)]
    [Shows(
        "docs/design/protocol.md",
        "ours name only what the token counted one rotation ago, and that has been sent.")]
    public void On_a_network_that_loses_nothing_nothing_is_asked_for(int window)
    {
        var ring = Operational(4, window);
        for (var round = 0; round < 200; round++)
        {
            for (var id = 1; id <= 4; id++)
                Submit(ring, id, 5);
            ring.Step();
        }

        ring.RunUntil(() => Enumerable.Range(1, 4).All(x => ring[x].DeliveredCount == 4000), Limit, "delivered");
        AssertOneOrder(ring);
        for (var id = 1; id <= 4; id++)
        {
            Assert.True(ring[id].Events[RingEventKind.MulticastAfterToken] > 10, "nothing followed the token");
            Assert.Equal(0, ring[id].Events[RingEventKind.RetransmitRequested]
                + ring[id].Events[RingEventKind.MessageRetransmitted]);
        }
    }

    [Fact]
    [Shows("docs/design/protocol.md", "Retransmissions leave before the token, all of them.")]
    public void A_lost_frame_that_followed_a_token_is_asked_for_at_the_next_visit_and_sent_before_a_token()
    {
        var ring = Operational(3, window: 17);
        var sent = Record(ring, from: 2, to: 3);
        var lost = (Seq?)null;
        var record = ring.Passes!;
        ring.Passes = (from, to, frame) =>
        {
            var passes = record(from, to, frame);
            if (lost is not null || to.Value != 3 || (FrameKind)frame[3] != FrameKind.RegularMessage)
                return passes;
            lost = SentFrame.Read(frame).Seq;
            return false;
        };
        Submit(ring, 2, 1);
        ring.RunUntil(() => lost is not null, Limit, "lost");
        var visits = ring[3].Events[RingEventKind.TokenVisit];
        ring.RunUntil(() => ring[3].Events[RingEventKind.RetransmitRequested] > 0, Limit, "asked for");
        // One visit with the token that counted it, which may not ask yet; the next one asks.
        Assert.Equal(visits + 2, ring[3].Events[RingEventKind.TokenVisit]);

        Submit(ring, 2, 3);
        ring.RunUntil(() => ring[3].DeliveredCount == 4, Limit, "delivered");
        var again = sent.FindLastIndex(x => x.Kind == FrameKind.RegularMessage && x.Seq == lost);
        Assert.Equal(FrameKind.RegularToken, sent.Skip(again).First(x => x.Kind != FrameKind.RegularMessage
            || x.Seq != lost).Kind);
        AssertOneOrder(ring);
    }

    [Theory]
    [InlineData(8, "1", "3")]
    // So few go before the token, and nothing waits longer than on a plain ring (OrderingTests has the same numbers).
    [InlineData(4, "0", "2")]
    [Shows(
        "docs/design/protocol.md",
        "a safe message is delivered (and every frame released) about one rotation later than on the plain ring.")]
    public void A_safe_message_of_a_long_visit_waits_a_rotation_longer_and_an_agreed_one_does_not(
        int messages, params string[] expected)
    {
        var visits = new List<string>();
        var ring = Operational(3, window: 17);
        foreach (var guarantee in new[] { Guarantee.Agreed, Guarantee.Safe })
        {
            var after = ring[1].DeliveredCount + messages;
            for (var i = 0; i < messages; i++)
                ring.Submit(3, new byte[MessageBytes], guarantee);
            ring.RunUntil(() => ring[3].Engine.SendQueueCount == 0, Limit, "sent");
            var sentAt = ring[1].Events[RingEventKind.TokenVisit];
            ring.RunUntil(() => ring[1].DeliveredCount == after, Limit, "delivered");
            visits.Add((ring[1].Events[RingEventKind.TokenVisit] - sentAt).ToString(CultureInfo.InvariantCulture));
        }

        // Where the token that counts the messages comes before them, that visit is the one more.
        Assert.Equal(expected, visits);
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "Frames that follow our predecessor's token were counted by ours, so they do not stop them.")]
    public void Frames_that_follow_the_predecessors_token_do_not_stop_the_repeats_of_ours()
    {
        var ring = Operational(3, window: 17);
        var gathers = ring[2].Events[RingEventKind.EnteredGather];
        var isLost = false;
        var lateSeen = 0;
        ring.Passes = (from, to, frame) =>
        {
            var kind = (FrameKind)frame[3];
            if (isLost && kind == FrameKind.RegularMessage && to.Value == 2)
                lateSeen++;
            if (isLost || kind != FrameKind.RegularToken || to.Value != 3
                || ring[1].Events[RingEventKind.MulticastAfterToken] == 0)
                return true;
            isLost = true;
            return false;
        };
        // The frames of 1 have left behind its token; 2 takes that token, and its own is lost while they come in.
        Submit(ring, 1, 8);
        ring.RunUntil(() => isLost, Limit, "the token lost");
        Assert.Equal(0, lateSeen);
        ring.RunUntil(() => ring[3].DeliveredCount == 8 && ring[2].Events[RingEventKind.TokenRetransmitted] == 1, Limit,
            "repeated");
        Assert.Equal(gathers, ring[2].Events[RingEventKind.EnteredGather]);
    }

    [Fact]
    [Shows("docs/design/protocol.md", "the token is not sent; what has been numbered is (TokenHolder.Withhold).")]
    public void Frames_numbered_at_the_visit_that_gives_a_member_up_are_multicast()
    {
        var ring = Operational(3, window: 17, x => x with { FailToReceiveTimeout = TimeSpan.FromMilliseconds(20) });
        // One message never reaches 3: all it asks for is that one, so there is room for new messages at every visit.
        var multicast = new HashSet<Seq>();
        var withheld = (Seq?)null;
        ring.Passes = (from, to, frame) =>
        {
            if ((FrameKind)frame[3] != FrameKind.RegularMessage)
                return true;
            var seq = SentFrame.Read(frame).Seq;
            withheld ??= seq;
            if (from.Value == 1)
                multicast.Add(seq);
            return to.Value != 3 || seq != withheld;
        };
        var givenUp = ring[1].Events[RingEventKind.MemberSuspected];
        var sentBefore = 0;
        while (ring[1].Events[RingEventKind.MemberSuspected] == givenUp)
        {
            Submit(ring, 1, 1);
            sentBefore = ring[1].Events[RingEventKind.MessageSent];
            ring.Step();
        }

        Assert.True(ring[1].Events[RingEventKind.MessageSent] > sentBefore, "nothing was numbered at that visit");
        Assert.True(ring[1].Events[RingEventKind.MulticastAfterToken] > 1, "nothing followed the token");
        Assert.Contains(ring[1].Events.Last.Last(x => x.Kind == RingEventKind.MessageSent).Seq, multicast);
        ring.Passes = null;
        ring.RunUntilOneRing();
        ring.RunUntil(() => ring[1].Engine.SendQueueCount == 0 && ring[2].DeliveredCount == ring[1].DeliveredCount,
            Limit, "delivered");
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "once a message comes that the ring predecessor numbered after our token left, the token is read first")]
    public void The_token_is_read_first_from_the_predecessors_next_message_on_until_it_is_taken()
    {
        var ring = Operational(3, window: 4);
        Assert.False(ring[3].Engine.ReadsTokenFirst);
        Submit(ring, 1, 8);
        ring.RunUntil(() => ring[3].DeliveredCount == 8, Limit, "delivered");
        // 1 is not the predecessor of 3.
        Assert.False(ring[3].Engine.ReadsTokenFirst);

        Submit(ring, 2, 8);
        ring.RunUntil(() => ring[3].DeliveredCount == 9, Limit, "the predecessor's first message");
        Assert.True(ring[3].Engine.ReadsTokenFirst);
        var visits = ring[3].Events[RingEventKind.TokenVisit];
        ring.RunUntil(() => ring[3].Events[RingEventKind.TokenVisit] > visits, Limit, "the token taken");
        Assert.False(ring[3].Engine.ReadsTokenFirst);
        // The frames that followed that token were counted by ours: they announce nothing.
        ring.RunUntil(() => ring[3].DeliveredCount == 16, Limit, "delivered");
        Assert.False(ring[3].Engine.ReadsTokenFirst);
    }

    [Fact]
    [Shows("docs/design/protocol.md", "On a plain ring it is always false: messages first.")]
    public void On_a_plain_ring_messages_are_always_read_first()
    {
        var ring = Operational(3, window: 0);
        Submit(ring, 2, 100);
        ring.RunUntil(
            () => ring[3].Engine.ReadsTokenFirst ? throw new InvalidOperationException("the token first")
                : ring[3].DeliveredCount == 100,
            Limit, "delivered");
    }

    [Fact]
    [Shows("docs/design/protocol.md", "Each is a member's own choice, and members with and without it share a ring.")]
    public void Members_with_and_without_an_accelerated_window_share_a_ring()
    {
        var ring = InMemoryRing.Operational(4, x => x with { AcceleratedWindow = x.Self.Value % 2 == 0 ? 9 : 0 });
        for (var i = 0; i < 400; i++)
            ring.Submit(1 + i % 4, new byte[1 + 7 * i], (Guarantee)(i % 2));
        ring.RunUntil(() => Enumerable.Range(1, 4).All(x => ring[x].DeliveredCount == 400), Limit, "delivered");
        AssertOneOrder(ring);
        Assert.Equal(0, ring[1].Events[RingEventKind.MulticastAfterToken]);
        Assert.True(ring[2].Events[RingEventKind.MulticastAfterToken] > 0, "nothing followed the token");
    }

    private static InMemoryRing Operational(int count, int window, Func<RingOptions, RingOptions>? with = null) =>
        InMemoryRing.Operational(
        count, x => (with?.Invoke(x) ?? x) with { AcceleratedWindow = window });

    private static void Submit(InMemoryRing ring, int id, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var payload = new byte[MessageBytes];
            payload[0] = (byte)id;
            payload[1] = (byte)i;
            Assert.Equal(SubmitResult.Accepted, ring.Submit(id, payload));
        }
    }

    private static void AssertOneOrder(InMemoryRing ring)
    {
        for (var id = 2; id <= ring.Count; id++)
            Assert.Equal(ring[1].OrderHash, ring[id].OrderHash);
    }

    private static List<SentFrame> Record(InMemoryRing ring, int from, int to)
    {
        var sent = new List<SentFrame>();
        ring.Passes = (sender, receiver, frame) =>
        {
            if (sender.Value == from && receiver.Value == to
                && (FrameKind)frame[3] is FrameKind.RegularMessage or FrameKind.RegularToken)
                sent.Add(SentFrame.Read(frame));
            return true;
        };
        return sent;
    }

    private sealed record SentFrame(FrameKind Kind, Seq Seq, Seq Aru, ProcessorId Setter)
    {
        public static SentFrame Read(ReadOnlySpan<byte> frame)
        {
            if (RegularToken.TryRead(frame, out var token, out _) == DecodeResult.Ok)
                return new SentFrame(FrameKind.RegularToken, token.Seq, token.Aru, token.AruSetter);
            Assert.Equal(DecodeResult.Ok, RegularMessage.TryRead(frame, out var message));
            return new SentFrame(FrameKind.RegularMessage, message.Seq, default, default);
        }
    }
}
