using Totem.Accord.Components;
using Totem.Accord.Store;

namespace Totem.Accord.State;

/// <summary>Everything that all conductors have alike: it changes only by batches, in their order, and by the
/// decision which begins a component.</summary>
internal sealed class ReplicatedState
{
    private readonly HashSet<ulong> _clients = [];
    private readonly List<ulong> _clientsInOrder = [];

    /// <summary>Paths and values.</summary>
    public ReplicatedStore Store { get; init; } = new();

    /// <summary>The component in which it was changed last.</summary>
    public ComponentId Component { get; set; }

    /// <summary>How many batches have been executed.</summary>
    public ulong Position { get; set; }

    /// <summary>How many entries have been executed.</summary>
    public ulong EntryCount { get; set; }

    /// <summary>The conductors whose majority makes a component a primary one, sorted.</summary>
    public IReadOnlyList<ConductorId> Voters { get; set; } = [];

    /// <summary>How many of them there should be: until then, a conductor that has caught up becomes one.</summary>
    public int VotersWanted { get; set; } = 1;

    /// <summary>The conductors of the component.</summary>
    public SortedDictionary<ProcessorId, ulong> Conductors { get; } = [];

    /// <summary>How many clients of the old dialect each node ever had: their ids are not given twice.</summary>
    public SortedDictionary<ProcessorId, uint> ClientCounters { get; } = [];

    /// <summary>The clients of the old dialect of all conductors, in the order in which they came.</summary>
    public IReadOnlyList<ulong> Clients => _clientsInOrder;

    /// <summary>Whether a client is among them.</summary>
    public bool HasClient(ulong id) => _clients.Contains(id);

    /// <summary>The node of a client.</summary>
    public static ProcessorId NodeOf(ulong client) => new((uint)client);

    /// <summary>A new client of a node; null when there are as many as may be.</summary>
    public ulong? AddClient(ProcessorId node)
    {
        if (_clientsInOrder.Count == AccordLimits.OldClientsMax)
            return null;
        var counter = ClientCounters.GetValueOrDefault(node);
        ClientCounters[node] = counter + 1;
        var id = ((ulong)counter << 32) | node.Value;
        AddClient(id);
        return id;
    }

    /// <summary>Puts a client on the list, as a snapshot has it.</summary>
    public void AddClient(ulong id)
    {
        if (_clients.Add(id))
            _clientsInOrder.Add(id);
    }

    /// <summary>Takes a client off the list; false when it is not there.</summary>
    public bool RemoveClient(ulong id) => _clients.Remove(id) && _clientsInOrder.Remove(id);

    /// <summary>A number over all of it: conductors with equal states have the same.</summary>
    public ulong Digest()
    {
        var hash = Mix(Store.Digest, (ulong)Store.Count);
        hash = Mix(hash, Position);
        hash = Mix(hash, EntryCount);
        hash = Mix(hash, Component.Number);
        foreach (var id in _clientsInOrder)
            hash = Mix(hash, id);
        foreach (var voter in Voters)
            hash = Mix(hash, voter.Life ^ voter.Node.Value);
        foreach (var (node, counter) in ClientCounters)
            hash = Mix(hash, ((ulong)node.Value << 32) | counter);
        return hash;
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        var x = unchecked((hash + 0x9e3779b97f4a7c15) ^ value);
        x = unchecked((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9);
        x = unchecked((x ^ (x >> 27)) * 0x94d049bb133111eb);
        return x ^ (x >> 31);
    }
}
