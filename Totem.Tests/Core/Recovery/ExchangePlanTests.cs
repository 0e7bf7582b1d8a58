using Totem.Core.Ordering;
using Totem.Core.Recovery;
using Totem.Core.Wire;

namespace Totem.Tests.Core.Recovery;

public sealed class ExchangePlanTests
{
    private static readonly ProcessorId Self = new(2);
    private static readonly RingId OldRing = new(new(1), 9);
    private static readonly RingId NewRing = new(new(1), 13);
    private static readonly Seq First = new(uint.MaxValue - 3); // across the wrap

    private readonly ReceiveWindow _old = new(new FrameBuffers(), 64, long.MaxValue, First);

    [Fact]
    public void Everything_held_above_the_lowest_aru_is_multicast_as_it_is()
    {
        var plan = Plan(held: [1, 2, 4, 6], above: 1);
        Assert.Equal(3, plan.QueuedFrames);
        Assert.Equal([First + 2, First + 4, First + 6], WriteAll(plan));
        Assert.Equal(0, plan.QueuedFrames);
    }

    [Fact]
    public void A_message_that_somebody_else_sent_first_is_struck()
    {
        var plan = Plan(held: [1, 2, 3], above: 0);
        plan.Strike(First + 1);
        plan.Strike(First + 3);
        plan.Strike(First + 40);
        Assert.Equal([First + 2], WriteAll(plan));
    }

    [Fact]
    public void A_promise_is_multicast_first_and_read_back_whole()
    {
        var note = new RecoveryNote(OldRing, ProcessorSet.Of(new(1), new(2)));
        var plan = Plan(held: [1], above: 0, note);
        Assert.Equal(2, plan.QueuedFrames);
        var frame = Write(plan);
        Assert.Equal(DecodeResult.Ok, RegularMessage.TryRead(frame, out var outer));
        Assert.Equal(Encapsulation.Encapsulated, outer.Header.Encapsulation);
        var inner = frame[WireFormat.RegularMessageHeaderBytes..];
        Assert.Equal(DecodeResult.Ok, RegularMessage.TryRead(inner, out var header));
        Assert.Equal(note, RecoveryNote.TryRead(inner, header));
        Assert.Equal([First + 1], WriteAll(plan));
    }

    [Fact]
    public void A_note_cut_short_or_of_a_real_ring_is_none()
    {
        var note = new byte[RecoveryNote.BytesMax];
        var writer = new WireWriter(note);
        new RecoveryNote(OldRing, ProcessorSet.Of(new(1), new(2))).Write(ref writer, Self);
        RegularMessage.TryRead(note, out var header);
        for (var length = WireFormat.RegularMessageHeaderBytes; length < writer.WrittenBytes; length++)
            Assert.Null(RecoveryNote.TryRead(note.AsSpan(0, length), header));
        Assert.Null(RecoveryNote.TryRead(note, header with { Ring = OldRing }));
    }

    private ExchangePlan Plan(int[] held, int above, RecoveryNote? note = null)
    {
        foreach (var offset in held)
        {
            var frame = new byte[60];
            var writer = new WireWriter(frame);
            new RegularMessage(
                new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, new(1)), new(1), First + offset, 0,
                OldRing, 0, 0).Write(ref writer);
            _old.Store(First + offset, new ProcessorId(1), FrameFlags.None, frame);
        }

        var plan = new ExchangePlan(Self, _old, note);
        plan.PlanAbove(First + above);
        return plan;
    }

    private static byte[] Write(ExchangePlan plan)
    {
        var frame = new byte[plan.NextFrameBytesMax];
        var written = plan.WriteFrame(frame, NewRing, new Seq(1), 0);
        Assert.Equal(FrameFlags.Encapsulated, written.Flags);
        return frame[..written.Length];
    }

    private static List<Seq> WriteAll(ExchangePlan plan)
    {
        var numbers = new List<Seq>();
        while (plan.QueuedFrames > 0)
        {
            RegularMessage.TryRead(Write(plan).AsSpan(WireFormat.RegularMessageHeaderBytes), out var inner);
            Assert.Equal(OldRing, inner.Ring);
            numbers.Add(inner.Seq);
        }

        return numbers;
    }
}
