using System.Globalization;

namespace Totem.Tests.Wireshark;

/// <summary>
/// Says what tshark found in the messages of a frame, in the words of the captures' decode. tshark hands out each
/// field's values over the whole frame, so every message takes as many as its kind has.
/// </summary>
internal sealed class DissectedMessages
{
    private readonly Dictionary<string, Queue<string>> _values;

    private DissectedMessages(DissectedFrame frame) =>
        _values = Fields.ToDictionary(x => x, x => new Queue<string>(frame.All(x)), StringComparer.Ordinal);

    /// <summary>Every field that the lines are made of.</summary>
    public static readonly string[] Fields =
    [
        "totem.copy_of", "totem.msg.kind", "totem.msg.from", "totem.msg.group", "totem.msg.length", "totem.msg.size",
        "totem.sync.ring", "totem.sync.service.count", "totem.sync.service",
        "totem.cpg.group", "totem.cpg.pid", "totem.cpg.reason", "totem.cpg.len", "totem.cpg.source.node",
        "totem.cpg.old_members", "totem.cpg.left.count", "totem.cpg.left",
        "totem.quorum.node", "totem.quorum.votes", "totem.quorum.expected", "totem.quorum.flags",
        "totem.cmap.reason", "totem.cmap.items", "totem.cmap.key", "totem.cmap.type", "totem.cmap.length",
    ];

    /// <summary>The lines of a frame; none for one that was seen before.</summary>
    public static IReadOnlyList<string> Of(DissectedFrame frame)
    {
        if (frame.Has("totem.copy_of"))
            return [];
        var messages = new DissectedMessages(frame);
        return [.. frame.All("totem.msg.kind").Select(messages.Next)];
    }

    private string Next(string kind)
    {
        var (from, group, bytes) = (Take("totem.msg.from"), Take("totem.msg.group"), Number("totem.msg.length"));
        var size = Number("totem.msg.size");
        var sizes = $"size={size}/{bytes - 4 - group.Length}";
        Assert.Equal(kind, Take("totem.msg.kind"));
        return $"from={from} {group} " + kind switch
        {
            "sync barrier" => $"SYNC barrier {sizes} ring={Take("totem.sync.ring")}",
            "sync service build" => $"SYNC service_build {sizes} ring={Take("totem.sync.ring")} services="
                + Tuple(Take(Number("totem.sync.service.count"), "totem.sync.service")),
            "cpg procjoin" or "cpg procleave" =>
                $"CPG {kind[4..]} group='{Take("totem.cpg.group")}' pid={Take("totem.cpg.pid")} "
                + $"reason={Take("totem.cpg.reason")} {sizes}",
            "cpg mcast" => $"CPG mcast group='{Take("totem.cpg.group")}' msglen={Take("totem.cpg.len")} "
                + $"pid={Take("totem.cpg.pid")} "
                + $"src={Take("totem.cpg.source.node")} {sizes}",
            "cpg joinlist" => $"CPG joinlist {Members((size - 24) / 144)} {sizes}",
            "cpg downlist" =>
                $"CPG downlist old={Take("totem.cpg.old_members")} left={_values["totem.cpg.left.count"].Peek()} "
                + $"{Tuple(Take(Number("totem.cpg.left.count"), "totem.cpg.left"))} {sizes}",
            "votequorum nodeinfo" =>
                $"VQ nodeinfo nodeid={Take("totem.quorum.node")} votes={Take("totem.quorum.votes")} "
                + $"expected={Take("totem.quorum.expected")} flags={Hex("totem.quorum.flags")} {sizes}",
            "cmap mcast" => $"CMAP mcast reason={Take("totem.cmap.reason")} items={Take("totem.cmap.items")} "
                + $"key=b'{Take("totem.cmap.key")}' type={Take("totem.cmap.type")} vlen={Take("totem.cmap.length")} "
                + $"{sizes}",
            _ => kind,
        };
    }

    private string Take(string field) => _values[field].Dequeue();

    private string[] Take(int count, string field) => [.. Enumerable.Range(0, count).Select(_ => Take(field))];

    private int Number(string field) => int.Parse(Take(field), CultureInfo.InvariantCulture);

    private uint Hex(string field) => Convert.ToUInt32(Take(field), 16);

    private string Members(int count) =>
        $"[{string.Join(", ", Enumerable.Range(0, count).Select(
            _ => $"({Take("totem.cpg.pid")}, '{Take("totem.cpg.group")}')"))}]";

    /// <summary>As the decoder's language writes it: with a comma behind a single element.</summary>
    private static string Tuple(string[] values) =>
        values.Length == 1 ? $"({values[0]},)" : $"({string.Join(", ", values)})";
}
