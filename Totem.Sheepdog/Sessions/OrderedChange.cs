using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>Somebody who is not in the backend's group any more.</summary>
/// <param name="Peer">The session.</param>
/// <param name="IsKnownEnded">It said goodbye, or is known to be dead: it is not running on the other side of a
/// cut.</param>
internal readonly record struct PeerLeft(PeerId Peer, bool IsKnownEnded);

/// <summary>Somebody who came into the backend's group.</summary>
/// <param name="Peer">The session.</param>
/// <param name="IsMerged">It was in the group before, on the other side of a cut: what it has seen is not
/// known.</param>
internal readonly record struct PeerJoined(PeerId Peer, bool IsMerged);

/// <summary>Sessions have come or gone, at this place of the total order. Its kind is that of the backend that says
/// so.</summary>
/// <param name="Left">The sessions that went; one that is also in <paramref name="Joined"/> went first.</param>
/// <param name="Joined">The sessions that came.</param>
internal abstract record OrderedChange(IReadOnlyList<PeerLeft> Left, IReadOnlyList<PeerJoined> Joined) : OrderedElement
{
    /// <summary>Whether another side can be there that went on without this one.</summary>
    public abstract bool HasOtherSides { get; }

    /// <summary>For people: how it looks that a session has ended, not left.</summary>
    public abstract string EndedText { get; }

    /// <summary>Says who is there from now on.</summary>
    public abstract void Renew(HashSet<PeerId> peers);

    /// <summary>The same without all that a replay does not need.</summary>
    public abstract OrderedChange OnlyLeft();

    public override ClusterState Apply(ClusterState state, List<Effect> effects)
    {
        // The same order at everybody, whatever the backend's is.
        foreach (var left in Left.Select(x => x.Peer).Order())
            state = state.StepGone(left, effects);
        return state;
    }
}

/// <summary>The group of a backend that has one has changed.</summary>
/// <param name="Peers">The whole group now. The first change that a session hears of names the session itself.</param>
/// <param name="Left">The sessions that went.</param>
/// <param name="Joined">The sessions that came.</param>
internal sealed record PeerChange(
    IReadOnlyList<PeerId> Peers, IReadOnlyList<PeerLeft> Left, IReadOnlyList<PeerJoined> Joined)
    : OrderedChange(Left, Joined)
{
    public override long Cost => 128 + 16L * (Peers.Count + Left.Count);

    public override bool HasOtherSides => true;

    public override string EndedText => "is gone, its process has ended";

    public override void Renew(HashSet<PeerId> peers)
    {
        peers.Clear();
        peers.UnionWith(Peers);
    }

    public override OrderedChange OnlyLeft() => this with { Peers = [], Joined = [] };
}

/// <summary>An entry of a log says that a session has come or gone. It names only that one, since there are many such
/// entries.</summary>
/// <param name="Left">The session that is gone, or nobody.</param>
/// <param name="Joined">The session whose request this is, or nobody.</param>
internal record LogChange(IReadOnlyList<PeerLeft> Left, IReadOnlyList<PeerJoined> Joined) : OrderedChange(Left, Joined)
{
    public override long Cost => 128 + 16L * Left.Count;

    public override bool HasOtherSides => false;

    public override string EndedText => "is gone, its session has ended";

    public override void Renew(HashSet<PeerId> peers)
    {
        peers.ExceptWith(Left.Select(x => x.Peer));
        peers.UnionWith(Joined.Select(x => x.Peer));
    }

    public override OrderedChange OnlyLeft() => new LogChange(Left, []);
}

/// <summary>This session's join request has its place in a log, which makes the session one of those who are
/// there.</summary>
/// <param name="Peers">The sessions that arrived before and this one, as far as it knows them.</param>
internal sealed record LogArrival(IReadOnlyList<PeerId> Peers) : LogChange([], [])
{
    public override void Renew(HashSet<PeerId> peers)
    {
        peers.Clear();
        peers.UnionWith(Peers);
    }
}
