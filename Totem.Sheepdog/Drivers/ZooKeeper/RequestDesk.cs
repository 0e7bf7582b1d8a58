using System.Diagnostics.CodeAnalysis;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The end of a session.</summary>
/// <param name="Reason">Why, for people.</param>
/// <param name="IsReplaced">Another process is this node; otherwise a new session may begin.</param>
internal sealed record SessionEnd(string Reason, bool IsReplaced = false);

/// <summary>The things that the parts of a session share: whether requests have a chance, those that wait for the host,
/// the deadlines, and how the session has ended.</summary>
internal sealed class RequestDesk(SessionSetup setup)
{
    private readonly Queue<BackendRequest> _waiting = new();
    private long _last;

    public SessionDeadlines Deadlines { get; } = new();

    /// <summary>Whether the servers can be reached, as far as the session was told.</summary>
    public bool IsConnected { get; set; }

    /// <summary>The others have taken this session for dead: nothing that it reads or writes counts any more.</summary>
    public bool IsMarkLost { get; private set; }

    /// <summary>Null while it lasts.</summary>
    public SessionEnd? End { get; private set; }

    /// <summary>Whether requests have a chance.</summary>
    public bool IsOpen => IsConnected && !IsMarkLost && End is null;

    public void Ask(BackendRequest request) => _waiting.Enqueue(request with { Number = ++_last });

    public bool TryTake([NotNullWhen(true)] out BackendRequest? request) => _waiting.TryDequeue(out request);

    /// <summary>The session is over; the first reason stays.</summary>
    public void Lose(string reason) => End ??= new SessionEnd(reason);

    /// <summary>The session is over, and another process is this node.</summary>
    public void Replace() => End ??= new SessionEnd("another process has joined as this node", IsReplaced: true);

    /// <summary>The session's mark is gone. It is over when it is known whose the node's member znode is.</summary>
    public void LoseMark()
    {
        if (IsMarkLost)
            return;
        IsMarkLost = true;
        Ask(new(RequestPurpose.SessionAsksOwner, BackendRequestKind.Exists, setup.Paths.Member(setup.Node)));
    }
}
