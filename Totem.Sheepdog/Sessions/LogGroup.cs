using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>
/// A log, as a session wants to hear it: for a backend that has no group of its own but a log that all read alike. A
/// session arrives with its join request, which is the first entry of its own; it ends where an entry says that it is
/// gone. Each session watches one other and writes that entry when the other's session has ended. Pure; one thread at a
/// time, the session's.
/// </summary>
/// <remarks>
/// Those who know the state watch each other in a ring, which they all see alike, so that none of them is unwatched. A
/// joiner's view has holes: it has not heard of whoever ended before it looked. It watches the session before it, for
/// the case that nobody who knows the state is left; otherwise nobody depends on it, nor needs to watch it: when it
/// dies it is accepted and found to be gone.
/// </remarks>
/// <param name="session">The session, made by <see cref="ClusterSession.OverLog"/>.</param>
internal sealed class LogGroup(ClusterSession session)
{
    /// <summary>In the order of arrival, as far as this session knows it.</summary>
    private readonly List<PeerId> _peers = [];
    private readonly HashSet<PeerId> _known = [];

    /// <summary>The ring that <see cref="_watched"/> was found in.</summary>
    private ClusterState? _seen;
    private PeerId? _watched;

    /// <summary>The session that this one watches; null when there is none. Changes with the entries that are
    /// handled.</summary>
    public PeerId? Watched
    {
        get
        {
            if (session.Known is not { } state)
                return Before(_peers, isRing: false);
            // The state is immutable: another one is another object.
            if (!ReferenceEquals(_seen, state))
                (_seen, _watched) = (state, WatchedIn(state));
            return _watched;
        }
    }

    /// <summary>How many sessions there are, as far as this one knows; those before it that were over before it arrived
    /// are not known to it.</summary>
    public int Count => _peers.Count;

    /// <summary>This session's join request has its place in the log.</summary>
    /// <param name="before">The sessions that had arrived before and were alive when this one looked, which it did
    /// after its request had its place; in the order of their arrival. One that ended between the two need not be among
    /// them.</param>
    public void HandleArrived(IReadOnlyList<PeerId> before)
    {
        ArgumentNullException.ThrowIfNull(before);
        _peers.AddRange(before);
        _peers.Add(session.Self);
        _known.UnionWith(_peers);
        session.HandleChange(new LogArrival([.. _peers]));
    }

    /// <summary>The next entry is a message; the first is this session's own request.</summary>
    public void HandleMessage(PeerId sender, ReadOnlySpan<byte> bytes)
    {
        if (bytes is [(byte)ClusterMessageKind.Join, ..] && _known.Add(sender))
        {
            _peers.Add(sender);
            session.HandleChange(new LogChange([], [new PeerJoined(sender, IsMerged: false)]));
        }

        // Of one that is gone too: its sender is nobody to the session, as it is everywhere.
        session.HandleMessage(sender, bytes);
    }

    /// <summary>The next entry says that a session is gone. A second one for the same session changes
    /// nothing.</summary>
    public void HandleGone(PeerId peer)
    {
        if (peer == session.Self)
        {
            session.HandleLost("the others have taken this session for dead", canReconnect: true);
            return;
        }

        // Also when it is not known here: a joiner's state can begin with one that was over before the joiner looked.
        if (_known.Remove(peer))
            _peers.Remove(peer);
        session.HandleChange(new LogChange([new PeerLeft(peer, IsKnownEnded: true)], []));
    }

    private PeerId? WatchedIn(ClusterState state)
    {
        // Without members nobody answers a joiner but itself, so it must be seen to die.
        if (state is { Acceptor: null, Pending: [var joiner, ..] } && state.Informed[0].Peer == session.Self)
            return joiner.Peer;
        return Before([.. state.Informed.Select(x => x.Peer)], isRing: true);
    }

    private PeerId? Before(List<PeerId> peers, bool isRing) => peers.IndexOf(session.Self) switch
    {
        > 0 and var index => peers[index - 1],
        0 when isRing && peers.Count > 1 => peers[^1],
        _ => null,
    };
}
