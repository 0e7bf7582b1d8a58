using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>
/// Rule 2.3: the graph of rule 1.1 has no cycle either when all installs of one configuration are one event.
/// </summary>
internal sealed class SimultaneousInstalls() : RuleCheck(EvsRule.SimultaneousInstalls)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        if (index.IsOrdered)
            return;
        var nodeOf = new int[index.Events.Length];
        for (var e = 0; e < nodeOf.Length; e++)
        {
            // A second install at the same processor is for 2.4 to report; here it is an event of its own.
            var isShared = index.Events[e].Kind == TraceEventKind.Install && !index.Stays[e]!.IsRepeated;
            nodeOf[e] = isShared ? index.Stays[e]!.Entry.Index : index.Configurations.Count + e;
        }

        var graph = new EventGraph(
            nodeOf, index.Configurations.Count + nodeOf.Length, HappenedBeforeGraph.Edges(index));
        foreach (var knot in graph.FindKnots())
        {
            if (findings.IsFull)
                return;
            // Configurations first: the cycles wanted go through one, others are 1.1's.
            knot.Sort();
            if (graph.ShortCycle(knot, Cycle.Switches) is not { } cycle)
                continue;
            var legs = Cycle.Legs(index, cycle);
            findings.Add($"one install of a configuration comes before another: {Cycle.Describe(index, legs)}", legs);
        }
    }
}
