using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Recovery;
using Totem.Core.Wire;
using Totem.Tests.Core.Wire;

namespace Totem.Tests.Core;

/// <summary>
/// Frames that are well formed and that no correct processor sends: they may cost the ring a moment, but nothing is
/// thrown, and once they stop the ring stands and orders messages. Each was found by the fuzzer, or is next to one that
/// was.
/// </summary>
public sealed class ForgedFrameTests
{
    private static readonly ProcessorId Member = new(3);
    private static readonly ProcessorId Stranger = new(9);

    private static ProcessorSet Strangers { get; } =
        ProcessorSet.Of([.. Enumerable.Range(1000, ProcessorSet.MaxCount).Select(x => new ProcessorId((uint)x))]);

    [Fact]
    public void A_join_with_the_longest_list_that_lacks_its_own_sender_is_survived()
    {
        var stopped = StoppedProcessor.In(RingPhase.Gather);
        stopped.Take(Join(Stranger, stopped.Ring.Sequence, Strangers));
        AssertOrders(stopped);
    }

    [Fact]
    public void More_strangers_that_agree_than_a_set_holds_are_survived()
    {
        var stopped = StoppedProcessor.In(RingPhase.Gather);
        for (var id = 1000u; id < 1200; id++)
            stopped.Take(Join(new ProcessorId(id), stopped.Ring.Sequence, StoppedProcessor.Members));
        AssertOrders(stopped);
    }

    [Theory]
    [InlineData(true, RingPhase.Gather, false)]
    [InlineData(true, RingPhase.Operational, false)]
    [InlineData(true, RingPhase.Operational, true)]
    [InlineData(false, RingPhase.Gather, false)]
    [InlineData(false, RingPhase.Operational, false)]
    [InlineData(false, RingPhase.Operational, true)]
    public void A_member_that_seems_to_give_up_more_than_there_are_does_not_stop_anybody(
        bool isListed, RingPhase phase, bool isKin)
    {
        var stopped = StoppedProcessor.In(phase, x => x with { Allowed = isListed ? StoppedProcessor.Members : null });
        var ring = stopped.GoOn();
        for (var victim = 1u; victim <= 3; victim++)
        {
            var sender = StoppedProcessor.Members.SuccessorOf(new ProcessorId(victim));
            ring.Inject(
                (int)victim, new JoinFrame(Join(sender, stopped.Ring.Sequence, StoppedProcessor.Members).Join with
            {
                Failed = Strangers,
                Trailer = isKin ? JoinTrailer.Empty : null,
            }).Encode());
        }

        AssertOrders(stopped);
    }

    [Fact]
    public void Names_that_fill_what_we_know_of_others_do_not_make_us_deaf_to_the_real_ones()
    {
        var stopped = StoppedProcessor.In(RingPhase.Operational);
        for (var id = 1000u; id < 2000; id++)
            stopped.Take(Join(new ProcessorId(id), stopped.Ring.Sequence, ProcessorSet.Of(new ProcessorId(id))));
        AssertOrders(stopped);
    }

    [Fact]
    public void A_promise_to_more_processors_than_a_set_holds_is_survived()
    {
        var stopped = StoppedProcessor.In(RingPhase.Recovery);
        var note = new byte[RecoveryNote.BytesMax];
        var writer = new WireWriter(note);
        new RecoveryNote(stopped.Previous, Strangers).Write(ref writer, Member);
        var header = new FrameHeader(FrameKind.RegularMessage, Encapsulation.Encapsulated, Member);
        stopped.Take(new MessageFrame(
            new RegularMessage(header, Member, new Seq(1), 0, stopped.Ring, 0, 0), note[..writer.WrittenBytes]));
        AssertOrders(stopped);
    }

