using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// One membership, from the arrival in the log until the session with the servers ends, as a machine: no lock, no
/// timer, no task and no client. It leads what comes in to the part that it is for; the parts know each other not, nor
/// it. A host makes the requests that <see cref="TryTakeRequest"/> hands out and brings the answers, each once and in
/// the order of the requests. Times are milliseconds of a clock that does not go back. One thread at a time.
/// </summary>
internal sealed class ZooKeeperSession
{
    private readonly SessionSetup _setup;
    private readonly ClusterSession _clusterSession;
    private readonly LogGroup _group;
    private readonly RequestDesk _desk;
    private readonly Arrival _arrival;
    private readonly LogSender _sender;
    private readonly LogReader _reader;
    private readonly HandoverFetch _handover;
    private readonly SessionRing _ring;
    private readonly LogCollector _collector;
    private readonly ReadProgress _progress;

    /// <summary>Own messages that it has not read yet. Its request is not counted, since all that arrive wait for
    /// theirs.</summary>
    private long _ownUnread;

    /// <param name="clusterSession">The session's; its name is that of the setup.</param>
    /// <param name="setup">All that is known of it.</param>
    public ZooKeeperSession(ClusterSession clusterSession, SessionSetup setup)
    {
        (_clusterSession, _setup) = (clusterSession, setup);
        _group = new LogGroup(clusterSession);
        _desk = new RequestDesk(setup);
        _arrival = new Arrival(setup, _desk);
        _sender = new LogSender(setup, _desk);
        _reader = new LogReader(setup, _desk);
        _handover = new HandoverFetch(setup, _desk);
        _ring = new SessionRing(setup, _desk);
        _collector = new LogCollector(setup, _desk);
        _progress = new ReadProgress(setup.Limits);
    }

    /// <summary>The part that reads, for those who measure.</summary>
    public LogReader Reader => _reader;

    /// <summary>The session that it watches; null when there is none.</summary>
    public PeerId? Watched => _ring.Target;

    /// <summary>Whether it is, or was, in the log.</summary>
    public bool HasArrived => _arrival.IsInLog;

    /// <summary>Bytes that are not known to be written.</summary>
    public long SendingBytes => _sender.Bytes;

    /// <summary>Null while it lasts. From then on nothing comes of it.</summary>
    public SessionEnd? End => _desk.End;

    /// <summary>When <see cref="HandleDeadline"/> has something to do.</summary>
    public long? NextDeadline => _desk.End is null ? _desk.Deadlines.Next : null;

    /// <summary>How many sessions share the log with this one; none where it must not rest: the joiners wait for it, or
    /// it waits itself for what it has sent, a turn or a lock.</summary>
    private int CompanyCount
    {
        get
        {
            var isWanted = _clusterSession.Known is { Acceptor: { } acceptor } && acceptor == _setup.Self;
            return isWanted || _ownUnread > 0 || _clusterSession.IsWaitingForTurn ? 0 : _ring.Count;
        }
    }

