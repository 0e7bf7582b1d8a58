using System.Buffers.Binary;
using Totem.Core.Wire;

namespace Totem.Tests.Core.Wire;

/// <summary>Describes a decoded frame in the words of the captures' decode, so that whole lines can
/// be compared.</summary>
internal static class FrameText
{
    /// <summary>The decode's name for what we decoded.</summary>
    public static string Kind(AnyFrame frame) => frame.Header.Kind switch
    {
        FrameKind.RegularToken => "ORF",
        FrameKind.RegularMessage => "MCAST",
        FrameKind.MergeDetect => "MERGE",
        FrameKind.Join => "JOIN",
        FrameKind.CommitToken => "COMMIT",
        _ => "HOLDCANCEL",
    };

    /// <summary>The decode's fields. Uninitialised ones (target, a merge detect's trailer) are in neither.</summary>
    public static string Fields(AnyFrame frame) => frame switch
    {
        TokenFrame x => Fields(x.Token, x.Requests.Items),
        MessageFrame x => Fields(x),
        MergeFrame { Trailer: null, Detect: var x } => $"node={x.Header.Node} sys={x.System} ring={x.Ring}",
        JoinFrame { Join: var x } =>
            $"node={x.Header.Node} sys={x.System} ring_seq={x.RingSequence} proc={Ids(x.Proposed)} "
                + $"fail={Ids(x.Failed)}",
        CommitFrame { Commit: var x } => Fields(x),
        HoldCancelFrame { Cancel: var x } => $"node={x.Header.Node} ring={x.Ring}",
        _ => throw new ArgumentException("no real daemon sends this frame", nameof(frame)),
    };

    /// <summary>The decode's fields with the ids of a join's lists in ascending order: their order
    /// on the wire says nothing.</summary>
    public static string WithSortedIds(string kind, string fields) => kind != "JOIN" ? fields
        : string.Join(' ', fields.Split(' ').Select(x => x.StartsWith("proc=", StringComparison.Ordinal)
            || x.StartsWith("fail=", StringComparison.Ordinal)
            ? x[..5] + string.Join(',', x[5..].Split(',').Order(StringComparer.Ordinal))
            : x));

    private static string Fields(RegularToken x, RetransmitRequest[] requests) =>
        $"node={x.Header.Node} ring={x.Ring} seq={x.Seq} token_seq={x.TokenSeq} aru={x.Aru} aru_addr={x.AruSetter} "
        + $"backlog={x.Backlog} fcc={x.FlowControlCount} retrans_flg={x.RetransFlag} "
        + $"rtr={string.Join(',', requests.Select(r => $"{r.Ring}:{r.Seq}"))}";

    private static string Fields(CommitToken x) =>
        $"node={x.Header.Node} token_seq={x.TokenSeq} ring={x.Ring} retrans_flg={x.RetransFlag} "
        + $"memb_index={x.FilledCount} "
        + $"addr={Ids(x.Members)} "
        + $"memb={string.Join(';', x.Entries.Select(
            e => $"{e.OldRing}:{e.Aru}:{e.HighDelivered}:{(e.ReceivedFlag ? 1 : 0)}"))}";

    private static string Fields(MessageFrame frame)
    {
        var x = frame.Message;
        var outer = $"node={x.Header.Node} sys={x.System} enc={(int)x.Header.Encapsulation} ring={x.Ring} seq={x.Seq} "
            + $"this={x.OriginCount}";
        if (x.Header.Encapsulation == Encapsulation.Regular)
            return $"{outer} {PackingFields(frame.Payload.Items)}";
        var inner = (MessageFrame)AnyFrame.Read(frame.Payload.Items);
        var y = inner.Message;
        Assert.Equal(Encapsulation.Regular, y.Header.Encapsulation);
        return $"{outer} inner: node={y.Header.Node} sys={y.System} ring={y.Ring} seq={y.Seq} this={y.OriginCount} "
            + PackingFields(inner.Payload.Items);
    }

    // The packing header, WIRE §12.1. The codec under test ends where it begins; it is read here to show that.
    private static string PackingFields(byte[] payload)
    {
        var count = BinaryPrimitives.ReadUInt16LittleEndian(payload.AsSpan(6));
        var lengths = Enumerable.Range(0, count)
            .Select(i => BinaryPrimitives.ReadUInt16LittleEndian(payload.AsSpan(8 + 2 * i)));
        return $"frag={payload[4]} cont={payload[5]} lens={string.Join(',', lengths)}";
    }

    private static string Ids(ProcessorSet set) => string.Join(',', set);
}
