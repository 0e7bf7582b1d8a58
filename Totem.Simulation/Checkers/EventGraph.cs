namespace Totem.Simulation.Checkers;

/// <summary>
/// A graph over the events of a trace in which several events may be one node. It finds out in linear time whether it
/// has cycles, and then names a short one of each knot (strongly connected component).
/// </summary>
/// <param name="nodeOf">By event, its node; -1 for events that play no part.</param>
/// <param name="nodeCount">How many nodes there are.</param>
/// <param name="edges">Pairs of events, the first before the second.</param>
internal sealed class EventGraph(int[] nodeOf, int nodeCount, List<(int From, int To)> edges)
{
    /// <summary>How many nodes of a knot are tried as the beginning of a short cycle.</summary>
    private const int TriesPerKnotMax = 32;

    private int[] _firstEdge = [];
    private int[] _edgesByNode = [];

    /// <summary>By node, the number of its knot; -1 for a node on no cycle. Filled by
    /// <see cref="FindKnots"/>.</summary>
    public int[] KnotOf { get; private set; } = [];

    /// <summary>The knots: sets of nodes that all come before one another. Empty when the graph has no cycle.</summary>
    public List<List<int>> FindKnots()
    {
        SortEdges();
        KnotOf = new int[nodeCount];
        Array.Fill(KnotOf, -1);
        var onCycle = RemoveAcyclic();
        return onCycle is null ? [] : StronglyConnected(onCycle);
    }

    /// <summary>
    /// A short cycle inside a knot, as pairs of events (the edges); the shortest through one of the first few nodes.
    /// </summary>
    /// <param name="knot">One of <see cref="FindKnots"/>.</param>
    /// <param name="accept">Which cycles are wanted.</param>
    /// <returns>Null when none of those tried is accepted.</returns>
    public List<(int From, int To)>? ShortCycle(List<int> knot, Func<List<(int From, int To)>, bool> accept)
    {
        List<(int From, int To)>? best = null;
        foreach (var start in knot.Take(TriesPerKnotMax))
        {
            var cycle = CycleThrough(start);
            if (cycle is not null && (best is null || cycle.Count < best.Count) && accept(cycle))
                best = cycle;
        }

        return best;
    }

    private void SortEdges()
    {
        _firstEdge = new int[nodeCount + 1];
        foreach (var edge in edges)
            _firstEdge[nodeOf[edge.From] + 1]++;
        for (var i = 0; i < nodeCount; i++)
            _firstEdge[i + 1] += _firstEdge[i];
        _edgesByNode = new int[edges.Count];
        var filled = _firstEdge.AsSpan(0, nodeCount).ToArray();
        for (var i = 0; i < edges.Count; i++)
            _edgesByNode[filled[nodeOf[edges[i].From]]++] = i;
    }

    /// <summary>Takes away node after node that nothing precedes; null when that takes them all.</summary>
    private bool[]? RemoveAcyclic()
    {
        var before = new int[nodeCount];
        foreach (var edge in edges)
            before[nodeOf[edge.To]]++;
        var free = new Stack<int>();
        for (var node = 0; node < nodeCount; node++)
        {
            if (before[node] == 0)
                free.Push(node);
        }

        var left = nodeCount;
        while (free.TryPop(out var node))
        {
            left--;
            foreach (var next in Successors(node))
            {
                if (--before[next] == 0)
                    free.Push(next);
            }
        }

        return left == 0 ? null : Array.ConvertAll(before, x => x > 0);
    }

    /// <summary>Tarjan's algorithm with its own stack: traces are longer than call stacks are deep.</summary>
    private List<List<int>> StronglyConnected(bool[] candidates)
    {
        var knots = new List<List<int>>();
        var rank = new int[nodeCount];
        var low = new int[nodeCount];
        var edge = new int[nodeCount];
        var open = new bool[nodeCount];
        var path = new Stack<int>();
        var component = new Stack<int>();
        var visited = 0;
        for (var root = 0; root < nodeCount; root++)
        {
            if (!candidates[root] || rank[root] != 0)
                continue;
            path.Push(root);
            while (path.TryPeek(out var node))
            {
                if (rank[node] == 0)
                {
                    rank[node] = low[node] = ++visited;
                    edge[node] = _firstEdge[node];
                    open[node] = true;
                    component.Push(node);
                }

                if (TryDescend(node, path, candidates, rank, low, edge, open))
                    continue;
                path.Pop();
                if (path.TryPeek(out var parent))
                    low[parent] = Math.Min(low[parent], low[node]);
                if (low[node] == rank[node])
                    CloseComponent(node, component, open, knots);
            }
        }

        return knots;
    }

    private bool TryDescend(
        int node, Stack<int> path, bool[] candidates, int[] rank, int[] low, int[] edge, bool[] open)
    {
        while (edge[node] < _firstEdge[node + 1])
        {
            var next = nodeOf[edges[_edgesByNode[edge[node]++]].To];
            if (!candidates[next])
                continue;
            if (rank[next] == 0)
            {
                path.Push(next);
                return true;
            }

            if (open[next])
                low[node] = Math.Min(low[node], rank[next]);
        }

        return false;
    }

    private void CloseComponent(int root, Stack<int> component, bool[] open, List<List<int>> knots)
    {
        var knot = new List<int>();
        int node;
        do
        {
            node = component.Pop();
            open[node] = false;
            knot.Add(node);
        }
        while (node != root);

        if (knot.Count == 1)
            return;
        foreach (var member in knot)
            KnotOf[member] = knots.Count;
        knots.Add(knot);
    }

    /// <summary>Breadth first from a node back to itself, inside its knot.</summary>
    private List<(int From, int To)>? CycleThrough(int start)
    {
        var cameBy = new Dictionary<int, int>();
        var queue = new Queue<int>([start]);
        while (queue.TryDequeue(out var node))
        {
            for (var i = _firstEdge[node]; i < _firstEdge[node + 1]; i++)
            {
                var next = nodeOf[edges[_edgesByNode[i]].To];
                if (KnotOf[next] != KnotOf[start] || !cameBy.TryAdd(next, _edgesByNode[i]))
                    continue;
                if (next == start)
                    return PathTo(start, cameBy);
                queue.Enqueue(next);
            }
        }

        return null;
    }

    private List<(int From, int To)> PathTo(int start, Dictionary<int, int> cameBy)
    {
        var path = new List<(int From, int To)>();
        var node = start;
        do
        {
            var edge = edges[cameBy[node]];
            path.Add(edge);
            node = nodeOf[edge.From];
        }
        while (node != start);

        path.Reverse();
        return path;
    }

    private IEnumerable<int> Successors(int node)
    {
        for (var i = _firstEdge[node]; i < _firstEdge[node + 1]; i++)
            yield return nodeOf[edges[_edgesByNode[i]].To];
    }
}
