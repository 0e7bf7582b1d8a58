namespace Totem.Sheepdog.Ordering;

/// <summary>Somebody who is not in the backend's group any more.</summary>
/// <param name="Peer">Who.</param>
/// <param name="IsKnownEnded">It said goodbye, or is known to be dead: it is not running on the other side of a cut.</param>
internal readonly record struct PeerLeft(PeerId Peer, bool IsKnownEnded);

/// <summary>Somebody who came into the backend's group.</summary>
/// <param name="Peer">Who.</param>
/// <param name="IsMerged">It was in the group before, on the other side of a cut: what it has seen is not known.</param>
internal readonly record struct PeerJoined(PeerId Peer, bool IsMerged);

/// <summary>The backend's group has changed, at this place of the total order.</summary>
/// <param name="Peers">Who is in it now. The first change a session hears of names itself.</param>
/// <param name="Left">Who went; when somebody is also in <paramref name="Joined"/>, it went first.</param>
/// <param name="Joined">Who came.</param>
internal sealed record PeerChange(IReadOnlyList<PeerId> Peers, IReadOnlyList<PeerLeft> Left, IReadOnlyList<PeerJoined> Joined);