    [Fact]
    public void A_message_with_a_number_that_is_ours_to_give_is_survived()
    {
        var stopped = StoppedProcessor.In(RingPhase.Operational);
        var header = new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, Member);
        var next = stopped.Token.Token.Seq.Next;
        stopped.Take(new MessageFrame(new RegularMessage(header, Member, next, 0, stopped.Ring, 0, 0), new byte[10]));
        stopped.GoOn().Submit(2, "ours"u8);
        stopped.Take(stopped.Token);
        AssertOrders(stopped);
    }

    [Fact]
    public void Ring_sequences_that_climb_by_leaps_do_not_lock_a_processor_out_for_ever()
    {
        var stopped = StoppedProcessor.In(RingPhase.Gather);
        for (var leap = 1ul; leap <= 4; leap++)
            stopped.Take(Join(Member, stopped.Ring.Sequence + (leap << 47), StoppedProcessor.Members));
        AssertOrders(stopped);
    }

    [Fact]
    public void Two_who_were_led_astray_together_are_heard_by_the_third()
    {
        var stopped = StoppedProcessor.In(RingPhase.Operational);
        var ring = stopped.GoOn();
        for (var leap = 1ul; leap <= 2; leap++)
        {
            for (var victim = 1; victim <= 2; victim++)
            {
                for (var i = 0; i < 12; i++)
                    ring.Inject(victim, Join(Member, stopped.Ring.Sequence + (leap << 48) + (ulong)victim,
                        StoppedProcessor.Members).Encode());
            }
        }

        AssertOrders(stopped);
    }

    [Theory]
    [InlineData(50u)]
    [InlineData(uint.MaxValue)]
    public void A_token_that_claims_a_full_window_does_not_silence_the_ring_for_ever(uint flowControlCount)
    {
        var stopped = StoppedProcessor.In(RingPhase.Operational);
        var ring = stopped.GoOn();
        stopped.Take(stopped.Token with { Token = stopped.Token.Token with { FlowControlCount = flowControlCount } });
        Assert.Equal(RingPhase.Operational, ring[2].Engine.Phase);
        AssertOrders(stopped);
    }

    [Fact]
    public void A_token_that_comes_to_who_holds_the_token_does_not_end_its_process()
    {
        byte[]? last = null;
        var ring = InMemoryRing.Operational(3);
        ring.Passes = (_, to, frame) =>
        {
            if (to.Value == 1 && (FrameKind)frame[3] == FrameKind.RegularToken)
                last = frame.ToArray();
            return true;
        };
        var held = ring[1].Events[RingEventKind.TokenHeld];
        ring.RunUntil(
            () => last is not null && ring[1].Events[RingEventKind.TokenHeld] > held, TimeSpan.FromSeconds(5), "idle");
        var known = (TokenFrame)AnyFrame.Read(last);
        ring.Inject(1, (known with
        {
            Token = known.Token with { TokenSeq = known.Token.TokenSeq.Next, Seq = known.Token.Seq + 3 },
        }).Encode());

        ring.RunFor(TimeSpan.FromSeconds(1));
        ring.RunUntilOneRing();
    }

    [Fact]
    public void A_retransmission_flag_that_nobody_raised_does_not_keep_a_recovery_going_for_ever()
    {
        var stopped = StoppedProcessor.In(RingPhase.Recovery);
        stopped.GoOn();
        stopped.Take(stopped.Token with { Token = stopped.Token.Token with { RetransFlag = 1 } });
        AssertOrders(stopped);
    }

    [Theory]
    [InlineData("merge")]
    [InlineData("message")]
    public void A_frame_about_an_outsider_is_dropped_whoever_its_header_names(string kind)
    {
        var stopped = StoppedProcessor.In(RingPhase.Operational, x => x with { Allowed = StoppedProcessor.Members });
        var ring = new RingId(Stranger, 4000);
        var before = stopped.Events[DiscardReason.UnknownProcessor];
        stopped.Take(kind == "merge"
            ? new MergeFrame(
                new MergeDetect(new FrameHeader(FrameKind.MergeDetect, Encapsulation.None, ProcessorId.None), Stranger,
                    ring), Trailer: null)
            : new MessageFrame(
                new RegularMessage(
                    new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, Member), Stranger, new Seq(1), 0,
                    ring, 0, 0),
                new byte[10]));

        Assert.Equal(RingPhase.Operational, stopped.Engine.Phase);
        Assert.Equal(before + 1, stopped.Events[DiscardReason.UnknownProcessor]);
    }

    private static JoinFrame Join(ProcessorId sender, ulong ringSequence, ProcessorSet proposed) => new(new JoinMessage(
        new FrameHeader(FrameKind.Join, Encapsulation.None, sender), sender, ringSequence, proposed,
        ProcessorSet.Empty));

    [Fact]
    public void A_message_with_a_number_that_nobody_gave_is_dropped_while_the_token_rests_here()
    {
        var ring = InMemoryRing.Operational(3, x => x with { TokenPark = TimeSpan.FromMilliseconds(1) });
        ring.Submit(2, [1]);
        ring.RunUntil(() => ring[2].Engine.HasToken, TimeSpan.FromSeconds(2), "resting");
        var dropped = ring[2].Events[DiscardReason.OutsideWindow];
        ring.Inject(2, NextMessage(ring).Encode());
        Assert.Equal(dropped + 1, ring[2].Events[DiscardReason.OutsideWindow]);

        // The number is ours to give.
        ring.Submit(2, [2]);
        AssertOrders(ring);
    }

    [Fact]
    public void A_message_with_a_number_that_nobody_gave_costs_the_ring_that_has_lent_its_token()
    {
        var ring = InMemoryRing.Operational(3, x => x with { TokenPark = TimeSpan.FromMilliseconds(1) });
        ring.Submit(2, [1]);
        ring.RunUntil(() => ring[2].Engine.HasToken, TimeSpan.FromSeconds(2), "resting");
        ring.Submit(3, [2]);
        ring.RunUntil(() => ring[2].Events[RingEventKind.TokenLent] > 0, TimeSpan.FromSeconds(2), "lent");
        var next = NextMessage(ring, ahead: 2);
        var dropped = ring[2].Events[DiscardReason.AbsurdToken];
        ring.Inject(2, next.Encode());
        ring.RunUntil(() => ring[2].Events[DiscardReason.AbsurdToken] > dropped, TimeSpan.FromSeconds(2), "given back");
        ring.Submit(2, [3]);
        AssertOrders(ring);
    }

    /// <summary>The message that member 3 would multicast next, if it had the token.</summary>
    private static MessageFrame NextMessage(InMemoryRing ring, int ahead = 1)
    {
        var last = ring[2].Engine.LastMulticast;
        var header = new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, Member);
        return new MessageFrame(
            new RegularMessage(header, Member, last.Seq + ahead, 0, last.Ring, 0, 0),
            new byte[] { 0, 0, 0, 0, 0, 0, 1, 0, 6, 0, 1, 0, 1, 0, (byte)'t', (byte)'x' });
    }

    private static void AssertOrders(StoppedProcessor stopped) => AssertOrders(stopped.GoOn());

    private static void AssertOrders(InMemoryRing ring)
    {
        ring.RunFor(TimeSpan.FromSeconds(1));
        ring.RunUntilOneRing(TimeSpan.FromSeconds(20));
        for (var id = 1; id <= ring.Count; id++)
            ring[id].ForgetOrder();
        for (var i = 0; i < 9; i++)
            Assert.Equal(SubmitResult.Accepted, ring.Submit(1 + i % 3, [(byte)i]));
        ring.RunUntil(
            () => Enumerable.Range(1, 3).All(x => ring[x].DeliveredCount == 9), TimeSpan.FromSeconds(5), "ordered");
        Assert.Equal(ring[1].OrderHash, ring[2].OrderHash);
        Assert.Equal(ring[1].OrderHash, ring[3].OrderHash);
    }
}
