using System.Globalization;

namespace Totem.Tests.Wireshark;

/// <summary>Says what tshark found in a frame in the words of the captures' decode, so that whole
/// lines can be compared.</summary>
internal static class DissectedText
{
    private static readonly string[] KindNames = ["ORF", "MCAST", "MERGE", "JOIN", "COMMIT", "HOLDCANCEL"];

    private const int UdpHeaderBytes = 8;
    private const int HeadersBytes = 14 + 20 + UdpHeaderBytes; // Ethernet, IPv4

    /// <summary>Every field that the lines are made of.</summary>
    public static readonly string[] FrameFields =
    [
        "frame.cap_len", "ip.src", "ip.dst", "udp.srcport", "udp.dstport", "udp.length", "totem.encapsulated",
        "totem.node",
        "totem.sender",
        "totem.ring", "totem.ring.rep", "totem.ring.seq", "totem.seq", "totem.token_seq", "totem.aru",
        "totem.aru_setter",
        "totem.backlog", "totem.fcc", "totem.retrans_flag", "totem.request.ring", "totem.request.seq",
        "totem.origin_count",
        "totem.packing.fragment", "totem.packing.continuation", "totem.packing.length", "totem.join.ring_seq",
        "totem.join.proposed", "totem.join.failed", "totem.join.leave", "totem.commit.filled", "totem.commit.member",
        "totem.commit.old_ring", "totem.commit.aru", "totem.commit.high_delivered", "totem.commit.received",
    ];

    public static string Kind(DissectedFrame x) => KindNames[Number(x["totem.kind"])];

    public static string Source(DissectedFrame x) => $"{x["ip.src"]}:{x["udp.srcport"]}";

    public static string Destination(DissectedFrame x) => $"{x["ip.dst"]}:{x["udp.dstport"]}";

    /// <summary>Of the datagram; where the capture is cut, of what there is of it.</summary>
    public static string Length(DissectedFrame x) =>
        $"{(x.Has("totem.cut")
            ? Number(x["frame.cap_len"]) - HeadersBytes
            : Number(x["udp.length"]) - UdpHeaderBytes)}";

    public static string Fields(DissectedFrame x)
    {
        var rings = x.All("totem.ring.rep").Zip(x.All("totem.ring.seq"), (rep, seq) => $"{rep}.{seq}");
        Assert.Equal(rings, x.All("totem.ring"), StringComparer.Ordinal);
        var text = Kind(x) switch
        {
            "ORF" => Token(x),
            "MCAST" => Message(x),
            "MERGE" => $"node={x["totem.node"]} sys={x["totem.sender"]} ring={x["totem.ring"]}",
            "JOIN" => $"node={x["totem.node"]} sys={x["totem.sender"]} ring_seq={x["totem.join.ring_seq"]} "
                + $"proc={x.Joined("totem.join.proposed")} fail={x.Joined("totem.join.failed")}",
            "COMMIT" => Commit(x),
            _ => $"node={x["totem.node"]} ring={x["totem.ring"]}",
        };
        return x.Has("totem.cut") ? text + " (truncated)" : text;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Token(DissectedFrame x) =>
        $"node={x["totem.node"]} ring={x["totem.ring"]} seq={x["totem.seq"]} token_seq={x["totem.token_seq"]} "
        + $"aru={x["totem.aru"]} "
        + $"aru_addr={x["totem.aru_setter"]} backlog={x["totem.backlog"]} fcc={x["totem.fcc"]} "
        + $"retrans_flg={x["totem.retrans_flag"]} "
        + $"rtr={string.Join(',', x.All("totem.request.ring").Zip(
            x.All("totem.request.seq"), (ring, seq) => $"{ring}:{seq}"))}";

    private static string Message(DissectedFrame x)
    {
        string Header(int i) =>
            $"ring={x.All("totem.ring")[i]} seq={x.All("totem.seq")[i]} this={x.All("totem.origin_count")[i]}";
        string Names(int i) => $"node={x.All("totem.node")[i]} sys={x.All("totem.sender")[i]}";
        var packing = $"frag={x["totem.packing.fragment"]} cont={x["totem.packing.continuation"]} "
            + $"lens={x.Joined("totem.packing.length")}";
        var outer = $"{Names(0)} enc={x["totem.encapsulated"]} {Header(0)}";
        return x["totem.encapsulated"] == "1" ? $"{outer} inner: {Names(1)} {Header(1)} {packing}"
            : $"{outer} {packing}";
    }

    private static string Commit(DissectedFrame x)
    {
        var entries = Enumerable.Range(0, x.All("totem.commit.old_ring").Count).Select(i => string.Join(
            ':',
            x.All("totem.commit.old_ring")[i], x.All("totem.commit.aru")[i],
            x.All("totem.commit.high_delivered")[i], x.All("totem.commit.received")[i]));
        return $"node={x["totem.node"]} token_seq={x["totem.token_seq"]} ring={x["totem.ring"]} "
            + $"retrans_flg={x["totem.retrans_flag"]} "
            + $"memb_index={x["totem.commit.filled"]} addr={x.Joined("totem.commit.member")} "
            + $"memb={string.Join(';', entries)}";
    }
}
