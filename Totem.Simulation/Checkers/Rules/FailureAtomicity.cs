using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 4: stays with the same configuration and the same next one have the same deliveries.</summary>
internal sealed class FailureAtomicity() : RuleCheck(EvsRule.FailureAtomicity)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        var comparison = new Comparison(index);
        var firsts = new Dictionary<int, Stay>();
        foreach (var configuration in index.Configurations)
        {
            firsts.Clear();
            foreach (var stay in configuration.Stays)
            {
                if (findings.IsFull)
                    return;
                if (Next(index, stay) is { } next && !firsts.TryAdd(next, stay)
                    && !comparison.AreEqual(firsts[next], stay))
                    ReportDifference(index, firsts[next], stay, findings);
            }
        }
    }

    /// <summary>The end of a stay: a configuration, the quiet end of the run (-1), or nobody knows (null).</summary>
    private static int? Next(TraceIndex index, Stay stay)
    {
        if (stay.Next is not null)
            return stay.Next.Entry.Index;
        return index.EndedQuiet(stay.Life) ? -1 : null;
    }

    private static void ReportDifference(TraceIndex index, Stay first, Stay stay, Findings findings)
    {
        var (expected, delivered) = (Delivered(index, first), Delivered(index, stay));
        foreach (var m in expected)
        {
            if (!findings.IsFull && !delivered.Contains(m))
                Report(index, first, stay, m, findings);
        }

        foreach (var m in delivered)
        {
            if (!findings.IsFull && !expected.Contains(m))
                Report(index, stay, first, m, findings);
        }
    }

    private static void Report(TraceIndex index, Stay with, Stay without, int message, Findings findings)
    {
        var delivery = -1;
        for (var e = with.Install; e < with.End && delivery < 0; e++)
        {
            if (index.Events[e].Kind == TraceEventKind.Deliver && index.Messages.Of[e] == message)
                delivery = e;
        }

        var next = without.Next is null ? "the end of the run" : without.Next.Configuration.ToString();
        findings.Add(
            $"{with.Life.Id} delivers {index.Messages.Id(message)} in {with.Configuration} and {without.Life.Id} "
                + "does not, " +
            $"though both go on to {next}",
            delivery, without.Install, without.Next?.Install ?? -1);
    }

    private static HashSet<int> Delivered(TraceIndex index, Stay stay)
    {
        var delivered = new HashSet<int>();
        for (var e = stay.Install + 1; e < stay.End; e++)
        {
            if (index.Events[e].Kind == TraceEventKind.Deliver)
                delivered.Add(index.Messages.Of[e]);
        }

        return delivered;
    }

    /// <summary>Compares two stays' sets of deliveries by marks on the messages: no set is built.</summary>
    private sealed class Comparison(TraceIndex index)
    {
        private readonly int[] _marks = new int[index.Messages.Count];
        private int _mark;

        public bool AreEqual(Stay a, Stay b)
        {
            _mark += 2;
            var count = Mark(a, from: 0, _mark);
            return Mark(b, from: _mark, _mark + 1) == count;
        }

        /// <summary>Marks each delivered message once; -1 when one has not the mark to start from
        /// (0: any will do).</summary>
        private int Mark(Stay stay, int from, int to)
        {
            var count = 0;
            for (var e = stay.Install + 1; e < stay.End; e++)
            {
                if (index.Events[e].Kind != TraceEventKind.Deliver)
                    continue;
                ref var mark = ref _marks[index.Messages.Of[e]];
                if (mark == to)
                    continue;
                if (from != 0 && mark != from)
                    return -1;
                mark = to;
                count++;
            }

            return count;
        }
    }
}
