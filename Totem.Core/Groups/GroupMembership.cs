using Totem.Core;
using Totem.Core.Groups;

namespace Totem;

/// <summary>Where a membership of this processor stands.</summary>
public enum GroupMembershipState
{
    /// <summary>Asked for; the others do not know yet.</summary>
    Joining,

    /// <summary>The join has taken its place in the order.</summary>
    Joined,

    /// <summary>On its way out.</summary>
    Leaving,

    /// <summary>The leave has taken its place in the order.</summary>
    Left,
}

/// <summary>
/// One process of this processor in one group, as long as it wants to hear of the group. Belongs to the thread that
/// owns the <see cref="GroupProcessor"/>.
/// </summary>
public sealed class GroupMembership
{
    internal GroupMembership(GroupName group, uint pid, ushort tag, object? owner, bool receives = true)
    {
        Group = group;
        Pid = pid;
        Tag = tag;
        Owner = owner;
        Receives = receives;
    }

    /// <summary>The group.</summary>
    public GroupName Group { get; }

    /// <summary>The process.</summary>
    public uint Pid { get; }

    /// <summary>For the host's own use.</summary>
    public object? Owner { get; }

    /// <summary>False for a process that only sends: it is told of changes, and no message is kept
    /// or handed on for its sake.</summary>
    public bool Receives { get; }

    /// <summary>Where it stands.</summary>
    public GroupMembershipState State { get; internal set; }

    /// <summary>Nobody hears for it any more.</summary>
    internal bool IsReleased { get; set; }

    /// <summary>Which membership of this processor it is; on the wire it stands for group and process.</summary>
    internal ushort Tag { get; }
}
