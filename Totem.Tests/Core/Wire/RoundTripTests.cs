using FsCheck;
using FsCheck.Fluent;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Core.Model;

namespace Totem.Tests.Core.Wire;

/// <summary>What is written can be read: for every value of every frame, in both byte orders.</summary>
public sealed class RoundTripTests
{
    [Fact]
    public void A_token_is_read_as_it_was_written() => RoundTrips(
        from header in Header(FrameKind.RegularToken)
        from seqs in Gen.Two(ModelGen.Seq)
        from tokenSeq in ModelGen.TokenSeq
        from setter in ModelGen.U32
        from ring in ModelGen.RingId
        from numbers in Gen.Three(ModelGen.U32)
        from count in Gen.Choose(0, WireFormat.RetransmitRequestCountMax)
        from requests in Request.ArrayOf(count)
        select new TokenFrame(
            new RegularToken(
                header, seqs.Item1, tokenSeq, seqs.Item2, new ProcessorId(setter), ring, numbers.Item1, numbers.Item2, numbers.Item3,
                count),
            requests));

    [Fact]
    public void A_message_is_read_as_it_was_written() => RoundTrips(
        from encapsulation in Gen.Elements(Encapsulation.Regular, Encapsulation.Encapsulated)
        from header in Header(FrameKind.RegularMessage)
        from system in ModelGen.ProcessorId
        from seq in ModelGen.Seq
        from ring in ModelGen.RingId
        from numbers in Gen.Three(ModelGen.U32)
        from payload in Gen.Choose(0, 255).Select(x => (byte)x).ArrayOf()
        select new MessageFrame(
            new RegularMessage(
                header with { Encapsulation = encapsulation }, system, seq, numbers.Item1, ring, numbers.Item2, numbers.Item3),
            payload));

    [Fact]
    public void A_merge_detect_is_read_as_it_was_written() => RoundTrips(
        from header in Header(FrameKind.MergeDetect)
        from system in ModelGen.ProcessorId
        from ring in ModelGen.RingId
        from heard in Gen.OneOf(Gen.Constant<ProcessorSet?>(null), ModelGen.ProcessorSet.Select(x => (ProcessorSet?)x))
        from broken in heard is null ? Gen.Constant(Array.Empty<BrokenLink>()) : BrokenLinks
        select new MergeFrame(new MergeDetect(header, system, ring), heard, broken));

    [Fact]
    public void A_join_is_read_as_it_was_written() => RoundTrips(
        from header in Header(FrameKind.Join)
        from leaves in Gen.Elements(false, true)
        from sequence in ModelGen.U64
        from sets in Gen.Two(ModelGen.ProcessorSet)
        from explains in Gen.Elements(false, true)
        from broken in BrokenLinks
        select new JoinFrame(
            new JoinMessage(
                leaves ? header with { Node = ProcessorId.None } : header, header.Node, sequence, sets.Item1, sets.Item2)
            {
                Trailer = explains ? new JoinTrailer(sets.Item2, broken) : null,
            }));

    private static Gen<BrokenLink[]> BrokenLinks =>
        ModelGen.BrokenLink.ArrayOf().Select(x => x.Take(BrokenLinkList.CountMax).ToArray());

    [Fact]
    public void A_commit_token_is_read_as_it_was_written() => RoundTrips(
        from header in Header(FrameKind.CommitToken)
        from tokenSeq in ModelGen.TokenSeq
        from sequence in ModelGen.U64
        from flag in ModelGen.U32
        from members in ModelGen.NonEmptyProcessorSet
        from filled in Gen.Choose(0, members.Count)
        from entries in Entry.ArrayOf(members.Count)
        select new CommitFrame(
            new CommitToken(header, tokenSeq, new RingId(members.Lowest, sequence), flag, filled, members, entries)));

    [Fact]
    public void A_hold_cancel_is_read_as_it_was_written() => RoundTrips(
        from header in Header(FrameKind.HoldCancel)
        from ring in ModelGen.RingId
        select new HoldCancelFrame(new HoldCancel(header, ring)));

