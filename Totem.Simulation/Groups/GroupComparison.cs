namespace Totem.Simulation.Groups;

/// <summary>Rule G3: two processes in one group on one ring were handed the same, from where both were in it.</summary>
internal sealed class GroupComparison(bool isQuiescent)
{
    /// <summary>The difference, or null.</summary>
    public string? Compare(GroupSegment a, GroupSegment b)
    {
        // One process after the other: they were never in the group at the same time.
        if (!a.IsSynchronized || !b.IsSynchronized || !a.IsIn || !b.IsIn || IsSameProcess(a.Stream, b.Stream))
            return null;
        if (a.CameFrom is not null && a.CameFrom == b.CameFrom && !Same(a.SyncChanges, b.SyncChanges))
            return Differ("were told differently what the ring changed", a, b, a.SyncChanges, b.SyncChanges);
        var (earlier, later) = InOrder(a, b);
        var together = AreTogether(a, b);
        var (first, second) = (Comparable(earlier, later, together), Comparable(later, earlier, together));
        if (later.BeginsWithJoin && second.Count == 0)
            return null;
        var start = later.BeginsWithJoin ? JoinOf(later, earlier, first) : 0;
        var agree = start < 0 ? earlier.IsOver || !together
            : TailsAgree(first, start, earlier.IsOver, second, later.IsOver, together);
        return agree ? null
            : Differ(together ? "went on together and were handed different things" : "were handed different things",
            earlier, later, first, second);
    }

    private static bool IsSameProcess(GroupStream a, GroupStream b) => a.Journal == b.Journal && a.Member == b.Member;

    private static (GroupSegment Earlier, GroupSegment Later) InOrder(GroupSegment a, GroupSegment b) =>
        a.BeginsWithJoin && (!b.BeginsWithJoin || b.Stream.JoinedAt!.Value.IsBefore(a.Stream.JoinedAt!.Value))
            ? (b, a)
            : (a, b);

    /// <summary>Where the earlier was told of the join of the later; negative when it was not. The same process may
    /// join several times, and its joins look alike.</summary>
    private static int JoinOf(GroupSegment later, GroupSegment earlier, List<GroupEvent> events)
    {
        var stream = later.Stream;
        var joinsBefore = stream.Journal.Streams.Count(x => x.Group == stream.Group && x.Member == stream.Member
            && x.Number < stream.Number
            && x.JoinedAt is { } at && at.Ring == later.Ring
            && (!earlier.BeginsWithJoin || earlier.Stream.JoinedAt!.Value.IsBefore(at)));
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i].Kind == GroupEventKind.Change && events[i].Change!.Joined.Any(x => x.Member == stream.Member)
                && joinsBefore-- == 0)
                return i;
        }

        return -1;
    }

    private bool AreTogether(GroupSegment a, GroupSegment b)
    {
        var hasA = a.Stream.Journal.Next.TryGetValue(a.Ring, out var nextA);
        var hasB = b.Stream.Journal.Next.TryGetValue(b.Ring, out var nextB);
        return hasA && hasB ? nextA == nextB
            : !hasA && !hasB && isQuiescent && a.Stream.Journal.IsAlive && b.Stream.Journal.IsAlive;
    }

    /// <summary>The part of a's events that b must have: all, when both go on together; else what came before the
    /// transitional configuration.</summary>
    private static List<GroupEvent> Comparable(GroupSegment a, GroupSegment b, bool together)
    {
        IEnumerable<GroupEvent> events = together ? a.Events : a.Events.Take(a.Boundary ?? a.Events.Count);
        if (a.Events.Exists(x => x.Message is { Parts: > 1 }))
        {
            var heard = b.Events.Select(x => x.Message).ToHashSet();
            events = events.Where(x => x.Message is not { Parts: > 1 } message || heard.Contains(message)
                || !MayLackABeginning(b, message));
        }

        return [.. events];
    }

    /// <summary>Of a message in parts, who came after the first cannot put the whole together.</summary>
    private static bool MayLackABeginning(GroupSegment segment, GroupMessageRecord message)
    {
        if (message.First is not { } first || segment.Stream.JoinedAt is not { } joined)
            return true;
        if (joined.Ring == first.Ring)
        {
            if (!joined.IsBefore(first))
                return true;
        }

        var (rings, ofSender) = (Path(segment.Stream.Journal, first.Ring, segment.Ring),
            Path(message.Stream.Journal, first.Ring, segment.Ring));
        return !rings.SequenceEqual(ofSender) || (joined.Ring != first.Ring && rings.Contains(joined.Ring));
    }

    private static List<RingId> Path(GroupJournal journal, RingId from, RingId to)
    {
        var path = new List<RingId>();
        var at = from;
        if (journal.Events.All(x => x.Regular?.Ring != from))
            return path;
        path.Add(at);
        while (at != to && journal.Next.TryGetValue(at, out at))
            path.Add(at);
        return path;
    }

    private static bool TailsAgree(
        List<GroupEvent> first, int start, bool isFirstOver, List<GroupEvent> second, bool isSecondOver, bool together)
    {
        var length = first.Count - start;
        for (var i = 0; i < Math.Min(length, second.Count); i++)
        {
            if (first[start + i].Text != second[i].Text)
                return false;
        }

        return !together || length == second.Count || (length > second.Count ? isSecondOver : isFirstOver);
    }

    private static bool Same(List<GroupEvent> a, List<GroupEvent> b) =>
        a.Select(x => x.Text).SequenceEqual(b.Select(x => x.Text), StringComparer.Ordinal);

    private static string Differ(string what, GroupSegment a, GroupSegment b, List<GroupEvent> ofA, List<GroupEvent> ofB) => $"""
        {a.Stream} and {b.Stream} {what} on {a.Ring}
        {a.Stream}: {string.Join(" | ", ofA)}
        {b.Stream}: {string.Join(" | ", ofB)}
        """;
}
