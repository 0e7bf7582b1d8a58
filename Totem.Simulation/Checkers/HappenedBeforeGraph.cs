using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers;

/// <summary>Happened before: from each event to the next of its processor, and from a send to the
/// deliveries of its message.</summary>
internal sealed class HappenedBeforeGraph
{
    private readonly EventGraph _graph;

    public HappenedBeforeGraph(TraceIndex index)
    {
        _graph = new EventGraph(Enumerable.Range(0, index.Events.Length).ToArray(), index.Events.Length, Edges(index));
        Knots = _graph.FindKnots();
    }

    /// <summary>Sets of events that all happened before one another; there should be none.</summary>
    public List<List<int>> Knots { get; }

    /// <summary>A short cycle of a knot.</summary>
    public List<(int From, int To)>? ShortCycle(List<int> knot) => _graph.ShortCycle(knot, _ => true);

    /// <summary>True when each of two different events happened before the other.</summary>
    public bool AreOnOneCycle(int a, int b) => _graph.KnotOf[a] >= 0 && _graph.KnotOf[a] == _graph.KnotOf[b];

    /// <summary>The edges, as pairs of events.</summary>
    public static List<(int From, int To)> Edges(TraceIndex index)
    {
        var edges = new List<(int From, int To)>(index.Events.Length + index.Messages.DeliveryCount);
        for (var e = 1; e < index.Events.Length; e++)
        {
            if (index.Slots[e] == index.Slots[e - 1])
                edges.Add((e - 1, e));
        }

        for (var m = 0; m < index.Messages.Count; m++)
        {
            var send = index.Messages.Send(m);
            if (send < 0)
                continue;
            foreach (var delivery in index.Messages.Deliveries(m))
                edges.Add((send, delivery));
        }

        return edges;
    }
}
