using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>One thing that a client is told: a watch, a state of its connection, or an answer.</summary>
/// <param name="What">The watch's news; "session" where the connection has changed.</param>
/// <param name="Path">The watched znode.</param>
/// <param name="Transaction">The last one that the server knew.</param>
internal sealed record MemoryNews(ZooKeeperEvent What, string Path, int Transaction)
{
    public ZooKeeperState State { get; init; }

    public BackendAnswer? Answer { get; init; }
}

/// <summary>
/// The client library with one session, as ours is: requests are answered once and in their order, also when the
/// connection is lost; watches are set again when it is back. Connecting, losing and handing out are the test's.
/// </summary>
internal sealed class MemoryClient(MemoryZooKeeper servers, long session)
{
    private readonly Queue<BackendRequest> _unsent = new();
    private readonly Queue<BackendRequest> _atServer = new();
    private readonly Queue<BackendRequest> _late = new();
    private readonly Queue<MemoryNews> _news = new();

    /// <summary>Watched znodes, and whether each was absent.</summary>
    private readonly SortedDictionary<string, bool> _watches = new(StringComparer.Ordinal);
    private int _seen;

    public long Session { get; } = session;

    public MemoryServer? Server { get; private set; }

    public bool HasNews => _news.Count > 0;

    /// <summary>The request that the server does next.</summary>
    public BackendRequest? Next => _atServer.TryPeek(out var request) ? request : null;

    /// <summary>Whether a server that it is no longer connected to still has requests of its.</summary>
    public bool HasLate => _late.Count > 0;

    public void Submit(BackendRequest request) => (Server is null ? _unsent : _atServer).Enqueue(request);

    /// <summary>The server does the next request.</summary>
    public void Handle()
    {
        var request = _atServer.Dequeue();
        Server!.Handle(this, request);
    }

    public void Tell(MemoryNews news) => _news.Enqueue(news);

    public void Answer(BackendAnswer answer, int transaction) =>
        Tell(new MemoryNews(default, "", transaction) { Answer = answer });

    /// <summary>The connection breaks. The server never does the requests that are left, or it does
    /// them late.</summary>
    /// <param name="isLate">The server does them late.</param>
    /// <param name="code">The answer that the library makes up for the requests that were on their way.</param>
    public void Break(bool isLate = false, ZooKeeperCode code = ZooKeeperCode.ConnectionLoss)
    {
        if (Server is null)
            return;
        Server.Forget(this);
        Server = null;
        // Answers that have not arrived are lost; the library answers for it, the state first.
        BackendRequest[] lost = [
            .. _news.Select(x => x.Answer).OfType<BackendAnswer>().Select(x => x.Request), .. _atServer];
        _news.Clear();
        _news.Enqueue(StateNews(ZooKeeperState.Connecting));
        foreach (var request in lost)
            Refuse(request, code);
        foreach (var request in isLate ? _atServer : [])
            _late.Enqueue(request);
        _atServer.Clear();
    }

    /// <summary>The server is busy: it does not do the next request, and keeps the connection.</summary>
    public void Throttle() => Refuse(_atServer.Dequeue(), ZooKeeperCode.Throttled);

    /// <summary>The server from before does one more request; nobody hears of it.</summary>
    public void HandleLate()
    {
        if (_late.Dequeue() is { Kind: BackendRequestKind.Write } request && servers.HasSession(Session))
            servers.Commit(Session, request.Writes);
    }

    /// <summary>A try to connect fails, and with it what waited for it.</summary>
    public void FailToConnect()
    {
        while (_unsent.TryDequeue(out var request))
            Refuse(request, ZooKeeperCode.ConnectionLoss);
    }

    public void Connect(MemoryServer server)
    {
        // The session has moved, so nothing of it is taken elsewhere.
        _late.Clear();
        if (!servers.HasSession(Session))
        {
            _news.Enqueue(StateNews(ZooKeeperState.Expired));
            while (_unsent.TryDequeue(out var request))
                Refuse(request, ZooKeeperCode.SessionExpired);
            return;
        }

        // No client goes to a server that knows less than it has seen.
        server.Learn(_seen);
        Server = server;
        _news.Enqueue(StateNews(ZooKeeperState.Connected));
        foreach (var (path, isAbsent) in _watches)
            server.WatchAgain(this, path, isAbsent, _seen);
        while (_unsent.TryDequeue(out var request))
            _atServer.Enqueue(request);
    }

    /// <summary>Takes what it is told next; null for a watch that was told already.</summary>
    public MemoryNews? Take()
    {
        var news = _news.Dequeue();
        _seen = Math.Max(_seen, news.Transaction);
        if (news.Answer is { Request.IsWatched: true, Code: ZooKeeperCode.Ok or ZooKeeperCode.NoNode } answer)
            _watches[answer.Request.Path] = answer.Code == ZooKeeperCode.NoNode;
        var isWatch = news.Answer is null && news.What != ZooKeeperEvent.Session;
        return isWatch && !_watches.Remove(news.Path) ? null : news;
    }

    /// <summary>Hands the session what it is told next.</summary>
    public void Deliver(ZooKeeperSession to, long now)
    {
        if (Take() is not { } news)
            return;
        if (news.Answer is { } answer)
            to.HandleAnswer(answer, now);
        else if (news.What == ZooKeeperEvent.Session)
            to.HandleConnection(news.State, now);
        else
            to.HandleWatch(news.What, news.Path, now);
    }

    private void Refuse(BackendRequest request, ZooKeeperCode code) =>
        _news.Enqueue(new MemoryNews(default, "", 0) { Answer = new BackendAnswer(request, code) });

    private static MemoryNews StateNews(ZooKeeperState state) => new(ZooKeeperEvent.Session, "", 0) { State = state };
}
