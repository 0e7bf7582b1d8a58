using Totem.Core.Model;

namespace Totem.Simulation.Groups;

/// <summary>Rule G3: two processes in one group on one ring were handed the same, from where both were in it.</summary>
internal sealed class GroupComparison(bool isQuiescent)
{
    /// <summary>What is wrong, or null.</summary>
    public string? Compare(GroupSegment a, GroupSegment b)
    {
        if (!a.IsSynchronised || !b.IsSynchronised)
            return null;
        if (a.CameFrom is not null && a.CameFrom == b.CameFrom && !Same(a.SyncChanges, b.SyncChanges))
            return Differ("were told differently what the ring changed", a, b, a.SyncChanges, b.SyncChanges);
        var together = AreTogether(a, b);
        var (ofA, ofB) = (Comparable(a, b, together), Comparable(b, a, together));
        foreach (var (startA, startB) in Starts(a, b, ofA, ofB))
        {
            if (TailsAgree(ofA, startA, a.IsOver, ofB, startB, b.IsOver, together))
                return null;
        }

        var isBlank = (ofA.Count == 0 && (a.BeginsWithJoin || a.IsOver || !together)) || (ofB.Count == 0 && (b.BeginsWithJoin || b.IsOver || !together));
        if (isBlank || (!Starts(a, b, ofA, ofB).Any() && (a.IsOver || b.IsOver || !together)))
            return null;
        return Differ(together ? "went on together and were handed different things" : "were handed different things", a, b, ofA, ofB);
    }

    private bool AreTogether(GroupSegment a, GroupSegment b)
    {
        var hasA = a.Stream.Journal.Next.TryGetValue(a.Ring, out var nextA);
        var hasB = b.Stream.Journal.Next.TryGetValue(b.Ring, out var nextB);
        return hasA && hasB ? nextA == nextB
            : !hasA && !hasB && isQuiescent && a.Stream.Journal.IsAlive && b.Stream.Journal.IsAlive;
    }

    /// <summary>What of a's events b must have: all, when both go on together; else what came before the transitional configuration.</summary>
    private static List<GroupEvent> Comparable(GroupSegment a, GroupSegment b, bool together)
    {
        IEnumerable<GroupEvent> events = together ? a.Events : a.Events.Take(a.Boundary ?? a.Events.Count);
        if (a.Events.Exists(x => x.Message is { Parts: > 1 }))
        {
            var heard = b.Events.Select(x => x.Message).ToHashSet();
            events = events.Where(x => x.Message is not { Parts: > 1 } message || heard.Contains(message) || !MayLackABeginning(b, message));
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

        var (rings, ofSender) = (Path(segment.Stream.Journal, first.Ring, segment.Ring), Path(message.Stream.Journal, first.Ring, segment.Ring));
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

    /// <summary>Where in both lists the later of the two came: at its join, or both with the ring.</summary>
    private static IEnumerable<(int A, int B)> Starts(GroupSegment a, GroupSegment b, List<GroupEvent> ofA, List<GroupEvent> ofB)
    {
        if (!a.BeginsWithJoin && !b.BeginsWithJoin)
            yield return (0, 0);
        // The same process may join several times, and its joins may look the same: one of them must do.
        if (a.BeginsWithJoin && ofA.Count > 0)
        {
            for (var i = 0; i < ofB.Count; i++)
            {
                if (ofB[i].Text == ofA[0].Text)
                    yield return (0, i);
            }
        }

        if (b.BeginsWithJoin && ofB.Count > 0)
        {
            for (var i = 0; i < ofA.Count; i++)
            {
                if (ofA[i].Text == ofB[0].Text)
                    yield return (i, 0);
            }
        }
    }

    private static bool TailsAgree(
        List<GroupEvent> a, int startA, bool isOverA, List<GroupEvent> b, int startB, bool isOverB, bool together)
    {
        var (lengthA, lengthB) = (a.Count - startA, b.Count - startB);
        for (var i = 0; i < Math.Min(lengthA, lengthB); i++)
        {
            if (a[startA + i].Text != b[startB + i].Text)
                return false;
        }

        return !together || lengthA == lengthB || (lengthA > lengthB ? isOverB : isOverA);
    }

    private static bool Same(List<GroupEvent> a, List<GroupEvent> b) => a.Select(x => x.Text).SequenceEqual(b.Select(x => x.Text));

    private static string Differ(string what, GroupSegment a, GroupSegment b, List<GroupEvent> ofA, List<GroupEvent> ofB) => $"""
        {a.Stream} and {b.Stream} {what} on {a.Ring}
        {a.Stream}: {string.Join(" | ", ofA)}
        {b.Stream}: {string.Join(" | ", ofB)}
        """;
}
