namespace Totem.Simulation.Network;

/// <summary>The faults of each direction of each link. Processors are named by their place in the cluster.</summary>
internal sealed class LinkTable
{
    private readonly int _nodes;
    private readonly int[] _group;
    private readonly bool[] _cut;
    private readonly double[] _lossRate;
    private readonly long[] _addedDelay;
    private readonly long[] _dark;

    public LinkTable(int nodes)
    {
        _nodes = nodes;
        _group = new int[nodes];
        _cut = new bool[nodes * nodes];
        _lossRate = new double[nodes * nodes];
        _addedDelay = new long[nodes * nodes];
        _dark = new long[nodes * nodes];
    }

    /// <summary>True when nothing passes in this direction now.</summary>
    public bool IsClosed(int from, int to, long now)
    {
        var link = Link(from, to);
        return _group[from] != _group[to] || _cut[link] || _dark[link] > now;
    }

    /// <summary>True when this direction is cut or the two are in different partitions: faults that last.</summary>
    public bool IsCut(int from, int to) => _group[from] != _group[to] || _cut[Link(from, to)];

    public double LossRate(int from, int to) => _lossRate[Link(from, to)];

    public long AddedDelay(int from, int to) => _addedDelay[Link(from, to)];

    /// <summary>Puts each processor into a piece; only those in the same piece hear each other.</summary>
    public void Partition(ReadOnlySpan<int> groupOfNode) => groupOfNode.CopyTo(_group);

    public void SetCut(int from, int to, bool cut) => _cut[Link(from, to)] = cut;

    public void SetLossRate(int from, int to, double rate) => _lossRate[Link(from, to)] = rate;

    public void SetAddedDelay(int from, int to, long ticks) => _addedDelay[Link(from, to)] = ticks;

    /// <summary>Nothing passes until then.</summary>
    public void Darken(int from, int to, long until) => _dark[Link(from, to)] = until;

    /// <summary>Ends every fault.</summary>
    public void Heal()
    {
        Array.Clear(_group);
        Array.Clear(_cut);
        Array.Clear(_lossRate);
        Array.Clear(_addedDelay);
        Array.Clear(_dark);
    }

    private int Link(int from, int to) => from * _nodes + to;
}