    [Fact]
    public void A_join_says_how_long_it_becomes() => ModelGen.Holds(
        from header in Header(FrameKind.Join)
        from sets in Gen.Two(ModelGen.ProcessorSet)
        select new JoinFrame(new JoinMessage(header, header.Node, 7, sets.Item1, sets.Item2)),
        frame => Assert.Equal(frame.Encode().Length, frame.Join.EncodedBytes));

    [Fact]
    public void A_join_keeps_the_order_of_a_foreign_list_and_is_equal_to_one_in_ours() => ModelGen.Holds(
        from ids in Gen.Two(ModelGen.ProcessorIds)
        select ids,
        ids =>
        {
            var (proposed, failed) = ids;
            var foreign = JoinBytes(proposed, failed);
            var join = ((JoinFrame)AnyFrame.Read(foreign)).Join;

            Assert.Equal(foreign, new JoinFrame(join).Encode());
            Assert.Equal(foreign.Length, join.EncodedBytes);
            var ours = ((JoinFrame)AnyFrame.Read(JoinBytes([.. join.Proposed], [.. join.Failed]))).Join;
            Assert.Equal(ours, join);
            Assert.Equal(ours.GetHashCode(), join.GetHashCode());
        });

    [Fact]
    public void Commit_tokens_that_differ_in_one_entry_differ() => ModelGen.Holds(
        from header in Header(FrameKind.CommitToken)
        from members in ModelGen.NonEmptyProcessorSet
        from entries in Entry.ArrayOf(members.Count)
        from place in Gen.Choose(0, members.Count - 1)
        select (token: new CommitToken(header, default, new RingId(members.Lowest, 4), 0, 0, members, entries), place),
        x =>
        {
            var same = x.token with { Entries = [.. x.token.Entries] };
            Assert.Equal(x.token, same);
            Assert.Equal(x.token.GetHashCode(), same.GetHashCode());
            same.Entries[x.place] = same.Entries[x.place] with { Aru = same.Entries[x.place].Aru.Next };
            Assert.NotEqual(x.token, same);
        });

    private static Gen<RetransmitRequest> Request { get; } =
        from ring in ModelGen.RingId
        from seq in ModelGen.Seq
        select new RetransmitRequest(ring, seq);

    private static Gen<CommitEntry> Entry { get; } =
        from ring in ModelGen.RingId
        from seqs in Gen.Two(ModelGen.Seq)
        from received in Gen.Elements(false, true)
        select new CommitEntry(ring, seqs.Item1, seqs.Item2, received);

    private static Gen<FrameHeader> Header(FrameKind kind) =>
        from node in ModelGen.ProcessorId
        from target in ModelGen.U32
        select new FrameHeader(kind, Encapsulation.None, node, target);

    private static void RoundTrips<T>(Gen<T> frames)
        where T : AnyFrame => ModelGen.Holds(frames, frame =>
        {
            var bytes = frame.Encode();
            Assert.Equal(frame, AnyFrame.Read(bytes));

            var fromBigEndian = AnyFrame.Read(FrameLayout.ToBigEndian(bytes));
            Assert.True(fromBigEndian.Header.Swapped);
            Assert.Equal(frame, fromBigEndian.AsLittleEndian());
        });

    private static byte[] JoinBytes(ProcessorId[] proposed, ProcessorId[] failed)
    {
        var buffer = new byte[WireFormat.JoinBytes + 4 * (proposed.Length + failed.Length)];
        var writer = new WireWriter(buffer);
        new FrameHeader(FrameKind.Join, Encapsulation.None, new ProcessorId(5)).Write(ref writer);
        writer.U32(5);
        writer.U32((uint)proposed.Length);
        writer.U32((uint)failed.Length);
        writer.U64(7);
        foreach (var id in proposed.Concat(failed))
            writer.ProcessorId(id);
        return buffer;
    }
}
