using Totem.Accord.Store;
using Totem.Accord.Wire;

namespace Totem.Accord.Watches;

/// <summary>A watch of a client of this conductor.</summary>
/// <param name="Client">The client that it belongs to.</param>
/// <param name="Id">The client's name for it: the id of the request that added it. It names one watch of a client, or,
/// when the client used an id twice, several.</param>
/// <param name="Kinds">The events that it wants.</param>
/// <param name="IsPrefix">Whether it is for all paths that begin with <paramref name="Path"/>.</param>
/// <param name="Path">The path with its closing zero, or a prefix without.</param>
/// <param name="Number">Grows with each watch of this conductor.</param>
internal sealed record Watch<TClient>(
    TClient Client, uint Id, EventKinds Kinds, bool IsPrefix, byte[] Path, long Number);

/// <summary>The watches of this conductor's clients. Looking for those of a path costs as much as the path is long and
/// as there are of them.</summary>
internal sealed class WatchTable<TClient>
    where TClient : notnull
{
    private readonly Dictionary<byte[], List<Watch<TClient>>> _exact = new(PathComparer.Instance);
    private readonly Dictionary<byte[], List<Watch<TClient>>>.AlternateLookup<ReadOnlySpan<byte>> _byPath;
    private readonly PrefixTree<Watch<TClient>> _prefixes = new();
    private readonly Dictionary<TClient, List<Watch<TClient>>> _byClient = [];
    private readonly List<Watch<TClient>> _found = [];
    private long _number;

    /// <summary>An empty table.</summary>
    public WatchTable() => _byPath = _exact.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a watch; false when the client has as many as it may.</summary>
    /// <param name="client">The client that it belongs to.</param>
    /// <param name="id">The client's name for it.</param>
    /// <param name="mask">The events that it wants, and whether it is for a prefix.</param>
    /// <param name="path">The path or the prefix, with its closing zero.</param>
    public bool TryAdd(TClient client, uint id, EventKinds mask, ReadOnlySpan<byte> path)
    {
        if (!_byClient.TryGetValue(client, out var own))
            _byClient.Add(client, own = []);
        if (own.Count == AccordLimits.WatchesPerClientMax)
            return false;
        var isPrefix = mask.HasFlag(EventKinds.Prefix);
        var watch = new Watch<TClient>(client, id, mask, isPrefix, (isPrefix ? path[..^1] : path).ToArray(), _number++);
        own.Add(watch);
        if (isPrefix)
            _prefixes.Add(watch.Path, watch);
        else if (_exact.TryGetValue(watch.Path, out var same))
            same.Add(watch);
        else
            _exact.Add(watch.Path, [watch]);
        Count++;
        return true;
    }

    /// <summary>Removes the newest watch of a client with this id; false when there is none.</summary>
    public bool Remove(TClient client, uint id)
    {
        if (!_byClient.TryGetValue(client, out var own))
            return false;
        var at = own.FindLastIndex(x => x.Id == id);
        if (at < 0)
            return false;
        Forget(own[at]);
        own.RemoveAt(at);
        return true;
    }

    /// <summary>Removes all watches of a client.</summary>
    public void RemoveAll(TClient client)
    {
        if (!_byClient.Remove(client, out var own))
            return;
        foreach (var watch in own)
            Forget(watch);
    }

    /// <summary>The watches that want to know of an event at a path, the newest first. Valid until the next call.
    /// </summary>
    /// <param name="path">The path, with its closing zero.</param>
    /// <param name="kind">The event.</param>
    public IReadOnlyList<Watch<TClient>> Find(ReadOnlySpan<byte> path, EventKinds kind)
    {
        _found.Clear();
        if (Count == 0)
            return _found;
        if (_byPath.TryGetValue(path, out var exact))
            _found.AddRange(exact);
        _prefixes.Find(path[..^1], _found);
        _found.RemoveAll(x => (x.Kinds & kind) == EventKinds.None);
        if (_found.Count > 1)
            _found.Sort(static (a, b) => b.Number.CompareTo(a.Number));
        return _found;
    }

    private void Forget(Watch<TClient> watch)
    {
        Count--;
        if (watch.IsPrefix)
        {
            _prefixes.Remove(watch.Path, watch);
            return;
        }

        var same = _exact[watch.Path];
        same.Remove(watch);
        if (same.Count == 0)
            _exact.Remove(watch.Path);
    }
}
