using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// Removes the entries that all sessions have read; a session counts from its first entry on until the entry that says that it is gone.
/// The lowest session does it. Should two believe to be it, they remove the same.
/// </summary>
internal sealed class LogCollector(ZooKeeperSession session)
{
    private const int BatchSize = 128;

    /// <summary>Sizes of entries that were read and not removed yet, from <see cref="_firstSize"/> on.</summary>
    private readonly Queue<int> _sizes = new();
    private uint _firstSize;
    private long _bytes;

    private uint? _removedTo;
    private bool _isRunning;

    /// <summary>An entry was read. Under the driver's lock.</summary>
    public void Count(uint position, int size, bool isCollecting)
    {
        if (!isCollecting)
        {
            _sizes.Clear();
            _bytes = 0;
            return;
        }

        if (_sizes.Count == 0)
            _firstSize = position;
        _sizes.Enqueue(size);
        _bytes += size;
    }

    /// <summary>Removes what can be removed, unless that is under way. Under the driver's lock.</summary>
    public void Run()
    {
        if (_isRunning)
            return;
        _isRunning = true;
        _ = RunAsync();
    }

    private async Task RunAsync()
    {
        try
        {
            await CollectAsync().ConfigureAwait(false);
        }
        finally
        {
            session.Do(() => _isRunning = false);
        }
    }

    private async Task CollectAsync()
    {
        // These first: whoever was handed something had its mark by then.
        var (handoverCode, handovers) = await session.Client.ChildrenAsync(session.Paths.Handovers).ConfigureAwait(false);
        var (code, names) = await session.Client.ChildrenAsync(session.Paths.Positions).ConfigureAwait(false);
        if (code != ZooKeeperCode.Ok || handoverCode != ZooKeeperCode.Ok)
            return;
        var marks = await MarksAsync(names).ConfigureAwait(false);
        var end = 0u;
        long bytes = 0;
        session.Do(() => (end, bytes) = (session.Position, _bytes));
        if (marks is null || end == 0)
            return;
        ExpelBehind(marks, end, bytes);
        var least = marks.Values.Append(end).Min();
        if (await RemoveAsync(least).ConfigureAwait(false))
            session.Do(() => Forget(least));
        await RemoveHandoversAsync(handovers, marks).ConfigureAwait(false);
    }

    /// <summary>Null when not all are known: then nothing is known.</summary>
    private async Task<Dictionary<PeerId, uint>?> MarksAsync(string[] names)
    {
        var marks = new Dictionary<PeerId, uint>();
        var peers = names.Select(ZooKeeperPaths.PeerOf).OfType<PeerId>().ToArray();
        var reads = peers.Select(x => session.Client.GetAsync(session.Paths.Position(x))).ToArray();
        for (var i = 0; i < peers.Length; i++)
        {
            var (code, data, _) = await reads[i].ConfigureAwait(false);
            if (code == ZooKeeperCode.Ok)
                marks[peers[i]] = SessionMark.Decode(data).Position;
            else if (code != ZooKeeperCode.NoNode)
                return null;
        }

        return marks;
    }

    private void ExpelBehind(Dictionary<PeerId, uint> marks, uint end, long bytes)
    {
        var limits = session.Limits;
        var least = marks.Values.DefaultIfEmpty(end).Min();
        foreach (var (peer, position) in marks)
        {
            var isBehind = end - position > limits.BehindEntriesMax || (bytes > limits.BehindBytesMax && position == least);
            if (isBehind && peer != session.Self && position < end)
                session.Do(() => session.Expel(peer));
        }
    }

    private async Task<bool> RemoveAsync(uint least)
    {
        if (_removedTo is null && !await FindFirstAsync(least).ConfigureAwait(false))
            return false;
        while (_removedTo < least)
        {
            var from = _removedTo.Value;
            var to = Math.Min(from + BatchSize, least);
            var deletes = new ZooKeeperWrite[to - from];
            for (var i = 0u; i < deletes.Length; i++)
                deletes[i] = ZooKeeperWrite.Delete(session.Paths.Entry(from + i));
            var (code, _) = await session.Client.WriteAsync(deletes).ConfigureAwait(false);
            if (code != ZooKeeperCode.Ok)
            {
                // Somebody else removes too, or it is not known whether this was done: what is there says it.
                _removedTo = null;
                return false;
            }

            _removedTo = to;
        }

        return true;
    }

    private async Task<bool> FindFirstAsync(uint least)
    {
        var (code, names) = await session.Client.ChildrenAsync(session.Paths.Queue).ConfigureAwait(false);
        if (code != ZooKeeperCode.Ok)
            return false;
        var numbers = names.Select(ZooKeeperPaths.NumberOf).OfType<uint>().ToArray();
        if (numbers.Length == 0)
            return false;
        Array.Sort(numbers);
        _removedTo = numbers[0];
        // A hole, which a batch that another one removed has left, would stop every batch.
        for (var i = 1; i < numbers.Length; i++)
        {
            if (numbers[i] != numbers[i - 1] + 1)
                return await RemoveOneByOneAsync(numbers.Take(i).Where(x => x < least), numbers[i]).ConfigureAwait(false);
        }

        return true;
    }

    private async Task<bool> RemoveOneByOneAsync(IEnumerable<uint> numbers, uint next)
    {
        foreach (var number in numbers)
            await session.Client.WriteAsync(ZooKeeperWrite.Delete(session.Paths.Entry(number))).ConfigureAwait(false);
        _removedTo = next;
        return true;
    }

    /// <summary>States that were laid down for joiners that are over.</summary>
    private async Task RemoveHandoversAsync(string[] handovers, Dictionary<PeerId, uint> marks)
    {
        foreach (var name in handovers)
        {
            if (ZooKeeperPaths.PeerOf(name) is { } joiner && !marks.ContainsKey(joiner))
                await session.Client.WriteAsync(ZooKeeperWrite.Delete($"{session.Paths.Handovers}/{name}")).ConfigureAwait(false);
        }
    }

    private void Forget(uint before)
    {
        for (; _sizes.Count > 0 && _firstSize < before; _firstSize++)
            _bytes -= _sizes.Dequeue();
    }
}
