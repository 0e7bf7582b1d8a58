using Totem.Core.Groups;
using Totem.Simulation.Groups;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// Holds the journals of all lives against the rules of groups, which docs/design/simulation.md lists: G1 one table, G2
/// nobody from outside the configuration, G3 one sequence, G4 messages as they were sent, G5 every message of a
/// survivor. G6, that everything comes to rest, is <see cref="GroupConditions"/>.
/// </summary>
internal sealed class GroupChecker
{
    private const int FindingsPerRuleMax = 3;

    private readonly List<ScenarioFailure> _findings = [];

    /// <summary>The error.</summary>
    /// <param name="journals">Every life of every processor.</param>
    /// <param name="isQuiescent">Everything came to rest, so what is missing is missing for good.</param>
    public static IReadOnlyList<ScenarioFailure> Check(IReadOnlyList<GroupJournal> journals, bool isQuiescent)
    {
        var checker = new GroupChecker();
        checker.CheckTables(journals);
        var alone = new GroupStreamRules(checker.Report);
        foreach (var journal in journals)
        {
            alone.Check(journal);
            foreach (var stream in journal.Streams)
            {
                alone.Check(stream);
                if (isQuiescent && journal.IsAlive)
                    checker.CheckOwn(stream);
            }
        }

        checker.CheckPairs(journals, new GroupComparison(isQuiescent));
        return checker._findings;
    }

    /// <summary>G1: at the end of a synchronisation all who end it have the same table.</summary>
    private void CheckTables(IReadOnlyList<GroupJournal> journals)
    {
        var tables = new Dictionary<RingId, (ProcessorId Node, string Text)>();
        foreach (var journal in journals)
        {
            foreach (var entry in journal.Events.Where(x => x.Kind == GroupEventKind.Synchronized))
            {
                if (!tables.TryAdd(entry.Regular!.Ring, (journal.Node, entry.Text))
                    && tables[entry.Regular.Ring] is var other && other.Text != entry.Text)
                    Report("G1", $"after {entry.Regular} {other.Node} has {other.Text}\n{journal.Node} has "
                        + $"{entry.Text}");
            }
        }
    }

    /// <summary>G5: whoever lives to the end hears itself; that the others heard it too follows from G3.</summary>
    private void CheckOwn(GroupStream stream)
    {
        if (stream.IsReleased)
            return;
        var heard = stream.Events.Select(x => x.Message).ToHashSet();
        if (stream.Said.Find(x => x.IsAccepted && !heard.Contains(x)) is { } missing)
            Report("G5", $"{stream} never hears its own {missing} ({missing.LengthBytes} bytes, {missing.Parts} "
                + "parts)");
    }

    private void CheckPairs(IReadOnlyList<GroupJournal> journals, GroupComparison comparison)
    {
        var places = journals.SelectMany(x => x.Streams).SelectMany(GroupSegment.Of)
            .GroupBy(x => (x.Stream.Group, x.Ring));
        foreach (var place in places)
        {
            var segments = place.ToArray();
            for (var i = 1; i < segments.Length; i++)
            {
                for (var j = 0; j < i; j++)
                {
                    if (comparison.Compare(segments[j], segments[i]) is { } problem)
                        Report("G3", problem);
                }
            }
        }
    }

    private void Report(string rule, string text)
    {
        if (_findings.Count(x => x.Rule == rule) < FindingsPerRuleMax)
            _findings.Add(new ScenarioFailure(rule, text));
    }
}
