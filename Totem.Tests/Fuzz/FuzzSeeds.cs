using System.Runtime.InteropServices;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Captures;
using Totem.Tests.Core.Wire;

namespace Totem.Tests.Fuzz;

/// <summary>Good frames to make bad ones of: real ones of every kind, and the largest there may be,
/// in both byte orders.</summary>
internal static class FuzzSeeds
{
    // Kinds that are rare on a ring weigh as much as tokens.
    private const int CountOfEachKind = 64;

    public static byte[][] All { get; } = Create();

    private static byte[][] Create()
    {
        var real = Capture.Names.SelectMany(x => Capture.Named(x).File.Datagrams).Where(x => !x.IsTruncated)
            .Select(x => x.Payload)
            .DistinctBy(x => (x[3], x[4], x.Length));
        var byKind = Largest().Concat(real).SelectMany(x => new[] { x, FrameLayout.ToBigEndian(x) })
            .GroupBy(x => x[3]).ToList();
        Assert.Equal(Enum.GetValues<FrameKind>().Length, byKind.Count);
        return [.. byKind.SelectMany(kind => Enumerable.Repeat(kind.ToArray(), CountOfEachKind).SelectMany(x => x)
            .Take(CountOfEachKind))];
    }

    /// <summary>Frames whose lists are as long as the wire lets them be; no ring of three ever sent one.</summary>
    private static IEnumerable<byte[]> Largest()
    {
        var ids = Enumerable.Range(1, ProcessorSet.MaxCount).Select(x => new ProcessorId((uint)x)).ToArray();
        var set = ProcessorSet.Of(ids);
        var links = ids.Select(x => new BrokenLink(x, x == ids[0] ? ids[1] : ids[0])).ToArray();
        var ring = new RingId(ids[0], 9);
        var request = new RetransmitRequest(ring, new Seq(5));
        var entry = new CommitEntry(ring, new Seq(5), new Seq(4), ReceivedFlag: true);
        const int requestCount = WireFormat.MaxRetransmitRequestCount;

        yield return new TokenFrame(
            new RegularToken(Header(FrameKind.RegularToken), new Seq(9), new TokenSeq(9), new Seq(5), ids[2], ring, 1,
                1, 0, requestCount),
            Enumerable.Repeat(request, requestCount).ToArray()).Encode();
        var detect = new MergeDetect(Header(FrameKind.MergeDetect), ids[0], ring);
        yield return new MergeFrame(detect, new MergeTrailer(set, links)).Encode();
        yield return new MergeFrame(detect, new MergeTrailer(ProcessorSet.Of(ids.AsSpan(0, 3)), links[..2])).Encode();
        yield return new CommitFrame(new CommitToken(
            Header(FrameKind.CommitToken), new TokenSeq(1), ring, 0, ids.Length, set,
            [.. Enumerable.Repeat(entry, ids.Length)])).Encode();

        for (var i = 1u; i <= CountOfEachKind / 2; i++)
        {
            yield return new LoanFrame(new TokenLoan(
                Header(FrameKind.TokenLoan), ring, new TokenSeq(9 * i), i, new Seq(9 * i), i, IsReturned: i % 2 == 0,
                HasMore: i % 3 == 0)).Encode();
        }

        var join = new JoinMessage(Header(FrameKind.Join), ids[0], 9, set, set);
        yield return new JoinFrame(join).Encode();
        yield return new JoinFrame(
            join with { Trailer = new JoinTrailer(ProcessorSet.Of(ids.AsSpan(0, 2)), links[..2], set) }).Encode();
        // Both lists backward: the order of a foreign list is kept, which costs memory.
        var backward = new JoinFrame(join with { Trailer = new JoinTrailer(set, links, set) }).Encode();
        MemoryMarshal.Cast<byte, uint>(backward.AsSpan(WireFormat.JoinBytes, 2 * 4 * ids.Length)).Reverse();
        yield return backward;
    }

    private static FrameHeader Header(FrameKind kind) => new(kind, Encapsulation.None, new ProcessorId(1));
}
