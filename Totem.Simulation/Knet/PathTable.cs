using Totem.Simulation.Model;

namespace Totem.Simulation.Knet;

/// <summary>One direction of one link between two members, and its faults.</summary>
internal sealed class PathState
{
    public bool IsCut { get; set; }

    public double LossRate { get; set; }

    public double DuplicateRate { get; set; }

    public double CorruptRate { get; set; }

    public long AddedDelay { get; set; }

    public long Jitter { get; set; }

    /// <summary>The most that the path carries; more is dropped without a word.</summary>
    public int IpBytes { get; set; } = KnetClusterSetup.IpBytes;

    /// <summary>The most that the sender's interface takes; more is refused.</summary>
    public int InterfaceIpBytes { get; set; } = KnetClusterSetup.IpBytes;

    public void Heal()
    {
        (IsCut, LossRate, DuplicateRate, CorruptRate, AddedDelay, Jitter) = (false, 0, 0, 0, 0, 0);
        (IpBytes, InterfaceIpBytes) = (KnetClusterSetup.IpBytes, KnetClusterSetup.IpBytes);
    }
}

/// <summary>Every direction of every link.</summary>
internal sealed class PathTable
{
    private readonly PathState[] _paths;
    private readonly int _nodes;
    private readonly int _links;

    public PathTable(int nodes, int links)
    {
        (_nodes, _links) = (nodes, links);
        _paths = new PathState[nodes * nodes * links];
        for (var i = 0; i < _paths.Length; i++)
            _paths[i] = new PathState();
    }

    public int Count => _paths.Length;

    public PathState this[int from, int to, int link] => _paths[IndexOf(from, to, link)];

    public int IndexOf(int from, int to, int link) => (((from * _nodes) + to) * _links) + link;

    public void Heal()
    {
        foreach (var path in _paths)
            path.Heal();
    }
}
