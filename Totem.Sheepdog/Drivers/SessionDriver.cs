using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers;

/// <summary>The parts that every driver has in common: a <see cref="ClusterSession"/>, its lock, the
/// readiness of events, the locks. A driver adds the backend.</summary>
internal abstract class SessionDriver : IClusterDriver
{
    private static readonly TimeSpan ReconnectRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan GatePatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PatienceTick = TimeSpan.FromMilliseconds(500);

    private readonly ReadySignal _ready = new();
    private readonly LockTable _locks = new();
    private readonly DriverLog _log = new();
    private readonly Timer _retry;
    private readonly Timer _patience;
    private bool _isPatient;
    private bool _isDispatching;

    protected SessionDriver()
    {
        _retry = new Timer(_ => Reconnect("the session could not be taken up again"));
        _patience = new Timer(_ => HandleTime());
    }

    public WaitHandle EventsReady => _ready.Handle;

    public Action<bool>? EventsReadyChanged
    {
        get => _ready.Changed;
        set => _ready.Changed = value;
    }

    public bool WritesLog { get; set; }

    public bool WritesDetail { get; set; }

    /// <summary>Guards the session and everything that belongs to it.</summary>
    protected Lock Gate { get; } = new();

    /// <summary>The session; null before the first join. Under the gate.</summary>
    protected ClusterSession? ClusterSession { get; private set; }

    /// <summary>Under the gate.</summary>
    protected bool IsDisposed { get; private set; }

    /// <summary>Bytes on their way to the backend.</summary>
    protected abstract long SendingBytes { get; }

    public abstract void Init(string? option);

    public abstract void GetLocalAddress(Span<byte> address);

    public abstract void Join(SheepNode self, ReadOnlySpan<byte> opaque);

    public void Leave() => Do(session =>
    {
        session.Leave();
        return ClusterResult.Success;
    });

    public ClusterResult Notify(ReadOnlySpan<byte> message)
    {
        lock (Gate)
            return After(IsDisposed || IsSendingFull ? ClusterResult.ClusterError : ClusterSession?.Notify(message)
                ?? ClusterResult.ClusterError);
    }

    public ClusterResult Block() => Do(session => session.Block());

    public ClusterResult Unblock(ReadOnlySpan<byte> message)
    {
        // Never refused for want of room: sheep ends when it is.
        lock (Gate)
            return After(IsDisposed ? ClusterResult.ClusterError : ClusterSession?.Unblock(message)
                ?? ClusterResult.ClusterError);
    }

    public ClusterResult UpdateNode(SheepNode self) => Do(session => session.UpdateNode(self));

    public void Lock(ulong id)
    {
        LockWaiter waiter;
        lock (Gate)
        {
            ThrowIfDisposed();
            waiter = _locks.Add(id, ClusterSession);
            Drain();
        }

        waiter.Wait();
    }

    public bool Unlock(ulong id)
    {
        lock (Gate)
        {
            var wasHeld = _locks.Release(id, ClusterSession);
            Drain();
            return wasHeld;
        }
    }

    public void Dispatch(IClusterEvents events)
    {
        while (DispatchOne(events))
        {
            // The next one.
        }
    }

