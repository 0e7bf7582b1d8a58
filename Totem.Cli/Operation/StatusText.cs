using Totem.Cli.Output;

namespace Totem.Cli.Operation;

/// <summary>A member's status as lines for people.</summary>
internal static class StatusText
{
    private const int GroupsMax = 20;

    /// <summary>The whole of it.</summary>
    public static IEnumerable<string> Of(MemberStatus x)
    {
        yield return Headline(x);
        foreach (var problem in x.Problems)
            yield return Row("problem", PlainText.Safe(problem.Text));
        yield return Row("program", $"{PlainText.Safe(x.Program)}, process {x.Pid} on {PlainText.Safe(x.Host)}, for "
            + PlainText.Span(x.Time - x.Started));
        yield return Row("at", PlainText.Safe(x.Address) + $" ({x.Transport})"
            + (x.Cluster.Length > 0 ? $", cluster {PlainText.Safe(x.Cluster)}" : ""));
        foreach (var peer in x.Peers)
            yield return Row(peer == x.Peers[0] ? "members" : "", Peer(x, peer));
        foreach (var line in Groups(x))
            yield return line;
        foreach (var reader in x.Readers)
            yield return Row("lag", $"{(reader.Name.Length == 0 ? "the ring's events" : PlainText.Safe(reader.Name))}: "
                + $"{PlainText.Bytes(reader.UnreadBytes)} unread{(reader.IsBehind ? ", and the ring waits" : "")}");
        yield return Row("token", x.Rotation.Count == 0 ? "has not come round yet"
            : $"round in {PlainText.Span(x.Rotation.Median)}, 99% within {PlainText.Span(x.Rotation.P99)}; "
                + $"window {PlainText.Number(x.Window)}");
        var s = x.Statistics;
        yield return Row("messages", $"{PlainText.Number(s.MessagesDelivered)} delivered "
            + $"({PlainText.Bytes(s.BytesDelivered)}), {PlainText.Number(s.MessagesSent)} sent, "
            + $"{PlainText.Number(x.Backlog)} wait");
        yield return Row("losses", $"{PlainText.Number(s.MessagesRetransmitted)} frames sent again, "
            + $"{PlainText.Number(s.RetransmitRequests)} asked for, {PlainText.Number(s.TokensRetransmitted)} tokens "
            + $"again, {PlainText.Number(s.DatagramsDropped)} datagrams dropped, {PlainText.Number(s.Pauses)} pauses");
        if (x.LastChange is { } change)
            yield return Row("changed", $"{ClockTime.Of(change.At)} {change.Sentence}");
    }

    private static string Headline(MemberStatus x)
    {
        var ring = x.Ring is { } id ? $"ring {id}" : "no ring yet";
        var count = x.ExpectedCount is { } expected ? $"{x.MemberCount} of {expected}" : $"{x.MemberCount}";
        return $"node {x.Node}: {x.Health}; {ring}, {count} members, {x.Phase} for {PlainText.Span(x.Time - x.Since)}";
    }

    private static string Peer(MemberStatus x, PeerStatus peer)
    {
        var place = $"{peer.Node} {PlainText.Safe(peer.Address)}";
        if (peer.Node == x.Node)
            return $"{place}, this one";
        var heard = peer.LastHeard is { } ago ? $"heard {PlainText.Span(ago)} ago" : "never heard";
        return peer.IsMember ? $"{place}, {heard}" : $"{place}, not on the ring, {heard}";
    }

    private static IEnumerable<string> Groups(MemberStatus x)
    {
        if (x.Groups is not { } groups)
        {
            yield return Row("groups", "the ring's thread does not say");
            yield break;
        }

        foreach (var group in groups.Take(GroupsMax))
            yield return Row(group == groups[0] ? "groups" : "", Group(group));
        if (groups.Count > GroupsMax)
            yield return Row("", $"and {groups.Count - GroupsMax} more (totem groups)");
    }

    /// <summary>A group and its processes, as <c>node/pid</c>.</summary>
    public static string Group(GroupStatus group) =>
        $"{PlainText.Safe(group.Name)} {{{string.Join(", ", group.Members.Select(x => $"{x.Node}/{x.Pid}"))}}}";

    private static string Row(string name, string text) => $"  {name,-9} {text}";
}
