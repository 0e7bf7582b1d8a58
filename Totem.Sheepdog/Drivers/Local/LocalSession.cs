using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>One session in the files: a thread that sleeps until there is something to read. What is not said to be the thread's is under
/// the driver's gate.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalSession : IDisposable
{
    /// <summary>Entries that are read before the gate is given to whoever waits for it.</summary>
    private const int BatchCount = 64;

    private readonly Lock _gate;
    private readonly Action _changed;
    private readonly LocalDirectory _directory;
    private readonly LocalLimits _limits;
    private readonly LogWatch _watch = new();
    private readonly Thread _thread;
    private readonly LogGroup _group;
    private readonly Arrival _arrival;
    private readonly Presence _presence;
    private readonly LocalLog _log;
    private PeerId? _watched;
    private SafeFileHandle? _watchedPipe;
    private bool _isGoneSent;
    private bool _isOver;
    private string? _failure;

    /// <summary>Makes the session known; it has not arrived.</summary>
    /// <param name="queue">The session's.</param>
    /// <param name="directory">The cluster's.</param>
    /// <param name="limits">The same for all.</param>
    /// <param name="gate">The driver's.</param>
    /// <param name="changed">Called under the gate after the queue has changed.</param>
    /// <exception cref="IOException">The files cannot be made.</exception>
    public LocalSession(ClusterEventQueue queue, LocalDirectory directory, LocalLimits limits, Lock gate, Action changed)
    {
        (Queue, _directory, _limits, _gate, _changed) = (queue, directory, limits, gate, changed);
        _group = new LogGroup(queue);
        try
        {
            (_presence, _log) = Arrival.Begin(directory, queue.Self, limits, _watch);
            _arrival = new Arrival(directory, queue.Self, _log.Segment);
        }
        catch
        {
            _watch.Dispose();
            throw;
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "sheep local" };
    }

    public ClusterEventQueue Queue { get; }

    public long UnreadBytes => _log.UnreadBytes;

    public bool CanSend => !_isOver && _failure is null;

    /// <summary>The log, for tests.</summary>
    internal LocalLog Log => _log;

    public void Start() => _thread.Start();

    public void Send(byte[] message)
    {
        try
        {
            _log.Send(message);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Sheep is asking for something: it hears of the end of its session later, as of everything.
            Fail(failure.Message);
        }
    }

    /// <summary>Ends it. Not under the gate.</summary>
    public void Dispose() => Close(isTidy: true);

    /// <summary>Ends it as the kernel ends a process: nothing is tidied up. Not under the gate.</summary>
    public void Kill() => Close(isTidy: false);

    private void Close(bool isTidy)
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                End(isTidy);
                _watch.Wake();
            }
        }

        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
            Release();
        else
            _thread.Join();
    }

    private void End(bool isTidy)
    {
        _isOver = true;
        _presence.Dispose();
        if (!isTidy)
            return;
        try
        {
            _directory.RemoveSession(Queue.Self);
        }
        catch (IOException)
        {
            // Somebody else does.
        }
    }

    private void Fail(string reason)
    {
        _failure ??= reason;
        _watch.Wake();
    }

    private void Run()
    {
        var mayWait = false;
        while (!_isOver)
        {
            // The pipe is this thread's, so nobody closes it meanwhile.
            var hasEnded = mayWait && _watch.Wait(_watchedPipe);
            lock (_gate)
            {
                if (!_isOver)
                    mayWait = TryWork(hasEnded);
            }
        }

        Release();
    }

    /// <returns>Whether there is nothing more to do.</returns>
    private bool TryWork(bool hasWatchedEnded)
    {
        var isDone = false;
        try
        {
            if (_failure is not null)
                throw new IOException(_failure);
            isDone = TryRead();
            if (isDone)
                LookAfterWatched(hasWatchedEnded);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Queue.HandleLost(failure.Message, canReconnect: true);
        }

        if (Queue.Phase == ClusterPhase.Lost)
            End(isTidy: true);
        _changed();
        return isDone;
    }

    private bool TryRead()
    {
        for (var i = 0; i < BatchCount && Queue.Phase != ClusterPhase.Lost; i++)
        {
            if (_log.TryRead(_arrival.IsOver, out var entry))
                Handle(entry);
            else if (_log.IsSealed)
                Follow();
            else if (_watch.HasAttributesChanged && _log.IsRemoved)
                throw new IOException($"{_log.OrderPath} was removed");
            else
                return true;
        }

        return false;
    }

    private void Handle(in LogEntry entry)
    {
        if (!_arrival.IsOver)
        {
            if (!_arrival.Handle(entry, _log.Last))
                return;
            _presence.Publish(new PeerStanding(_log.Segment, _arrival.Place));
            var before = _arrival.Before();
            _group.HandleArrived(before);
            // What a cluster before has left behind is in the way of nobody, but of no use either.
            if (before.Count == 0 && _log.Last.Offset > 0)
                _log.Seal();
        }

        if (entry.Kind == OrderKind.Message)
        {
            _group.HandleMessage(entry.Sender, entry.Message.Span);
            return;
        }

        _group.HandleGone(entry.Subject);
        if (entry.Sender != Queue.Self)
            return;
        _directory.RemoveSession(entry.Subject);
        Collect(isSealer: false);
    }

    private void Follow()
    {
        var isSealer = _log.IsSealedByItself;
        if (!_log.Follow() || _presence.IsRemoved)
            throw new IOException("this session was left behind by the others");
        if (!_watch.Follow(_log.OrderPath))
            throw new IOException($"{_log.OrderPath} was removed");
        _presence.Publish(new PeerStanding(_log.Segment, _arrival.IsOver ? _arrival.Place : null));
        Collect(isSealer);
    }

    /// <summary>Removes what nobody needs. Who has sealed the last segment also sees to it that nobody holds it for ever.</summary>
    private void Collect(bool isSealer)
    {
        var needed = _log.Segment;
        foreach (var peer in _directory.Peers())
        {
            if (Presence.TryRead(_directory, peer) is not { } standing)
                continue;
            if (isSealer && peer != Queue.Self && (IsFarBehind(standing) || !Presence.IsAlive(_directory, peer)))
                _log.SendGone(peer);
            needed = Math.Min(needed, standing.Reads);
        }

        _directory.RemoveBefore(needed);
        if (isSealer)
            _directory.RemoveUnfinished();
    }

    private bool IsFarBehind(PeerStanding standing) => standing.Reads + _limits.SegmentsBehindMax < _log.Segment;

    private void LookAfterWatched(bool hasEnded)
    {
        if (!_arrival.IsOver || Queue.Phase == ClusterPhase.Lost)
            return;
        if (_watched != _group.Watched)
        {
            _watchedPipe?.Dispose();
            (_watched, _watchedPipe, _isGoneSent, hasEnded) = (_group.Watched, null, false, false);
            if (_watched is { } peer)
                hasEnded = (_watchedPipe = Presence.TryWatch(_directory, peer)) is null;
        }

        if (!hasEnded || _isGoneSent)
            return;
        _isGoneSent = true;
        _watchedPipe?.Dispose();
        _watchedPipe = null;
        _log.SendGone(_watched!.Value);
    }

    private void Release()
    {
        lock (_gate)
        {
            _presence.Dispose();
            _watchedPipe?.Dispose();
            _log.Dispose();
            _watch.Dispose();
        }
    }
}
