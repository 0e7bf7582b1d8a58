using System.Text;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers;

/// <summary>A cycle of "before" made readable: what stands in a row at one processor is cut to its two ends.</summary>
internal static class Cycle
{
    /// <summary>The ends of the legs of a cycle, in order: from, to, from, to, ….</summary>
    public static int[] Legs(TraceIndex index, List<(int From, int To)> cycle)
    {
        var legs = new List<(int From, int To)>();
        foreach (var edge in cycle)
        {
            if (legs.Count > 0 && Joins(index, legs[^1], edge))
                legs[^1] = (legs[^1].From, edge.To);
            else
                legs.Add(edge);
        }

        // The cycle may begin in the middle of a leg.
        if (legs.Count > 1 && Joins(index, legs[^1], legs[0]))
        {
            legs[0] = (legs[^1].From, legs[0].To);
            legs.RemoveAt(legs.Count - 1);
        }

        return [.. legs.SelectMany(x => new[] { x.From, x.To })];
    }

    /// <summary>True when the cycle leaves some node by another event than the one it came to: it
    /// needs events taken as one.</summary>
    public static bool Switches(List<(int From, int To)> cycle)
    {
        for (var i = 0; i < cycle.Count; i++)
        {
            if (cycle[i].To != cycle[(i + 1) % cycle.Count].From)
                return true;
        }

        return false;
    }

    /// <summary>One clause per leg: <c>at 1, A before B; at 2, B before A</c>.</summary>
    public static string Describe(TraceIndex index, ReadOnlySpan<int> legs)
    {
        var text = new StringBuilder();
        for (var i = 0; i < legs.Length; i += 2)
        {
            text.Append(i == 0 ? "" : "; ");
            if (index.Slots[legs[i]] == index.Slots[legs[i + 1]])
                text.Append($"at {index.Events[legs[i]].Processor}, {Short(index, legs[i])} before "
                    + $"{Short(index, legs[i + 1])}");
            else
                text.Append($"{Short(index, legs[i])} at {index.Events[legs[i]].Processor} before its delivery at "
                    + $"{index.Events[legs[i + 1]].Processor}");
        }

        return text.ToString();
    }

    private static string Short(TraceIndex index, int e) => index.Events[e].Kind switch
    {
        TraceEventKind.Install => $"install of {index.Events[e].Configuration}",
        TraceEventKind.Send => $"send of {index.Events[e].Message}",
        TraceEventKind.Deliver => $"delivery of {index.Events[e].Message}",
        TraceEventKind.Start => "start",
        _ => "failure",
    };

    private static bool Joins(TraceIndex index, (int From, int To) a, (int From, int To) b) =>
        a.To == b.From && index.Slots[a.From] == index.Slots[a.To] && index.Slots[b.From] == index.Slots[b.To];
}
