using System.Globalization;

namespace Totem;

/// <summary>A process in a group. Ordered by node, then by process id.</summary>
/// <param name="Node">The processor it runs on, or is.</param>
/// <param name="Pid">Its process id there; any number that tells members of one node apart.</param>
public readonly record struct GroupMember(ProcessorId Node, uint Pid) : IComparable<GroupMember>
{
    /// <inheritdoc />
    public int CompareTo(GroupMember other) =>
        Node == other.Node ? Pid.CompareTo(other.Pid) : Node.Value.CompareTo(other.Node.Value);

    /// <summary>Earlier in a list of members.</summary>
    public static bool operator <(GroupMember left, GroupMember right) => left.CompareTo(right) < 0;

    /// <summary>Later in a list of members.</summary>
    public static bool operator >(GroupMember left, GroupMember right) => left.CompareTo(right) > 0;

    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(GroupMember left, GroupMember right) => left.CompareTo(right) <= 0;

    /// <summary>Later or the same.</summary>
    public static bool operator >=(GroupMember left, GroupMember right) => left.CompareTo(right) >= 0;

    /// <summary>For people: <c>2/4711</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Node}/{Pid}");
}
