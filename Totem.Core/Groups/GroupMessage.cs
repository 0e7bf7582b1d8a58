namespace Totem.Core.Groups;

/// <summary>The kinds of group messages, in either encoding. The values are those of our own encoding.</summary>
internal enum GroupMessageKind : byte
{
    /// <summary>None of them.</summary>
    Unknown = 0,

    /// <summary>A message to the group.</summary>
    Message = 1,

    /// <summary>A process joins.</summary>
    Join = 2,

    /// <summary>A process leaves, or is gone.</summary>
    Leave = 3,

    /// <summary>The processes of one node, when the members of a configuration synchronise.</summary>
    State = 4,

    /// <summary>A part of a message too long for one.</summary>
    Part = 5,
}

/// <summary>Which part of a message too long for one (WIRE §14.2, partial mcast).</summary>
internal enum MessagePart : byte
{
    /// <summary>It is whole.</summary>
    Whole = 0,

    /// <summary>The first part.</summary>
    First = 1,

    /// <summary>Neither the first nor the last.</summary>
    Middle = 2,

    /// <summary>The last part.</summary>
    Last = 3,
}

/// <summary>A group message of either encoding, as far as the kind fills it.</summary>
internal ref struct GroupMessage
{
    public GroupMessageKind Kind;

    /// <summary>corosync: the group. Ours: only in a join.</summary>
    public ReadOnlySpan<byte> Name;

    /// <summary>corosync: the process. Ours: only in a join.</summary>
    public uint Pid;

    /// <summary>Ours: which membership of its sender; 0 in corosync's encoding.</summary>
    public ushort Tag;

    public GroupChangeReason Reason;
    public MessagePart Part;
    public uint WholeBytes;
    public ReadOnlySpan<byte> Payload;
}
