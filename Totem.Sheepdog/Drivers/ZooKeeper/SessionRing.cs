using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// The sessions that are alive: each watches the member znode of the one before it in the ring of all sessions that
/// have a mark, and takes away the mark of one whose znode is gone, which makes the entry that says so. With one watch
/// each, nobody is unwatched: all who have read as far see the same ring.
/// </summary>
internal sealed class SessionRing(SessionSetup setup, RequestDesk desk)
{
    private const int RepeatMilliseconds = 100;

    /// <summary>In order.</summary>
    private readonly List<PeerId> _peers = [];

    /// <summary>Their entry is on its way.</summary>
    private readonly HashSet<PeerId> _over = [];

    private PeerId? _target;
    private string? _watched;

    /// <summary>Whether this session is the one that does what one must do.</summary>
    public bool IsLowest => _peers.Count > 0 && _peers[0] == setup.Self;

    /// <summary>The lowest session, for the one behind it, which sees to it that it does what it must; null for all
    /// others.</summary>
    public PeerId? LowestForSecond => _peers.Count > 1 && _peers[1] == setup.Self ? _peers[0] : null;

    public int Count => _peers.Count;

    /// <summary>The session that it watches, or is about to; null when it is alone.</summary>
    public PeerId? Target => _target;

    public void Start(IEnumerable<PeerId> peers)
    {
        _peers.AddRange(peers.Append(setup.Self).Distinct().Order());
        Update();
    }

    public void Add(PeerId peer)
    {
        var place = _peers.BinarySearch(peer);
        if (place >= 0)
            return;
        _peers.Insert(~place, peer);
        Update();
    }

    public void Remove(PeerId peer)
    {
        _over.Remove(peer);
        var place = _peers.BinarySearch(peer);
        if (place < 0)
            return;
        _peers.RemoveAt(place);
        Update();
    }

    /// <summary>The connection is there again, or it is time to ask again.</summary>
    public void Resume()
    {
        if (_target is { } target && _watched is null)
            AskMark(target);
    }

    /// <summary>A member znode has changed.</summary>
    public void HandleChanged(string path)
    {
        if (path == _watched && _target is { } target)
            AskMark(target);
    }

    /// <summary>The writes that take a session out. They succeed once, since its mark can be taken away
    /// once.</summary>
    public static ZooKeeperWrite[] Gone(ZooKeeperPaths paths, PeerId peer) =>
    [
        ZooKeeperWrite.Delete(paths.Position(peer)),
        ZooKeeperWrite.Create(
            paths.NewEntry, new LogEntry(LogEntryKind.Gone, peer).Encode(), ZooKeeperMode.PersistentSequential),
    ];

    /// <summary>The request that takes a session out; its answer is the ring's.</summary>
    public static BackendRequest Declaration(ZooKeeperPaths paths, PeerId peer) =>
        BackendRequest.Write(RequestPurpose.RingDeclares, Gone(paths, peer)) with { Peer = peer };

    /// <summary>Takes a session out.</summary>
    public void Declare(PeerId peer) => desk.Ask(Declaration(setup.Paths, peer));

    /// <summary>A session was taken out, or not.</summary>
    public void HandleDeclared(BackendAnswer answer)
    {
        if (answer.Code is ZooKeeperCode.Ok or ZooKeeperCode.NoNode)
            return;
        if (!answer.IsUnanswered)
        {
            desk.Lose($"an entry could not be written: {answer.Code}");
            return;
        }

        // Not known whether it was done: look again.
        _over.Remove(answer.Request.Peer);
        Update();
    }

    /// <summary>The mark of the session that it watches was read: it says which member znode is the
    /// session's.</summary>
    public void HandleMark(BackendAnswer answer, long now)
    {
        var peer = answer.Request.Peer;
        if (_target != peer || IsToBeAskedAgain(answer, now))
            return;
        if (answer.Code == ZooKeeperCode.NoNode)
        {
            PassOver(peer);
        }
        else if (answer.Code == ZooKeeperCode.Ok)
        {
            var member = setup.Paths.Member(SessionMark.Decode(answer.Data).Node);
            desk.Ask(new(RequestPurpose.RingAsksMember, BackendRequestKind.Exists, member)
            {
                IsWatched = true,
                Peer = peer,
            });
        }
    }

    /// <summary>The member znode of the session that it watches is there, or not.</summary>
    public void HandleMember(BackendAnswer answer, long now)
    {
        var peer = answer.Request.Peer;
        if (_target != peer || IsToBeAskedAgain(answer, now)
            || answer.Code is not (ZooKeeperCode.Ok or ZooKeeperCode.NoNode))
        {
            return;
        }

        if (answer.Code == ZooKeeperCode.Ok && ZooKeeperPaths.PeerOf(answer.Stat.EphemeralOwner) == peer)
        {
            _watched = answer.Request.Path;
            return;
        }

        Declare(peer);
        PassOver(peer);
    }

    /// <summary>A server that is busy refuses a request and keeps the connection.</summary>
    private bool IsToBeAskedAgain(BackendAnswer answer, long now)
    {
        if (answer.IsUnanswered)
            desk.Deadlines.Set(SessionDeadline.Ring, now + RepeatMilliseconds);
        return answer.IsUnanswered;
    }

    private void Update()
    {
        var target = Before();
        if (target == _target)
            return;
        (_target, _watched) = (target, null);
        if (target is { } peer)
            AskMark(peer);
    }

    private PeerId? Before()
    {
        var self = _peers.BinarySearch(setup.Self);
        for (var steps = 1; self >= 0 && steps < _peers.Count; steps++)
        {
            var peer = _peers[(self - steps + _peers.Count) % _peers.Count];
            if (!_over.Contains(peer))
                return peer;
        }

        return null;
    }

    private void AskMark(PeerId peer)
    {
        _watched = null;
        if (desk.IsOpen)
            desk.Ask(
                new(RequestPurpose.RingAsksMark, BackendRequestKind.Get, setup.Paths.Position(peer)) { Peer = peer });
    }

    private void PassOver(PeerId peer)
    {
        _over.Add(peer);
        Update();
    }
}
