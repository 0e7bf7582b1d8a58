using FsCheck.Fluent;
using Totem.Core.Model;

namespace Totem.Tests.Core.Model;

/// <summary>Numbers whose width the wire imposes wrap, and are compared as on a circle.</summary>
public sealed class CircularOrderTests
{
    // Comparison is exact up to this distance; windows keep numbers much closer (16384).
    private const int DistanceMax = int.MaxValue;

    [Fact]
    public void A_number_that_many_steps_on_is_that_much_ahead_also_across_the_wrap() => ModelGen.Holds(
        from seq in ModelGen.Seq
        from steps in Steps
        select (seq, steps),
        x =>
        {
            var (seq, steps) = x;
            var later = seq + steps;

            Assert.Equal(steps, later.DistanceFrom(seq));
            Assert.Equal(-steps, seq.DistanceFrom(later));
            Assert.Equal(seq, later - steps);
            Assert.True(seq < later);
            Assert.True(seq <= later);
            Assert.True(later > seq);
            Assert.True(later >= seq);
            Assert.False(later < seq);
            Assert.False(later <= seq);
            Assert.False(seq > later);
            Assert.False(seq >= later);
            Assert.Equal(seq, Seq.Min(seq, later));
            Assert.Equal(seq, Seq.Min(later, seq));
            Assert.Equal(later, Seq.Max(seq, later));
            Assert.Equal(later, Seq.Max(later, seq));
        });

    [Fact]
    public void A_number_is_neither_before_nor_after_itself() => ModelGen.Holds(ModelGen.Seq, seq =>
    {
        var same = new Seq(seq.Value);
        Assert.False(seq < same);
        Assert.False(seq > same);
        Assert.True(seq <= same);
        Assert.True(seq >= same);
        Assert.Equal(0, seq.DistanceFrom(same));
    });

    [Fact]
    public void Within_a_window_the_order_is_that_of_plain_numbers() => ModelGen.Holds(
        from start in ModelGen.Seq
        from a in Gen.Choose(0, 16_384)
        from b in Gen.Choose(0, 16_384)
        select (start, a, b),
        x =>
        {
            Assert.Equal(x.a < x.b, x.start + x.a < x.start + x.b);
            Assert.Equal(x.a - x.b, (x.start + x.a).DistanceFrom(x.start + x.b));
            Assert.Equal(x.start + Math.Max(x.a, x.b), Seq.Max(x.start + x.a, x.start + x.b));
        });

    [Fact]
    public void The_number_after_the_last_is_the_first()
    {
        Assert.Equal(new Seq(0), new Seq(uint.MaxValue).Next);
        Assert.True(new Seq(uint.MaxValue) < new Seq(0));
        Assert.Equal(new TokenSeq(0), new TokenSeq(uint.MaxValue).Next);
        Assert.Equal(new TokenSeq(uint.MaxValue), new TokenSeq(0).Previous);
        Assert.True(new TokenSeq(0).IsAfter(new TokenSeq(uint.MaxValue)));
        Assert.True(RingId.IsLater(0, ulong.MaxValue));
    }

    [Fact]
    public void A_token_sent_later_is_after_one_sent_before_also_across_the_wrap() => ModelGen.Holds(
        from token in ModelGen.TokenSeq
        from steps in Steps
        select (token, later: new TokenSeq(unchecked(token.Value + (uint)steps))),
        x =>
        {
            Assert.True(x.later.IsAfter(x.token));
            Assert.False(x.token.IsAfter(x.later));
            Assert.False(x.token.IsAfter(x.token));
            Assert.True(x.token.Next.IsAfter(x.token));
            Assert.Equal(x.token, x.token.Next.Previous);
        });

    [Fact]
    public void A_ring_formed_later_is_later_also_across_the_wrap() => ModelGen.Holds(
        from sequence in ModelGen.U64
        from distance in Gen.OneOf(
            Gen.Choose(1, 16).Select(x => (long)x), ModelGen.U64.Select(x => Math.Max(1, (long)(x >> 1))))
        select (sequence, later: unchecked(sequence + (ulong)distance)),
        x =>
        {
            Assert.True(RingId.IsLater(x.later, x.sequence));
            Assert.False(RingId.IsLater(x.sequence, x.later));
            Assert.False(RingId.IsLater(x.sequence, x.sequence));
            Assert.Equal(x.later, RingId.Later(x.sequence, x.later));
            Assert.Equal(x.later, RingId.Later(x.later, x.sequence));
        });

    private static FsCheck.Gen<int> Steps { get; } =
        Gen.OneOf(Gen.Choose(1, 16_384), Gen.Choose(1, DistanceMax), Gen.Constant(DistanceMax));
}
