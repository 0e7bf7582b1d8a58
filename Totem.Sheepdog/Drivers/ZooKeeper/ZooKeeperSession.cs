using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The news of a session for its driver. Under the driver's lock.</summary>
internal interface IZooKeeperSessionOwner
{
    /// <summary>Guards the session and its queue.</summary>
    Lock Gate { get; }

    ZooKeeperLimits Limits { get; }

    /// <summary>The queue may have something to send or to tell.</summary>
    void OnProgress(ZooKeeperSession session);

    /// <summary>It is over, and a new one may begin.</summary>
    void OnLost(ZooKeeperSession session, string reason);

    /// <summary>It is over, and this process with it: another one is this node.</summary>
    void OnReplaced(ZooKeeperSession session);
}

/// <summary>
/// One membership: from the arrival in the log until the session with the servers ends. Composes what reads, writes, watches and
/// collects; all of it works under the driver's lock.
/// </summary>
internal sealed partial class ZooKeeperSession : IZooKeeperWatcher, IDisposable
{
    private readonly IZooKeeperSessionOwner _owner;
    private readonly ClusterEventQueue _queue;
    private readonly LogGroup _group;
    private readonly RequestDesk _desk = new();
    private readonly LogSender _sender;
    private readonly LogReader _reader;
    private readonly SessionRing _ring;
    private readonly LogCollector _collector;
    private readonly Timer _housekeeping;
    private long _bytesSince;
    private long _ownUnread;
    private uint _lookedAfter;
    private bool _hasArrived;
    private bool _asksOwner;

    public ZooKeeperSession(
        IZooKeeperSessionOwner owner, ZooKeeperClient client, ZooKeeperPaths paths, ClusterEventQueue queue, SheepNode node)
    {
        (_owner, Client, Paths, _queue) = (owner, client, paths, queue);
        NodeName = NodeString.Of(node);
        _group = new LogGroup(queue);
        _sender = new LogSender(new SessionSetup(paths, Self, NodeName) { Limits = Limits }, _desk);
        _reader = new LogReader(this);
        _ring = new SessionRing(this);
        _collector = new LogCollector(this);
        _housekeeping = new Timer(_ => Do(KeepHouse));
    }

    public ZooKeeperClient Client { get; }

    public ZooKeeperPaths Paths { get; }

    public ZooKeeperLimits Limits => _owner.Limits;

    public string NodeName { get; }

    public PeerId Self => _queue.Self;

    /// <summary>The number of the entry that it reads next.</summary>
    public uint Position => _reader.Position;

    /// <summary>The bytes it reads, for those who measure.</summary>
    public LogReader Reader => _reader;

    public long SendingBytes => _sender.Bytes;

    /// <summary>How many sessions share the log with this one; none where it must not rest: the joiners wait for it, or it waits itself for
    /// what it has sent, a turn or a lock.</summary>
    public int CompanyCount
    {
        get
        {
            var isWanted = _queue.State is { Acceptor: { } acceptor } && acceptor == Self;
            return isWanted || _ownUnread > 0 || _queue.IsWaitingForTurn ? 0 : _ring.Count;
        }
    }

    /// <summary>Whether requests have a chance.</summary>
    public bool IsConnected => _desk.IsOpen;

    public bool IsOver { get; private set; }

