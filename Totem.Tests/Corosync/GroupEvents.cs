namespace Totem.Tests.Corosync;

/// <summary>A member of a process group.</summary>
internal readonly record struct GroupMember(uint Node, uint Pid)
{
    public override string ToString() => $"{Node}:{Pid}";
}

/// <summary>Something that a client of a group is told, in the group's one order.</summary>
internal abstract record GroupEvent;

/// <summary>A message of a load.</summary>
/// <param name="Sender">The sender, as the group says.</param>
/// <param name="Number">Its number, from 1 at each join; 0 when nothing tells it.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="IsIntact">Whether its bytes are those that its sender, number and length ask for.</param>
internal sealed record GroupMessage(GroupMember Sender, uint Number, int Length, bool IsIntact) : GroupEvent
{
    public override string ToString() => $"message {Number} of {Sender}, {Length} bytes{(IsIntact ? "" : ", DAMAGED")}";
}

/// <summary>A change of the group's membership.</summary>
/// <param name="Members">The members from here on, in the order of node and process.</param>
/// <param name="Left">The process that left, with the reason that libcpg numbers so.</param>
/// <param name="Joined">The process that joined, likewise.</param>
internal sealed record GroupChange(
    IReadOnlyList<GroupMember> Members,
    IReadOnlyList<(GroupMember Member, int Reason)> Left,
    IReadOnlyList<(GroupMember Member, int Reason)> Joined) : GroupEvent
{
    public override string ToString()
        => $"members {{{string.Join(", ", Members)}}}, left {{{Text(Left)}}}, joined {{{Text(Joined)}}}";

    private static string Text(IReadOnlyList<(GroupMember Member, int Reason)> list)
        => string.Join(", ", list.Select(x => $"{x.Member} ({x.Reason})"));
}

/// <summary>A change of the ring below.</summary>
internal sealed record GroupRing(string Ring, IReadOnlyList<uint> Nodes) : GroupEvent
{
    public override string ToString() => $"ring {Ring} {{{string.Join(", ", Nodes)}}}";
}
