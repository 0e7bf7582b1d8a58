using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>One session in the files, as a machine: no thread, no lock, no clock, and the files are an argument. <see
/// cref="Work"/> does what there is to do; somebody else sleeps until there is more. One thread at a time.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalMember : IDisposable
{
    /// <summary>Entries that are read in one go.</summary>
    private const int BatchCount = 64;

    private readonly LocalDirectory _directory;
    private readonly LocalLimits _limits;
    private readonly ILogWatch _watch;
    private readonly LogGroup _group;
    private readonly Arrival _arrival;
    private readonly Presence _presence;
    private PeerId? _watched;
    private bool _isGoneSent;
    private string? _failure;

    /// <summary>Makes the session known; it has not arrived.</summary>
    /// <param name="session">The session's.</param>
    /// <param name="directory">The cluster's.</param>
    /// <param name="limits">The same for all.</param>
    /// <param name="watch">Looks at the order.</param>
    /// <exception cref="IOException">The files cannot be made.</exception>
    public LocalMember(ClusterSession session, LocalDirectory directory, LocalLimits limits, ILogWatch watch)
    {
        (Session, _directory, _limits, _watch) = (session, directory, limits, watch);
        _group = new LogGroup(session);
        (_presence, Log) = Arrival.Begin(directory, session.Self, limits, watch);
        _arrival = new Arrival(directory, session.Self, Log.Segment);
    }

    public ClusterSession Session { get; }

    public LocalLog Log { get; }

    /// <summary>The pipe of the session that this one watches; null when there is nobody to wait for.</summary>
    public SafeFileHandle? WatchedPipe { get; private set; }

    public bool IsOver { get; private set; }

    public bool CanSend => !IsOver && _failure is null;

    /// <summary>Sends a message of the session's.</summary>
    /// <returns>False when that has failed: the session ends with the next <see cref="Work"/>. Sheep, which is asking
    /// for something, hears of it later, as of everything.</returns>
    public bool Send(byte[] message)
    {
        try
        {
            Log.Send(message);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _failure ??= failure.Message;
        }

        return _failure is null;
    }

    /// <summary>Does what there is to do.</summary>
    /// <param name="hasWatchedEnded">The other end of <see cref="WatchedPipe"/> was closed.</param>
    /// <returns>Whether there is nothing more to do for now.</returns>
    public bool Work(bool hasWatchedEnded)
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
            Session.HandleLost(failure.Message, canReconnect: true);
        }

        if (Session.Phase == SessionPhase.Lost)
            End(isTidy: true);
        return isDone;
    }

    /// <summary>From here on the others see that it is over.</summary>
    /// <param name="isTidy">False ends it as the kernel ends a process: nothing is tidied up.</param>
    public void End(bool isTidy)
    {
        IsOver = true;
        _presence.Dispose();
        if (!isTidy)
            return;
        try
        {
            _directory.RemoveSession(Session.Self);
        }
        catch (IOException)
        {
            // Somebody else does.
        }
    }

    public void Dispose()
    {
        _presence.Dispose();
        WatchedPipe?.Dispose();
        Log.Dispose();
    }

    private bool TryRead()
    {
        for (var i = 0; i < BatchCount && Session.Phase != SessionPhase.Lost; i++)
        {
            if (Log.TryRead(_arrival.IsOver, out var entry))
                Handle(entry);
            else if (Log.IsSealed)
                Follow();
            else if (_watch.HasAttributesChanged && Log.IsRemoved)
                throw new IOException($"{Log.OrderPath} was removed");
            else
                return true;
        }

        return false;
    }

    private void Handle(in LogEntry entry)
    {
        if (!_arrival.IsOver)
        {
            if (!_arrival.Handle(entry, Log.Last))
                return;
            _presence.Publish(new PeerStanding(Log.Segment, _arrival.Place));
            var before = _arrival.Before();
            _group.HandleArrived(before);
            // The remains of a cluster before are in the way of nobody, but of no use either.
            if (before.Count == 0 && Log.Last.Offset > 0)
                Log.Seal();
        }

        if (entry.Kind == OrderKind.Message)
        {
            _group.HandleMessage(entry.Sender, entry.Message.Span);
            return;
        }

        _group.HandleGone(entry.Subject);
        if (entry.Sender != Session.Self)
            return;
        _directory.RemoveSession(entry.Subject);
        Collect(isSealer: false);
    }

    private void Follow()
    {
        var isSealer = Log.IsSealedByItself;
        if (!Log.Follow() || _presence.IsRemoved)
            throw new IOException("this session was left behind by the others");
        if (!_watch.Follow(Log.OrderPath))
            throw new IOException($"{Log.OrderPath} was removed");
        _presence.Publish(new PeerStanding(Log.Segment, _arrival.IsOver ? _arrival.Place : null));
        Collect(isSealer);
    }

    /// <summary>Removes what nobody needs. The session that has sealed the last segment also sees to it that nobody
    /// holds it for ever.</summary>
    private void Collect(bool isSealer)
    {
        var needed = Log.Segment;
        foreach (var peer in _directory.Peers())
        {
            if (Presence.TryRead(_directory, peer) is not { } standing)
                continue;
            if (isSealer && peer != Session.Self && (IsFarBehind(standing) || !Presence.IsAlive(_directory, peer)))
                Log.SendGone(peer);
            needed = Math.Min(needed, standing.Reads);
        }

        _directory.RemoveBefore(needed);
        if (isSealer)
            _directory.RemoveUnfinished();
    }

    private bool IsFarBehind(PeerStanding standing) => standing.Reads + _limits.SegmentsBehindMax < Log.Segment;

    private void LookAfterWatched(bool hasEnded)
    {
        if (!_arrival.IsOver || Session.Phase == SessionPhase.Lost)
            return;
        if (_watched != _group.Watched)
        {
            WatchedPipe?.Dispose();
            (_watched, WatchedPipe, _isGoneSent, hasEnded) = (_group.Watched, null, false, false);
            if (_watched is { } peer)
                hasEnded = (WatchedPipe = Presence.TryWatch(_directory, peer)) is null;
        }

        if (!hasEnded || _isGoneSent)
            return;
        _isGoneSent = true;
        WatchedPipe?.Dispose();
        WatchedPipe = null;
        Log.SendGone(_watched!.Value);
    }
}
