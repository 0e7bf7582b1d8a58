using Totem.Core.Groups;

namespace Totem;

/// <summary>Why a member came or went. The values are those of corosync's <c>cpg_reason_t</c>.</summary>
public enum GroupChangeReason
{
    /// <summary>Not said.</summary>
    Undefined = 0,

    /// <summary>The process joined.</summary>
    Joined = 1,

    /// <summary>The process left.</summary>
    Left = 2,

    /// <summary>Its node failed or was cut off.</summary>
    NodeDown = 3,

    /// <summary>Its node came (back) with the process already in the group.</summary>
    NodeUp = 4,

    /// <summary>The process ended without leaving.</summary>
    ProcessDown = 5,
}

/// <summary>One member that came or went.</summary>
/// <param name="Member">The member.</param>
/// <param name="Reason">Why.</param>
public readonly record struct GroupMemberChange(GroupMember Member, GroupChangeReason Reason);

/// <summary>
/// A group has a new membership. It stands between the messages it separates, at the same place of
/// the order at every member.
/// </summary>
/// <param name="Group">Which group.</param>
/// <param name="Ring">The configuration in which it has this membership.</param>
/// <param name="Members">Its members now, sorted.</param>
/// <param name="Joined">The members that came, seen from the membership this process was told of last.</param>
/// <param name="Left">The members that went; when a node failed and came back, a member may be in both, and went
/// first.</param>
public sealed record GroupChange(
    GroupName Group,
    RingId Ring,
    IReadOnlyList<GroupMember> Members,
    IReadOnlyList<GroupMemberChange> Joined,
    IReadOnlyList<GroupMemberChange> Left)
{
    /// <summary>For people: <c>sheepdog {1/12, 2/9}; 2/9 joined (NodeUp)</c>.</summary>
    public override string ToString() =>
        $"{Group} {{{string.Join(", ", Members)}}}"
        + string.Concat(Left.Select(x => $"; {x.Member} went ({x.Reason})"))
        + string.Concat(Joined.Select(x => $"; {x.Member} came ({x.Reason})"));
}
