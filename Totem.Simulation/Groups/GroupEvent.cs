using Totem.Core.Groups;

namespace Totem.Simulation.Groups;

/// <summary>An event that a process in a group was handed, or that happened around it meanwhile.</summary>
internal enum GroupEventKind
{
    /// <summary>A regular configuration.</summary>
    Regular,

    /// <summary>A transitional configuration.</summary>
    TransitionalConfiguration,

    /// <summary>The members of the regular configuration have synchronised.</summary>
    Synchronized,

    /// <summary>The group has a new membership.</summary>
    Change,

    /// <summary>Some members of the group did not come along.</summary>
    Transitional,

    /// <summary>A message to the group.</summary>
    Message,
}

/// <summary>One entry of a journal.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">The same at two processes exactly when they were handed the same.</param>
/// <param name="Regular">The regular configuration delivered last, this one included.</param>
internal sealed record GroupEvent(GroupEventKind Kind, string Text, Configuration? Regular)
{
    /// <summary>A change or transitional notice.</summary>
    public GroupChange? Change { get; init; }

    /// <summary>A message.</summary>
    public GroupMessageRecord? Message { get; init; }

    /// <summary>A transitional configuration.</summary>
    public Configuration? Transitional { get; init; }

    /// <summary>Synchronized: who is in which group.</summary>
    public IReadOnlyList<GroupRoster> Table { get; init; } = [];

    /// <summary>The errors that the journal saw at once: other bytes, another sender.</summary>
    public string? Problem { get; init; }

    /// <inheritdoc />
    public override string ToString() => Text;
}

/// <summary>Where in the total order something stands.</summary>
internal readonly record struct OrderPlace(RingId Ring, Seq Seq, int Index)
{
    /// <summary>Both are on one ring, and this comes first.</summary>
    public bool IsBefore(in OrderPlace other) =>
        Ring == other.Ring && (Seq < other.Seq || (Seq == other.Seq && Index < other.Index));
}

/// <summary>A message that a process handed in.</summary>
internal sealed class GroupMessageRecord(
    GroupStream stream, long number, int lengthBytes, int parts, Guarantee guarantee)
{
    public GroupStream Stream => stream;

    /// <summary>The how-manieth of its life.</summary>
    public long Number => number;

    public int LengthBytes => lengthBytes;

    public int Parts => parts;

    public Guarantee Guarantee => guarantee;

    public ulong Hash { get; set; }

    /// <summary>The engine took all of it.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>Where its first part stands, once it was sent.</summary>
    public OrderPlace? First { get; set; }

    public override string ToString() => $"message {number} of {stream}";
}
