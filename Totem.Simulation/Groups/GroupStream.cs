using Totem.Core.Groups;

namespace Totem.Simulation.Groups;

/// <summary>One process in one group, from asking to join until it has left: all it was handed.</summary>
internal sealed class GroupStream(GroupJournal journal, GroupName group, uint pid, int number)
{
    public GroupJournal Journal => journal;

    public GroupName Group { get; } = group;

    public GroupMember Member { get; } = new(journal.Node, pid);

    /// <summary>The how-manieth stream of its life this is.</summary>
    public int Number => number;

    /// <summary>Null until the join was accepted.</summary>
    public GroupMembership? Membership { get; set; }

    /// <summary>Where the join stands, once it was sent.</summary>
    public OrderPlace? JoinedAt { get; set; }

    /// <summary>It was told of a membership.</summary>
    public bool HasJoined { get; set; }

    /// <summary>The process ended without listening to the end.</summary>
    public bool IsReleased { get; set; }

    /// <summary>It was told that it has left.</summary>
    public bool HasLeft { get; set; }

    /// <summary>Nothing more is to be handed to it.</summary>
    public bool IsOver => IsReleased || HasLeft;

    public List<GroupEvent> Events { get; } = [];

    /// <summary>The message.</summary>
    public List<GroupMessageRecord> Said { get; } = [];

    /// <inheritdoc />
    public override string ToString() => $"{Member}#{journal.Life}.{number} in {Group}";
}