    /// <summary>Does something of this session's, while there is it.</summary>
    public void Do(Action action)
    {
        lock (_owner.Gate)
        {
            if (IsOver)
                return;
            try
            {
                action();
            }
#pragma warning disable CA1031 // This is a thread of the library's, which no exception may reach: the session fails, not the process.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                Lose($"the session failed: {failure.Message}");
            }

            if (!IsOver)
                _owner.OnProgress(this);
        }
    }

    public void Send(byte[] message)
    {
        if (!_hasArrived)
        {
            Arrive(message);
            return;
        }

        _ownUnread++;
        _sender.Send(message, Position);
        Follow();
    }

    public void OnState(ZooKeeperState state) => Do(() =>
    {
        _desk.IsConnected = state == ZooKeeperState.Connected;
        switch (state)
        {
            case ZooKeeperState.Connected:
                _sender.Resume(Position);
                Follow();
                _reader.Resume();
                _ring.Resume();
                break;
            case ZooKeeperState.Connecting:
                break;
            default:
                Lose(state == ZooKeeperState.Expired ? "the ZooKeeper session has expired" : $"the ZooKeeper session is over: {state}");
                break;
        }
    });

    public void OnWatch(ZooKeeperEvent what, string path) => Do(() =>
    {
        if (path.StartsWith(Paths.Members, StringComparison.Ordinal))
            _ring.OnMember(path);
        else if (what == ZooKeeperEvent.Created)
            _reader.OnCreated(path);
    });

    public void Lose(string reason)
    {
        if (IsOver)
            return;
        End();
        _owner.OnLost(this, reason);
    }

    /// <summary>Does what the parts have asked for.</summary>
    private void Follow()
    {
        while (_desk.TryTake(out var request))
            Client.Ask(request, answer => Do(() => Handle(answer)));
        if (_desk.End is { } end)
            Lose(end.Reason);
        else if (_desk.IsMarkLost)
            AskOwner();
    }

    private void Handle(BackendAnswer answer)
    {
        switch (answer.Request.Purpose)
        {
            case RequestPurpose.SenderWrites:
                _sender.HandleWritten(answer, Position);
                break;
            case RequestPurpose.SenderAsksMark:
                _sender.HandleMark(answer, Position);
                break;
            default:
                break;
        }

        Follow();
    }

    /// <summary>The others have taken this session for dead, or somebody has said so; perhaps since another process is this node.</summary>
    private void AskOwner()
    {
        if (_asksOwner)
            return;
        _asksOwner = true;
        _reader.Hold();
        Client.Exists(Paths.Member(NodeName), isWatched: false, (code, stat) => Do(() =>
        {
            if (code == ZooKeeperCode.Ok && stat.EphemeralOwner != ZooKeeperPaths.SessionOf(Self))
            {
                End();
                _owner.OnReplaced(this);
            }
            else
            {
                Lose("the others have taken this session for dead");
            }
        }));
    }

    /// <summary>Takes out a session that is too far behind.</summary>
    public void Expel(PeerId peer) => _ring.Declare(peer);

    /// <summary>Nothing more comes of it; the client is the owner's to dispose.</summary>
    public void End()
    {
        IsOver = true;
        _housekeeping.Dispose();
        _reader.Dispose();
    }

    public void Dispose() => End();

    /// <summary>The next entry.</summary>
    public void Handle(byte[] bytes)
    {
        _bytesSince += bytes.Length;
        _collector.Count(Position - 1, bytes.Length, _ring.IsLowest);
        if (LogEntry.TryDecode(bytes) is { } entry)
            Handle(entry);
        if (!IsOver && (Position - _lookedAfter >= Limits.PublishEntries || _bytesSince >= Limits.PublishBytes))
            LookAfter();
    }

    private void Handle(LogEntry entry)
    {
        // The own request was not counted, since all that arrive wait for theirs.
        if (entry.Peer == Self && _ownUnread > 0)
            _ownUnread--;
        switch (entry.Kind)
        {
            case LogEntryKind.Gone when entry.Peer == Self:
                _desk.LoseMark();
                AskOwner();
                break;
            case LogEntryKind.Gone:
                _ring.Remove(entry.Peer);
                _group.HandleGone(entry.Peer);
                break;
            case LogEntryKind.Handed:
                HandleHanded(entry);
                break;
            default:
                if (entry.Message.Span is [(byte)ClusterMessageKind.Join, ..])
                    _ring.Add(entry.Peer);
                _group.HandleMessage(entry.Peer, entry.Message.Span);
                break;
        }
    }

    /// <summary>The first part is for all; the rest is fetched by the one that it is for, while what comes behind it waits.</summary>
    private void HandleHanded(LogEntry entry)
    {
        ClusterMessage.StateOffset(entry.Message.Span, out var joiner);
        if (joiner != Self)
        {
            _group.HandleMessage(entry.Peer, entry.Message.Span);
            return;
        }

        _reader.Hold();
        _ = FetchAsync(entry);
    }

    private async Task FetchAsync(LogEntry entry)
    {
        var message = new List<byte>(entry.Message.ToArray());
        for (var chunk = 0; chunk < entry.ChunkCount && !IsOver; chunk++)
        {
            var path = Paths.Handover(Self, entry.Peer, entry.Number, chunk);
            var (code, data, _) = await RepeatAsync(() => Client.GetAsync(path), x => x.Code).ConfigureAwait(false);
            if (data is null)
            {
                Do(() => Lose($"what this session was handed cannot be read: {code}"));
                return;
            }

            message.AddRange(data);
            Client.Write([ZooKeeperWrite.Delete(path)], static (_, _) => { });
        }

        Do(() =>
        {
            _group.HandleMessage(entry.Peer, message.ToArray());
            _reader.Release();
        });
    }

    private void KeepHouse()
    {
        _reader.Check();
        LookAfter();
    }

    private void LookAfter()
    {
        if (!_hasArrived || !IsConnected)
            return;
        (_lookedAfter, _bytesSince) = (Position, 0);
        if (Position != _sender.Published)
        {
            _sender.Publish(Position);
            Follow();
        }

        if (_ring.IsLowest)
            _collector.Run();
        else if (_ring.LowestForSecond is { } lowest)
            LookAtLowest(lowest);
    }

    /// <summary>A session that is too far behind is taken out by the lowest one; that one by the next.</summary>
    private void LookAtLowest(PeerId lowest) => Client.Get(Paths.Position(lowest), (code, data, _) => Do(() =>
    {
        if (code == ZooKeeperCode.Ok && SessionMark.Decode(data).Position + (long)Limits.BehindEntriesMax < Position)
            Expel(lowest);
    }));
}
