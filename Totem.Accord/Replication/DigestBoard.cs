namespace Totem.Accord.Replication;

/// <summary>Compares what the conductors of a component tell of their states.</summary>
internal sealed class DigestBoard
{
    /// <summary>Every so many entries they tell.</summary>
    public const ulong EntriesBetween = 65_536;

    private readonly SortedDictionary<ulong, SortedDictionary<ProcessorId, ulong>> _told = [];

    /// <summary>A conductor tells the hash of its state behind so many entries.</summary>
    /// <param name="entries">How many.</param>
    /// <param name="node">The conductor.</param>
    /// <param name="digest">The hash.</param>
    /// <param name="all">The conductors that have the whole state.</param>
    /// <param name="self">This one.</param>
    /// <returns>True when all have told it and this one is not of the most, or, of two opinions that are held by as
    /// many, not of the one of the lowest node.</returns>
    public bool IsWrong(
        ulong entries, ProcessorId node, ulong digest, IReadOnlyCollection<ProcessorId> all, ProcessorId self)
    {
        if (!_told.TryGetValue(entries, out var told))
        {
            // One that has caught up since tells the next time.
            if (_told.Count == 2)
                _told.Remove(_told.First().Key);
            _told.Add(entries, told = []);
        }

        told[node] = digest;
        if (!all.All(told.ContainsKey) || !told.TryGetValue(self, out var own))
            return false;
        _told.Remove(entries);
        var right = told.GroupBy(x => x.Value).OrderByDescending(x => x.Count()).ThenBy(x => x.Min(y => y.Key)).First();
        return right.Key != own;
    }
}