    /// <summary>A request for the servers, in order.</summary>
    public bool TryTakeRequest([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out BackendRequest? request) =>
        _desk.TryTake(out request);

    /// <summary>A message of the clusterSession's; the first one is the join request.</summary>
    public void Send(byte[] message)
    {
        if (!_arrival.IsOver)
        {
            _arrival.Add(message);
            return;
        }

        _ownUnread++;
        _sender.Send(message, _reader.Position);
    }

    /// <summary>The connection has come or gone, or the session with the servers is over.</summary>
    public void HandleConnection(ZooKeeperState state, long now)
    {
        if (_desk.End is not null)
            return;
        _desk.IsConnected = state == ZooKeeperState.Connected;
        switch (state)
        {
            case ZooKeeperState.Connected:
                _sender.Resume(_reader.Position);
                _reader.Resume();
                Read(now);
                _ring.Resume();
                break;
            case ZooKeeperState.Connecting:
                break;
            case ZooKeeperState.Expired:
                _desk.Lose("the ZooKeeper session has expired");
                break;
            default:
                _desk.Lose($"the ZooKeeper session is over: {state}");
                break;
        }
    }

    /// <summary>A watch has fired.</summary>
    public void HandleWatch(ZooKeeperEvent what, string path, long now)
    {
        if (_desk.End is not null)
            return;
        if (path.StartsWith(_setup.Paths.Members, StringComparison.Ordinal))
        {
            _ring.HandleChanged(path);
        }
        else if (what == ZooKeeperEvent.Created)
        {
            _reader.HandleCreated(path, CompanyCount, now);
            Read(now);
        }
    }

    /// <summary>Too early does nothing.</summary>
    public void HandleDeadline(long now)
    {
        while (_desk.End is null && _desk.Deadlines.TryTake(now, out var deadline))
        {
            switch (deadline)
            {
                case SessionDeadline.Rest:
                    _reader.HandleRested(now);
                    break;
                case SessionDeadline.Arrival:
                    _arrival.HandleDeadline();
                    break;
                case SessionDeadline.Handover:
                    _handover.HandleDeadline();
                    break;
                case SessionDeadline.Ring:
                    _ring.Resume();
                    break;
                default:
                    SetHousekeeping(now);
                    _reader.Check();
                    LookAfter();
                    break;
            }
        }
    }

    /// <summary>One of its requests was answered.</summary>
    public void HandleAnswer(BackendAnswer answer, long now)
    {
        if (_desk.End is not null)
            return;
        switch (answer.Request.Purpose)
        {
            case RequestPurpose.Arrives:
                _arrival.Handle(answer, now);
                if (_arrival.IsOver)
                    Begin(now);
                break;
            case RequestPurpose.SenderWrites:
                _sender.HandleWritten(answer, _reader.Position);
                break;
            case RequestPurpose.SenderAsksMark:
                _sender.HandleMark(answer, _reader.Position);
                break;
            case >= RequestPurpose.ReaderReads and <= RequestPurpose.ReaderChecks:
                HandleReader(answer, now);
                Read(now);
                break;
            case RequestPurpose.HandoverReads:
                _handover.Handle(answer, now);
                EndHandover();
                Read(now);
                break;
            case >= RequestPurpose.RingAsksMark and <= RequestPurpose.RingDeclares:
                HandleRing(answer, now);
                break;
            case RequestPurpose.HandoverRemoves:
                _handover.HandleRemoved(answer, now);
                break;
            case RequestPurpose.Collects:
                _collector.Handle(answer, _reader.Position);
                break;
            case RequestPurpose.SessionAsksLowest:
                HandleLowest(answer);
                break;
            case RequestPurpose.SessionAsksOwner:
                HandleOwner(answer);
                break;
            default:
                break; // SenderSyncs: nothing follows.
        }
    }

    private void HandleReader(BackendAnswer answer, long now)
    {
        switch (answer.Request.Purpose)
        {
            case RequestPurpose.ReaderReads:
                _reader.HandleEntry(answer);
                break;
            case RequestPurpose.ReaderLooks:
                _reader.HandleLook(answer, now);
                break;
            case RequestPurpose.ReaderMeasures:
                _reader.HandleMeasure(answer);
                break;
            default:
                _reader.HandleCheck(answer);
                break;
        }
    }

    private void HandleRing(BackendAnswer answer, long now)
    {
        switch (answer.Request.Purpose)
        {
            case RequestPurpose.RingAsksMark:
                _ring.HandleMark(answer, now);
                break;
            case RequestPurpose.RingAsksMember:
                _ring.HandleMember(answer, now);
                break;
            default:
                _ring.HandleDeclared(answer);
                break;
        }
    }

    /// <summary>It is in the log and knows the others.</summary>
    private void Begin(long now)
    {
        _progress.Restart(_arrival.Position);
        _group.HandleArrived(_arrival.Others);
        while (_arrival.TryTakeEarly(out var message))
            _sender.Send(message, _arrival.Position);
        _ring.Start(_arrival.Others);
        _reader.Start(_arrival.Position);
        SetHousekeeping(now);
    }

    private void SetHousekeeping(long now) => _desk.Deadlines.Set(
        SessionDeadline.Housekeeping, now + (long)_setup.Limits.Housekeeping.TotalMilliseconds);

    /// <summary>Handles what was read, in order, and asks for more.</summary>
    private void Read(long now)
    {
        while (_reader.TryTake(out var bytes))
            HandleEntry(bytes);
        _reader.Pump(now);
    }

    private void HandleEntry(byte[] bytes)
    {
        _progress.Count(bytes.Length);
        _collector.Count(_reader.Position - 1, bytes.Length, _ring.IsLowest);
        if (LogEntry.TryDecode(bytes) is { } entry)
            HandleEntry(entry);
        if (_progress.IsDue(_reader.Position))
            LookAfter();
    }

    private void HandleEntry(LogEntry entry)
    {
        if (entry.Peer == _setup.Self && _ownUnread > 0)
            _ownUnread--;
        switch (entry.Kind)
        {
            case LogEntryKind.Gone when entry.Peer == _setup.Self:
                _desk.LoseMark();
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

    /// <summary>The first part is for all; the rest is fetched by the one that it is for, while what comes behind it
    /// waits.</summary>
    private void HandleHanded(LogEntry entry)
    {
        ClusterMessage.StateOffset(entry.Message.Span, out var joiner);
        if (joiner != _setup.Self)
        {
            _group.HandleMessage(entry.Peer, entry.Message.Span);
            return;
        }

        _reader.IsHeld = true;
        _handover.Begin(entry);
        _handover.Ask();
        EndHandover();
    }

    private void EndHandover()
    {
        if (!_handover.TryTake(out var entry, out var message))
            return;
        _reader.IsHeld = false;
        _group.HandleMessage(entry.Peer, message);
    }

    private void LookAfter()
    {
        if (!_arrival.IsOver || !_desk.IsOpen)
            return;
        _progress.Restart(_reader.Position);
        if (_reader.Position != _sender.Published)
            _sender.Publish(_reader.Position);
        if (_ring.IsLowest)
            _collector.Run();
        else if (_ring.LowestForSecond is { } lowest)
        {
            _desk.Ask(new(RequestPurpose.SessionAsksLowest, BackendRequestKind.Get, _setup.Paths.Position(lowest))
            {
                Peer = lowest,
            });
        }
    }

    /// <summary>A session that is too far behind is taken out by the lowest one; that one by the next.</summary>
    private void HandleLowest(BackendAnswer answer)
    {
        if (answer.Code != ZooKeeperCode.Ok)
            return;
        var position = SessionMark.Decode(answer.Data).Position;
        if (position + (long)_setup.Limits.BehindEntriesMax < _reader.Position)
            _ring.Declare(answer.Request.Peer);
    }

    /// <summary>The mark is lost: the others have taken this session for dead, perhaps since another process is this
    /// node.</summary>
    private void HandleOwner(BackendAnswer answer)
    {
        if (answer.Code == ZooKeeperCode.Ok && ZooKeeperPaths.PeerOf(answer.Stat.EphemeralOwner) != _setup.Self)
            _desk.Replace();
        else
            _desk.Lose("the others have taken this session for dead");
    }
}