    public bool DispatchOne(IClusterEvents events)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (_isDispatching)
            throw new InvalidOperationException("called from within an event, expected the event loop");
        _isDispatching = true;
        try
        {
            if (TryTakeLine(out var line))
            {
                events.OnLog(line.Level, line.Text);
                return true;
            }

            if (!TryTake(out var session, out var next))
                return false;
            Tell(session, next, events);
            return true;
        }
        finally
        {
            _isDispatching = false;
        }
    }

    /// <summary>For people: what it waits for. Also of one that hangs.</summary>
    public override string ToString()
    {
        if (!Gate.TryEnter(GatePatience))
            return "its lock is held";
        try
        {
            return IsDisposed ? "disposed of"
                : $"{ClusterSession?.ToString() ?? "no session"}, {SendingBytes} bytes on their way";
        }
        finally
        {
            Gate.Exit();
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (IsDisposed)
                return;
            IsDisposed = true;
            _locks.Close();
        }

        _retry.Dispose();
        _patience.Dispose();
        Close();
        _ready.Dispose();
    }

    /// <summary>At the start of <see cref="Init"/> and <see cref="Join"/>: what they open would
    /// never be closed.</summary>
    /// <exception cref="ObjectDisposedException">The driver was disposed of.</exception>
    protected void ThrowIfDisposed()
    {
        if (IsDisposed)
            throw new ObjectDisposedException(nameof(IClusterDriver), "the driver was disposed of; create another");
    }

    /// <summary>Ends the backend.</summary>
    protected abstract void Close();

    /// <summary>Hands a message to the backend, in order. Under the gate.</summary>
    /// <returns>False when the backend does not take any yet.</returns>
    protected abstract bool CanSend { get; }

    /// <inheritdoc cref="CanSend"/>
    protected abstract void Send(byte[] message);

    /// <summary>A new session. Under the gate.</summary>
    protected void Begin(ClusterSession session, SheepNode self, ReadOnlySpan<byte> opaque)
    {
        ClusterSession = session;
        session.WritesNotes = WritesLog;
        session.Join(self, opaque);
        _locks.Renew(session);
        Drain();
    }

    /// <summary>Does what follows from a change of the session. Under the gate.</summary>
    protected void Drain()
    {
        if (IsDisposed || ClusterSession is null)
            return;
        while (ClusterSession.TryTakeNote(out var note))
            _log.Add(note.Level, note.Text);
        _locks.TakeGranted(ClusterSession);
        while (CanSend && ClusterSession.TryTransmit(out var message))
            Send(message);
        SetReady();
        if (ClusterSession.IsWaitingForAnswer == _isPatient)
            return;
        _isPatient = ClusterSession.IsWaitingForAnswer;
        _patience.Change(_isPatient ? TimeSpan.Zero : Timeout.InfiniteTimeSpan,
            _isPatient ? PatienceTick : Timeout.InfiniteTimeSpan);
    }

    /// <summary>A line for the operator's log, if there is one. Any thread, also the ring's in the
    /// middle of something.</summary>
    protected void Log(ClusterLogLevel level, string text)
    {
        if (!WritesLog)
            return;
        lock (Gate)
        {
            if (IsDisposed)
                return;
            _log.Add(level, text);
            SetReady();
        }
    }

    private void SetReady() => _ready.Set(_log.HasLines || ClusterSession is { HasEvents: true });

    private void HandleTime()
    {
        lock (Gate)
        {
            ClusterSession?.HandleTime(Environment.TickCount64);
            Drain();
        }
    }

    /// <summary>The backend has ended the session, and a new one may be tried.</summary>
    protected void Reconnect(string reason)
    {
        lock (Gate)
        {
            ClusterSession?.HandleLost(reason, canReconnect: true);
            Drain();
        }
    }

    // Init and Dispose are synchronous by contract, and run on a thread of sheep's, which has
    // nobody to wait for it in here.
#pragma warning disable VSTHRD002
    /// <summary>For <see cref="Init"/> and <see cref="Close"/>.</summary>
    protected static T Wait<T>(Task<T> task) => Task.Run(() => task).GetAwaiter().GetResult();

    /// <inheritdoc cref="Wait{T}"/>
    protected static void Wait(Task task) => Task.Run(() => task).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    private bool IsSendingFull => SendingBytes > ClusterLimits.MaxSendingBytes;

    private ClusterResult Do(Func<ClusterSession, ClusterResult> operation)
    {
        lock (Gate)
            return After(IsDisposed || ClusterSession is null || IsSendingFull
                ? ClusterResult.ClusterError : operation(ClusterSession));
    }

    private ClusterResult After(ClusterResult result)
    {
        Drain();
        return result;
    }

    private bool TryTakeLine(out ClusterNote line)
    {
        lock (Gate)
        {
            line = default;
            if (IsDisposed || !_log.TryTake(out line))
                return false;
            SetReady();
            return true;
        }
    }

    private bool TryTake(
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ClusterSession? session,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ClusterEvent? next)
    {
        lock (Gate)
        {
            session = ClusterSession;
            next = null;
            var isTaken = !IsDisposed && session is not null && session.TryTake(out next);
            Drain();
            return isTaken;
        }
    }

    private void Tell(ClusterSession session, ClusterEvent next, IClusterEvents events)
    {
        switch (next.Kind)
        {
            case ClusterEventKind.Join:
                Answer(session, next, events.OnJoin(next.Node!, next.Members!, next.Bytes.Span), session.AnswerJoin);
                break;
            case ClusterEventKind.Accept:
                events.OnAccept(next.Node!, next.Members!, next.Bytes.Span);
                break;
            case ClusterEventKind.Leave:
                events.OnLeave(next.Node!, next.Members!, next.LeaveReason);
                break;
            case ClusterEventKind.Notify:
                events.OnNotify(next.Node!, next.Bytes.Span);
                break;
            case ClusterEventKind.Block:
                Answer(session, next, events.OnBlock(next.Node!), session.AnswerBlock);
                break;
            case ClusterEventKind.UpdateNode:
                events.OnUpdateNode(next.Node!);
                break;
            case ClusterEventKind.Reconnect:
                if (!events.OnReconnect())
                    _retry.Change(ReconnectRetry, Timeout.InfiniteTimeSpan);
                break;
            default:
                events.OnFailed(next.Reason!);
                break;
        }
    }

    private void Answer(ClusterSession session, ClusterEvent next, bool answer, Action<ClusterEvent, bool> tell)
    {
        lock (Gate)
        {
            if (session == ClusterSession)
                tell(next, answer);
            Drain();
        }
    }
}
