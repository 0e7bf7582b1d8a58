
namespace Totem.Cli.Nodes;

/// <summary>A process in a group.</summary>
internal sealed record GroupProcess(uint Node, uint Pid, string? Reason = null)
{
    /// <summary>For people: <c>2/4711</c>.</summary>
    public override string ToString() => $"{Node}/{Pid}";

    /// <summary>A member as programs read it.</summary>
    public static GroupProcess From(GroupMember member) => new(member.Node.Value, member.Pid);

    /// <summary>Somebody who came or went, with the reason.</summary>
    public static GroupProcess From(GroupMemberChange change) =>
        From(change.Member) with { Reason = change.Reason.ToString() };
}

/// <summary>A group's membership has changed, or will: then it is transitional and names those who
/// come along.</summary>
internal sealed record GroupChanged(
    DateTimeOffset At, string Group, string Kind, string Ring, GroupProcess[] Members, GroupProcess[] Joined,
    GroupProcess[] Left) : NodeEvent(At)
{
    /// <summary>The event for a change that the engine reports.</summary>
    public static GroupChanged From(GroupChange change, bool isTransitional, DateTimeOffset at) => new(
        at, change.Group.ToString(), isTransitional ? "transitional" : "regular", change.Ring.ToString(),
        [.. change.Members.Select(GroupProcess.From)], [.. change.Joined.Select(GroupProcess.From)],
        [.. change.Left.Select(GroupProcess.From)]);
}

/// <summary>A message to a group is delivered.</summary>
internal sealed record GroupMessageDelivered(
    DateTimeOffset At, string Group, uint Sender, uint Pid, string Ring, string Guarantee, string? Text, string? Base64)
        : NodeEvent(At);

/// <summary>A group there is on the ring.</summary>
internal sealed record GroupListed(DateTimeOffset At, string Group, GroupProcess[] Members) : NodeEvent(At)
{
    /// <summary>The event for a group of the ring.</summary>
    public static GroupListed From(GroupName group, IReadOnlyList<GroupMember> members, DateTimeOffset at) =>
        new(at, group.ToString(), [.. members.Select(GroupProcess.From)]);
}
