namespace Totem.Sheepdog.Ordering;

// A member whose event loop hangs.
internal sealed partial class ClusterEventQueue
{
    private (PeerId Peer, uint Attempt, PeerId Acceptor, ulong Version) _waitedFor;
    private long? _waitedSince;

    /// <summary>A join request is waiting for another member's answer: <see cref="HandleTime"/> is wanted from time to time.</summary>
    public bool IsWaitingForAnswer =>
        Phase == ClusterPhase.Joined && _state is { Pending: [_, ..], Acceptor: { } acceptor } && acceptor != _self;

    /// <summary>What time it is.</summary>
    /// <param name="milliseconds">Of any clock that does not go back.</param>
    public void HandleTime(long milliseconds)
    {
        if (!IsWaitingForAnswer)
        {
            _waitedSince = null;
            return;
        }

        var (request, acceptor) = (_state!.Pending[0], _state.Acceptor!.Value);
        var waitedFor = (request.Peer, request.Attempt, acceptor, _state.Version);
        if (_waitedSince is not { } since || waitedFor != _waitedFor)
        {
            (_waitedFor, _waitedSince) = (waitedFor, milliseconds);
            return;
        }

        // The next in line first, the others only when it says nothing either.
        var waited = milliseconds - since;
        if (waited < _options.PatienceMilliseconds || waited < (long)_options.PatienceMilliseconds * PlaceInLine())
            return;
        _waitedSince = null;
        _outgoing.Enqueue(new ClusterMessage(ClusterMessageKind.Overdue) { Peer = request.Peer, Attempt = request.Attempt, Acceptor = acceptor }.Encode());
    }

    private int PlaceInLine() => Math.Max(1, _state!.Informed
        .Where(x => !_state.Passed.Contains(x.Peer) && x.Peer != _state.Acceptor)
        .Select(x => x.Peer).ToList().IndexOf(_self) + 1);
}
