using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 4: stays with the same configuration and the same next one have the same deliveries.</summary>
internal sealed class FailureAtomicity() : RuleCheck(EvsRule.FailureAtomicity)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        foreach (var configuration in index.Configurations)
        {
            var groups = new Dictionary<int, (Stay First, HashSet<int> Delivered)>();
            foreach (var stay in configuration.Stays)
            {
                if (findings.IsFull)
                    return;
                if (Next(index, stay) is not { } next)
                    continue;
                if (groups.TryGetValue(next, out var group))
                    Compare(index, group.First, group.Delivered, stay, findings);
                else
                    groups.Add(next, (stay, Delivered(index, stay)));
            }
        }
    }

    /// <summary>What comes after a stay: a configuration, the quiet end of the run (-1), or nobody knows (null).</summary>
    private static int? Next(TraceIndex index, Stay stay)
    {
        if (stay.Next is not null)
            return stay.Next.Entry.Index;
        return index.EndedQuiet(stay.Life) ? -1 : null;
    }

    private static void Compare(TraceIndex index, Stay first, HashSet<int> expected, Stay stay, Findings findings)
    {
        var delivered = Delivered(index, stay);
        if (delivered.SetEquals(expected))
            return;
        foreach (var m in expected)
        {
            if (!delivered.Contains(m))
                Report(index, first, stay, m, findings);
        }

        foreach (var m in delivered)
        {
            if (!expected.Contains(m))
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
            $"{with.Life.Id} delivers {index.Messages.Id(message)} in {with.Configuration} and {without.Life.Id} does not, " +
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
}
