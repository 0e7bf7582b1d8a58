using System.Diagnostics.CodeAnalysis;

namespace Totem.Sheepdog.Ordering;

// What sheep is told, and its answers.
internal sealed partial class ClusterEventQueue
{
    private ulong? _blockAgain;
    private bool _hasTakenSince;

    /// <summary>There may be something for <see cref="TryTake"/>.</summary>
    public bool HasEvents => _events.Count > 0 || (_blockAgain is not null && _hasTakenSince);

    /// <summary>Takes the next event. A join and a block must be answered before the next one is taken.</summary>
    public bool TryTake([NotNullWhen(true)] out ClusterEvent? clusterEvent)
    {
        if (_blockAgain is { } refused && _hasTakenSince)
        {
            (_blockAgain, _hasTakenSince) = (null, false);
            if (IsTurnOf(refused))
            {
                clusterEvent = BlockEvent(refused);
                return true;
            }
        }

        while (_events.TryDequeue(out clusterEvent))
        {
            _waitingBytes -= clusterEvent.Cost;
            if (IsStale(clusterEvent))
                continue;
            _hasTakenSince = true;
            return true;
        }

        return false;
    }

    /// <summary>What the join handler said; its buffer lies in the event.</summary>
    public void AnswerJoin(ClusterEvent request, bool isAccepted)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (IsStale(request))
            return;
        var answer = new ClusterMessage(isAccepted ? ClusterMessageKind.Accept : ClusterMessageKind.Decline)
        {
            Peer = request.Peer,
            Attempt = request.Attempt,
            Version = request.Version,
            Opaque = Opaque.Of(request.Bytes.Span),
            State = _state is null ? _electionState : _state.Pending[0].Before?.Bare(),
        };
        _outgoing.Enqueue(answer.Encode());
    }

    /// <summary>What the block handler said.</summary>
    public void AnswerBlock(ClusterEvent request, bool hasStarted)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!IsTurnOf(request.Ticket))
            return;
        if (!hasStarted)
        {
            (_blockAgain, _hasTakenSince) = (request.Ticket, false);
            return;
        }

        _turnsWanted.Remove(request.Ticket);
        _started.Add(request.Ticket);
    }

    private ClusterEvent BlockEvent(ulong ticket) => new(ClusterEventKind.Block, _state!.Find(_self)!.Node) { Ticket = ticket };

    private bool IsTurnOf(ulong ticket) =>
        _isLeaving == _hasLeft && _state?.Blocks is [var head, ..] && head == new TicketOf(_self, ticket) && _turnsWanted.Contains(ticket);

    /// <summary>Since it was put there, somebody died, or another one has answered.</summary>
    private bool IsStale(ClusterEvent clusterEvent) => clusterEvent.Kind switch
    {
        ClusterEventKind.Join when _state is null => Phase == ClusterPhase.Lost || clusterEvent.Attempt != _elected,
        ClusterEventKind.Join => _state.Pending is not [var first, ..]
            || first.Peer != clusterEvent.Peer || first.Attempt != clusterEvent.Attempt
            || _state.Version != clusterEvent.Version || _state.Acceptor != _self,
        ClusterEventKind.Block => !IsTurnOf(clusterEvent.Ticket),
        _ => false,
    };
}
