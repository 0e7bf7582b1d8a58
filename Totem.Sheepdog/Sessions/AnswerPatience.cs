using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>How long this session lets another member wait with its answer to a join request: that one's event loop may
/// hang.</summary>
/// <param name="self">The session.</param>
/// <param name="milliseconds">How long a member may take.</param>
internal sealed class AnswerPatience(PeerId self, int milliseconds)
{
    private (PeerId Peer, uint Attempt, PeerId Acceptor, ulong Version) _waitedFor;
    private long? _waitedSince;

    /// <summary>Whether another member has to answer a request.</summary>
    public bool IsWaiting(ClusterState state) =>
        state is { Pending: [_, ..], Acceptor: { } acceptor } && acceptor != self;

    /// <summary>The clock was read.</summary>
    /// <returns>The answer of this session; null when it is not its turn to say anything.</returns>
    public ClusterMessage? HandleTime(ClusterState state, long now)
    {
        if (!IsWaiting(state))
        {
            Forget();
            return null;
        }

        var (request, acceptor) = (state.Pending[0], state.Acceptor!.Value);
        var waitedFor = (request.Peer, request.Attempt, acceptor, state.Version);
        if (_waitedSince is not { } since || waitedFor != _waitedFor)
        {
            (_waitedFor, _waitedSince) = (waitedFor, now);
            return null;
        }

        // The next in line first, the others only when it says nothing either.
        var waited = now - since;
        if (waited < milliseconds || waited < (long)milliseconds * PlaceInLine(state))
            return null;
        Forget();
        return new ClusterMessage(ClusterMessageKind.Overdue)
        {
            Peer = request.Peer,
            Attempt = request.Attempt,
            Acceptor = acceptor,
        };
    }

    /// <summary>Nothing is waited for.</summary>
    public void Forget() => _waitedSince = null;

    private int PlaceInLine(ClusterState state) => Math.Max(1, state.Informed
        .Where(x => !state.Passed.Contains(x.Peer) && x.Peer != state.Acceptor)
        .Select(x => x.Peer).ToList().IndexOf(self) + 1);
}
