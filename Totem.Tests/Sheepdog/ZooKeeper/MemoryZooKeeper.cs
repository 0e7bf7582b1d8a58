using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>
/// ZooKeeper servers in a test's hand: nothing happens until the test says so. Writes are put in one order; each server
/// knows a beginning of it, and answers its clients from that. A client is answered in the order of its requests, and
/// told of a watch before it can see what the watch is about.
/// </summary>
internal sealed class MemoryZooKeeper
{
    private readonly List<Transaction> _log = [new(MemoryTree.Empty, [])];
    private readonly HashSet<long> _sessions = [];

    public MemoryZooKeeper(int servers, IEnumerable<string> directories)
    {
        Servers = [.. Enumerable.Range(0, servers).Select(_ => new MemoryServer(this))];
        foreach (var directory in directories)
            Commit(0, [ZooKeeperWrite.Create(directory, ReadOnlyMemory<byte>.Empty)]);
        // A driver makes sure of them before its session begins.
        foreach (var server in Servers)
            server.Learn(Last);
    }

    public IReadOnlyList<MemoryServer> Servers { get; }

    /// <summary>All that was written.</summary>
    public MemoryTree Latest => _log[^1].Tree;

    /// <summary>The number of the last transaction.</summary>
    public int Last => _log.Count - 1;

    public MemoryTree TreeAt(int transaction) => _log[transaction].Tree;

    public IReadOnlyList<(ZooKeeperEvent What, string Path)> ChangesOf(int transaction) => _log[transaction].Changes;

    public void BeginSession(long session) => _sessions.Add(session);

    public bool HasSession(long session) => _sessions.Contains(session);

    /// <summary>A session has ended, or nobody has heard of it for too long.</summary>
    public void EndSession(long session)
    {
        if (_sessions.Remove(session))
            Commit(0, [.. Latest.OwnedBy(session).Select(ZooKeeperWrite.Delete)]);
    }

    public (ZooKeeperCode Code, ZooKeeperResults Results) Commit(long session, IReadOnlyList<ZooKeeperWrite> writes)
    {
        var (tree, code, results, changes) = Latest.Apply(writes, session, _log.Count);
        if (code == ZooKeeperCode.Ok)
            _log.Add(new Transaction(tree, changes));
        return (code, results);
    }

    private sealed record Transaction(MemoryTree Tree, IReadOnlyList<(ZooKeeperEvent, string)> Changes);
}

/// <summary>One server.</summary>
internal sealed class MemoryServer(MemoryZooKeeper all)
{
    private readonly Dictionary<string, List<MemoryClient>> _watches = new(StringComparer.Ordinal);

    /// <summary>The last transaction that it knows.</summary>
    public int Known { get; private set; }

    public bool IsRunning { get; set; } = true;

    public bool IsBehind => Known < all.Last;

    /// <summary>Hears of transactions.</summary>
    public void Learn(int upTo)
    {
        while (Known < upTo)
        {
            foreach (var (what, path) in all.ChangesOf(++Known))
            {
                if (!_watches.Remove(path, out var clients))
                    continue;
                foreach (var client in clients)
                    client.Tell(new MemoryNews(what, path, Known));
            }
        }
    }

    /// <summary>Does the oldest request of a client.</summary>
    public void Handle(MemoryClient client, BackendRequest request)
    {
        if (request.Kind == BackendRequestKind.Write)
        {
            var (code, results) = all.Commit(client.Session, request.Writes);
            Learn(all.Last);
            client.Answer(new BackendAnswer(request, code) { Results = results }, Known);
            return;
        }

        if (request.Kind == BackendRequestKind.Sync)
            Learn(all.Last);
        var tree = all.TreeAt(Known);
        var znode = tree.Find(request.Path);
        if (request.IsWatched)
            Watch(client, request.Path);
        client.Answer(
            new BackendAnswer(request, znode is null ? ZooKeeperCode.NoNode : ZooKeeperCode.Ok)
            {
                Data = request.Kind == BackendRequestKind.Get ? znode?.Data ?? [] : [],
                Stat = znode?.Stat ?? default,
                Names = request.Kind == BackendRequestKind.Children ? tree.Children(request.Path) : [],
            },
            Known);
    }

    public void Forget(MemoryClient client)
    {
        foreach (var clients in _watches.Values)
            clients.Remove(client);
    }

    /// <summary>A client that is connected again wants to be told what it watched.</summary>
    /// <param name="client">The client.</param>
    /// <param name="path">The znode.</param>
    /// <param name="isAbsent">It was not there when the watch was set.</param>
    /// <param name="since">The last transaction that the client has seen.</param>
    public void WatchAgain(MemoryClient client, string path, bool isAbsent, int since)
    {
        var znode = all.TreeAt(Known).Find(path);
        if (isAbsent && znode is not null)
            client.Tell(new MemoryNews(ZooKeeperEvent.Created, path, Known));
        else if (!isAbsent && znode is null)
            client.Tell(new MemoryNews(ZooKeeperEvent.Deleted, path, Known));
        else if (!isAbsent && znode!.Modified > since)
            client.Tell(new MemoryNews(ZooKeeperEvent.Changed, path, Known));
        else
            Watch(client, path);
    }

    private void Watch(MemoryClient client, string path)
    {
        if (!_watches.TryGetValue(path, out var clients))
            _watches[path] = clients = [];
        if (!clients.Contains(client))
            clients.Add(client);
    }
}
