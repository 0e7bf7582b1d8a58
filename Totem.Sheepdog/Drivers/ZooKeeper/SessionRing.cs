using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// The sessions that are alive: each watches the member znode of the one before it in the ring of all sessions that
/// have a mark, and takes away the mark of one whose znode is gone, which makes the entry that says so. With one watch
/// each, nobody is unwatched: all who have read as far see the same ring. Under the driver's lock.
/// </summary>
internal sealed class SessionRing(ZooKeeperSession session)
{
    /// <summary>In order.</summary>
    private readonly List<PeerId> _peers = [];

    /// <summary>Their entry is on its way.</summary>
    private readonly HashSet<PeerId> _over = [];

    private PeerId? _target;
    private string? _watched;

    /// <summary>Whether this session is the one that does what one must do.</summary>
    public bool IsLowest => _peers.Count > 0 && _peers[0] == session.Self;

    /// <summary>The lowest session, for the one behind it, which sees to it that it does what it must; null for all others.</summary>
    public PeerId? LowestForSecond => _peers.Count > 1 && _peers[1] == session.Self ? _peers[0] : null;

    public int Count => _peers.Count;

    /// <summary>Whether it is not known to be gone.</summary>
    public bool Contains(PeerId peer) => _peers.BinarySearch(peer) >= 0;

    public void Start(IEnumerable<PeerId> peers)
    {
        _peers.AddRange(peers.Append(session.Self).Distinct().Order());
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

    /// <summary>The connection is there again.</summary>
    public void Resume()
    {
        if (_target is { } target && _watched is null)
            Look(target);
    }

    /// <summary>A member znode has changed.</summary>
    public void OnMember(string path)
    {
        if (path == _watched && _target is { } target)
            Look(target);
    }

    /// <summary>The writes that take a session out. They succeed once, since its mark can be taken away once.</summary>
    public static ZooKeeperWrite[] Gone(ZooKeeperPaths paths, PeerId peer) =>
    [
        ZooKeeperWrite.Delete(paths.Position(peer)),
        ZooKeeperWrite.Create(paths.NewEntry, new LogEntry(LogEntryKind.Gone, peer).Encode(), ZooKeeperMode.PersistentSequential),
    ];

    /// <summary>Takes a session out.</summary>
    public void Declare(PeerId peer)
    {
        session.Client.Write(
            Gone(session.Paths, peer),
            (code, _) => session.Do(() =>
            {
                if (code is ZooKeeperCode.Ok or ZooKeeperCode.NoNode)
                    return;
                if (code != ZooKeeperCode.ConnectionLoss)
                {
                    session.Lose($"an entry could not be written: {code}");
                    return;
                }

                // Not known whether it was done: look again.
                _over.Remove(peer);
                Update();
            }));
    }

    private void Update()
    {
        var target = Before();
        if (target == _target)
            return;
        (_target, _watched) = (target, null);
        if (target is { } peer)
            Look(peer);
    }

    private PeerId? Before()
    {
        var self = _peers.BinarySearch(session.Self);
        for (var steps = 1; self >= 0 && steps < _peers.Count; steps++)
        {
            var peer = _peers[(self - steps + _peers.Count) % _peers.Count];
            if (!_over.Contains(peer))
                return peer;
        }

        return null;
    }

    private void Look(PeerId peer)
    {
        _watched = null;
        if (!session.IsConnected)
            return;
        session.Client.Get(session.Paths.Position(peer), (code, data, _) => session.Do(() =>
        {
            if (_target != peer)
                return;
            if (code == ZooKeeperCode.NoNode)
                PassOver(peer);
            else if (code == ZooKeeperCode.Ok)
                Look(peer, session.Paths.Member(SessionMark.Decode(data).Node));
        }));
    }

    private void Look(PeerId peer, string member)
    {
        session.Client.Exists(member, isWatched: true, (code, stat) => session.Do(() =>
        {
            if (_target != peer || code is not (ZooKeeperCode.Ok or ZooKeeperCode.NoNode))
                return;
            if (code == ZooKeeperCode.Ok && ZooKeeperPaths.PeerOf(stat.EphemeralOwner) == peer)
            {
                _watched = member;
                return;
            }

            Declare(peer);
            PassOver(peer);
        }));
    }

    private void PassOver(PeerId peer)
    {
        _over.Add(peer);
        Update();
    }
}
