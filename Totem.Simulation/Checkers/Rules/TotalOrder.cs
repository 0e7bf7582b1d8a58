using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>
/// Rule 6.1: the local orders of deliveries and installs, with all deliveries of a message taken as one event and all
/// installs of a configuration as one, have no cycle. Sends play no part: see EVS §6 for why nothing is lost.
/// </summary>
internal sealed class TotalOrder() : RuleCheck(EvsRule.TotalOrder)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        if (index.IsOrdered)
            return;
        var nodeOf = Nodes(index);
        var edges = new List<(int From, int To)>(index.Events.Length);
        for (var slot = 0; slot < index.Processors.Length; slot++)
        {
            var last = -1;
            for (var e = index.FirstEvents[slot]; e < index.FirstEvents[slot + 1]; e++)
            {
                if (nodeOf[e] < 0)
                    continue;
                if (last >= 0)
                    edges.Add((last, e));
                last = e;
            }
        }

        var graph = new EventGraph(nodeOf, index.Messages.Count + index.Configurations.Count, edges);
        foreach (var knot in graph.FindKnots())
        {
            if (findings.IsFull || graph.ShortCycle(knot, _ => true) is not { } cycle)
                return;
            var legs = Cycle.Legs(index, cycle);
            findings.Add($"no total order agrees with everybody: {Cycle.Describe(index, legs)}", legs);
        }
    }

    /// <summary>
    /// Messages first, then configurations. A processor's second delivery of a message (1.3) and its second install of
    /// a configuration (2.4) are left out: they are reported there.
    /// </summary>
    private static int[] Nodes(TraceIndex index)
    {
        var nodeOf = new int[index.Events.Length];
        Array.Fill(nodeOf, -1);
        for (var e = 0; e < nodeOf.Length; e++)
        {
            if (index.Events[e].Kind == TraceEventKind.Deliver && !index.Messages.IsRepeated[e])
                nodeOf[e] = index.Messages.Of[e];
            else if (index.Events[e].Kind == TraceEventKind.Install && !index.Stays[e]!.IsRepeated)
                nodeOf[e] = index.Messages.Count + index.Stays[e]!.Entry.Index;
        }

        return nodeOf;
    }
}
