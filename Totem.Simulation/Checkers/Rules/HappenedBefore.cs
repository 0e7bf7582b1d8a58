using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 1.1: the shape of a processor's lives, and no event before itself.</summary>
internal sealed class HappenedBefore() : RuleCheck(EvsRule.HappenedBefore)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        for (var slot = 0; slot < index.Processors.Length; slot++)
            CheckLives(index, slot, findings);
        if (index.IsOrdered)
            return;
        foreach (var knot in index.HappenedBefore.Knots)
        {
            if (findings.IsFull || index.HappenedBefore.ShortCycle(knot) is not { } cycle)
                return;
            var legs = Cycle.Legs(index, cycle);
            findings.Add($"an event happened before itself: {Cycle.Describe(index, legs)}", legs);
        }
    }

    private static void CheckLives(TraceIndex index, int slot, Findings findings)
    {
        for (var e = index.FirstEvents[slot]; e < index.FirstEvents[slot + 1] && !findings.IsFull; e++)
        {
            var current = index.Events[e];
            if (e == index.FirstEvents[slot])
            {
                if (current.Kind != TraceEventKind.Start)
                    findings.Add("a processor's first event is not a start", e);
                continue;
            }

            var before = index.Events[e - 1];
            if (current.Kind == TraceEventKind.Start)
            {
                if (current.Incarnation <= before.Incarnation)
                    findings.Add("a new life has no later incarnation than the one before", e - 1, e);
            }
            else if (before.Kind == TraceEventKind.Fail)
            {
                findings.Add("an event after the failure that ended its life", e - 1, e);
            }
            else if (current.Incarnation != before.Incarnation)
            {
                findings.Add("an event of another life stands between start and end of a life", e - 1, e);
            }
        }
    }
}
