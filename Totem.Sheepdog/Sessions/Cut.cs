using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>A cut as one side sees it: the members that are not on this side, and those of them that all on this side
/// know to have ended.</summary>
internal sealed class Cut
{
    private readonly HashSet<PeerId> _missing = [];
    private readonly HashSet<PeerId> _ended = [];

    /// <summary>The cut by which these go.</summary>
    public Cut(ClusterState state, IEnumerable<PeerLeft> left)
    {
        foreach (var (peer, isKnownEnded) in left)
        {
            if (state.Find(peer) is { IsMember: true })
                (isKnownEnded ? _ended : _missing).Add(peer);
        }
    }

    public int MissingCount => _missing.Count;

    public bool IsMissing(PeerId peer) => _missing.Contains(peer);

    /// <summary>Whether this side may go on, from what all on it know alike.</summary>
    public bool LetsGoOn(ClusterState state, SessionOptions options)
    {
        var elsewhere = _missing.Except(_ended).Select(x => x.Seat).ToHashSet();
        if (elsewhere.Count == 0)
            return true;
        var here = state.Members.Select(x => x.Peer)
            .Where(x => !_missing.Contains(x) && !_ended.Contains(x)).Select(x => x.Seat).ToHashSet();
        // One that has left and only listens has no voice: it goes where the others on its side go, and alone it stays
        // behind.
        return here.Count > 0 && PartitionPolicy.GoesOn(options.Rule, options.Quorum, here, elsewhere);
    }

    /// <summary>More go.</summary>
    public void Add(ClusterState state, IEnumerable<PeerLeft> left)
    {
        foreach (var (peer, isKnownEnded) in left)
        {
            if (state.Find(peer) is { IsMember: true })
                _missing.Add(peer);
            if (isKnownEnded && _missing.Contains(peer))
                _ended.Add(peer);
        }
    }

    /// <summary>All on this side know that the processes at these seats have ended.</summary>
    public void End(IReadOnlyList<uint> seats) => _ended.UnionWith(_missing.Where(x => seats.Contains(x.Seat)));

    /// <summary>Missing members that this session knows to be dead. The others on its side may not know.</summary>
    public uint[] DeadSeats(KnownDeaths deaths) => [.. _missing.Select(x => x.Seat).Where(deaths.Contains).Distinct()];

    /// <summary>For people: missing members that may be running.</summary>
    public PeerId[] Away(KnownDeaths deaths) => [.. _missing.Where(x => !deaths.IsSeen(x))];

    /// <summary>For people.</summary>
    public override string ToString() =>
        $"missing [{string.Join(' ', _missing)}], of them ended [{string.Join(' ', _ended)}]";
}
