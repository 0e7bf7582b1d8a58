using FsCheck;
using FsCheck.Fluent;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Core.Model;

namespace Totem.Tests.Core.Wire;

/// <summary>A frame that is written can be read: for every value of every frame, in both byte orders.</summary>
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
        from count in Gen.Choose(0, WireFormat.MaxRetransmitRequestCount)
        from requests in Request.ArrayOf(count)
        select new TokenFrame(
            new RegularToken(
                header, seqs.Item1, tokenSeq, seqs.Item2, new ProcessorId(setter), ring, numbers.Item1, numbers.Item2,
                numbers.Item3,
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
                header with { Encapsulation = encapsulation }, system, seq, numbers.Item1, ring, numbers.Item2,
                numbers.Item3),
            payload));

    [Fact]
    public void A_merge_detect_is_read_as_it_was_written() => RoundTrips(
        from header in Header(FrameKind.MergeDetect)
        from system in ModelGen.ProcessorId
        from ring in ModelGen.RingId
        from speaks in Gen.Elements(false, true)
        from heard in ModelGen.ProcessorSet
        from broken in BrokenLinks
        select new MergeFrame(new MergeDetect(header, system, ring), speaks ? new MergeTrailer(heard, broken) : null));

    [Fact]
    public void A_join_is_read_as_it_was_written() => RoundTrips(
        from header in Header(FrameKind.Join)
        from leaves in Gen.Elements(false, true)
        from sequence in ModelGen.U64
        from sets in Gen.Two(ModelGen.ProcessorSet)
        from trailer in JoinTrailers
        select new JoinFrame(
            new JoinMessage(
                leaves ? header with { Node = ProcessorId.None } : header, header.Node, sequence,
                sets.Item1, sets.Item2)
            {
                Trailer = trailer,
            }));

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
    public void A_loan_is_read_as_it_was_written() => RoundTrips(
        from header in Header(FrameKind.TokenLoan)
        from ring in ModelGen.RingId
        from numbers in Gen.ArrayOf(ArbMap.Default.GeneratorFor<uint>(), 4)
        from flags in Gen.ArrayOf(ArbMap.Default.GeneratorFor<bool>(), 2)
        select new LoanFrame(new TokenLoan(
            header, ring, new TokenSeq(numbers[0]), numbers[1], new Seq(numbers[2]), numbers[3], flags[0], flags[1])));

    [Fact]
    public void A_join_says_how_long_it_becomes() => ModelGen.Holds(
        from header in Header(FrameKind.Join)
        from sets in Gen.Two(ModelGen.ProcessorSet)
        from trailer in JoinTrailers
        select new JoinFrame(new JoinMessage(header, header.Node, 7, sets.Item1, sets.Item2) { Trailer = trailer }),
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
    public void Trailers_that_name_other_links_differ() => ModelGen.Holds(
        from set in ModelGen.ProcessorSet
        from links in Gen.Two(BrokenLinks)
        select (set, links),
        x =>
        {
            var ((one, other), set) = (x.links, x.set);
            Assert.Equal(one.SequenceEqual(other), new JoinTrailer(set, one, set) == new JoinTrailer(set, other, set));
            Assert.Equal(one.SequenceEqual(other), new MergeTrailer(set, one) == new MergeTrailer(set, other));
            Assert.Equal(new JoinTrailer(set, one, set), new JoinTrailer(set, [.. one], set));
            BrokenLink[] same = [.. one];
            Assert.Equal(new JoinTrailer(set, one, set).GetHashCode(), new JoinTrailer(set, same, set).GetHashCode());
            Assert.Equal(new MergeTrailer(set, one), new MergeTrailer(set, same));
            Assert.Equal(new MergeTrailer(set, one).GetHashCode(), new MergeTrailer(set, same).GetHashCode());
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

    private static Gen<BrokenLink[]> BrokenLinks { get; } =
        from count in Gen.Frequency((9, Gen.Choose(0, 3)), (1, Gen.Choose(0, BrokenLinkList.CountMax)))
        from links in ModelGen.BrokenLink.ArrayOf(count)
        select links;

    /// <summary>Often none: corosync's joins have none.</summary>
    private static Gen<JoinTrailer?> JoinTrailers { get; } = Gen.OneOf(
        Gen.Constant<JoinTrailer?>(null),
        from silent in ModelGen.ProcessorSet
        from broken in BrokenLinks
        from heard in ModelGen.ProcessorSet
        select (JoinTrailer?)new JoinTrailer(silent, broken, heard));

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
