namespace Totem.Simulation.Groups;

/// <summary>The events that one process was handed of its group while its processor was on one ring, since the members
/// had synchronised.</summary>
internal sealed class GroupSegment(GroupStream stream, RingId ring)
{
    public GroupStream Stream => stream;

    public RingId Ring => ring;

    /// <summary>The ring before, if the group was synchronised there and the process was in it.</summary>
    public RingId? CameFrom { get; init; }

    public bool IsSynchronized { get; set; }

    /// <summary>The changes of the synchronisation itself.</summary>
    public List<GroupEvent> SyncChanges { get; } = [];

    /// <summary>Messages and memberships, in their order.</summary>
    public List<GroupEvent> Events { get; } = [];

    /// <summary>How many of them came before the transitional configuration; null when there was none.</summary>
    public int? Boundary { get; set; }

    /// <summary>The process was in the group here, at least for a while.</summary>
    public bool IsIn { get; set; }

    /// <summary>The process joined here: its first event is its own join.</summary>
    public bool BeginsWithJoin { get; set; }

    /// <summary>The process ended here.</summary>
    public bool IsOver { get; set; }

    /// <summary>Cuts a stream.</summary>
    public static List<GroupSegment> Of(GroupStream stream)
    {
        var segments = new List<GroupSegment>();
        GroupSegment? current = null;
        var isIn = false;
        foreach (var entry in stream.Events)
        {
            switch (entry.Kind)
            {
                case GroupEventKind.Regular:
                    var from = current is { IsSynchronized: true } && isIn ? current.Ring : (RingId?)null;
                    segments.Add(
                        current = new GroupSegment(stream, entry.Regular!.Ring) { CameFrom = from, IsIn = isIn });
                    break;
                case GroupEventKind.TransitionalConfiguration when current is not null:
                    current.Boundary = current.Events.Count;
                    break;
                case GroupEventKind.Synchronized when current is not null:
                    current.IsSynchronized = true;
                    break;
                default:
                    Add(current, entry, ref isIn);
                    break;
            }
        }

        if (current is not null)
            current.IsOver = stream.IsOver;
        return segments;
    }

    private static void Add(GroupSegment? current, GroupEvent entry, ref bool isIn)
    {
        if (current is null)
            return;
        if (!isIn)
            current.BeginsWithJoin = true;
        current.IsIn = isIn = true;
        if (current.IsSynchronized)
            current.Events.Add(entry);
        else if (entry.Kind == GroupEventKind.Change)
            current.SyncChanges.Add(entry);
    }
}
