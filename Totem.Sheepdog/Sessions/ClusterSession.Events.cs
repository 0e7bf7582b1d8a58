using System.Diagnostics.CodeAnalysis;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <content>The events that sheep is told, and its answers.</content>
internal sealed partial class ClusterSession
{
    /// <summary>There may be something for <see cref="TryTake"/>.</summary>
    public bool HasEvents => _common.Output.EventCount > 0 || _common.Turns.MayOfferAgain;

    /// <summary>Takes the next event. A join and a block must be answered before the next one is taken.</summary>
    public bool TryTake([NotNullWhen(true)] out ClusterEvent? clusterEvent)
    {
        if (_common.Turns.TryOfferAgain(Known, out var ticket))
        {
            clusterEvent = ClusterEvent.Block(Known!, Self, ticket);
            return true;
        }

        while (_common.Output.TryTakeEvent(out clusterEvent))
        {
            if (IsStale(clusterEvent))
                continue;
            _common.Turns.HandleTaken();
            return true;
        }

        return false;
    }

    /// <summary>The answer of the join handler; its buffer lies in the event.</summary>
    public void AnswerJoin(ClusterEvent request, bool isAccepted)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (IsStale(request))
            return;
        _common.Output.Send(new ClusterMessage(isAccepted ? ClusterMessageKind.Accept : ClusterMessageKind.Decline)
        {
            Peer = request.Peer,
            Attempt = request.Attempt,
            Version = request.Version,
            Opaque = Opaque.Of(request.Bytes.Span),
            State = _state is JoiningState joining ? joining.Election!.Value.State : Known!.Pending[0].Before?.Bare(),
        });
    }

    /// <summary>The answer of the block handler.</summary>
    public void AnswerBlock(ClusterEvent request, bool hasStarted)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!_common.Turns.IsTurnOf(Known, request.Ticket))
            return;
        if (hasStarted)
            _common.Turns.Start(request.Ticket);
        else
            _common.Turns.Refuse(request.Ticket);
    }

    /// <summary>Since it was put there, somebody died, or another one has answered.</summary>
    private bool IsStale(ClusterEvent clusterEvent) => clusterEvent.Kind switch
    {
        ClusterEventKind.Join => !IsToAnswer(clusterEvent),
        ClusterEventKind.Block => !_common.Turns.IsTurnOf(Known, clusterEvent.Ticket),
        _ => false,
    };

    private bool IsToAnswer(ClusterEvent request) => _state switch
    {
        JoiningState joining => joining.Election?.Attempt == request.Attempt,
        JoinedState or InDoubtState => Known is { Pending: [var first, ..] } state && state.Acceptor == Self
            && first.Peer == request.Peer && first.Attempt == request.Attempt && state.Version == request.Version,
        _ => false,
    };
}
