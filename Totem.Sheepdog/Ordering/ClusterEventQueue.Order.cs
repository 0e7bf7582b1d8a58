using System.Globalization;
using System.Runtime.InteropServices;

namespace Totem.Sheepdog.Ordering;

// What the backend delivers.
internal sealed partial class ClusterEventQueue
{
    private (PeerId, uint, ulong)? _asked;
    private (PeerId, uint)? _grantSent;
    private ulong _offered;

    /// <summary>The next element of the order is a change of the group.</summary>
    public void HandleChange(PeerChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        // A log's changes are small, and many: one for each session.
        if (_options.OverLog && _hasArrived)
        {
            _peers.ExceptWith(change.Left.Select(x => x.Peer));
            _peers.UnionWith(change.Joined.Select(x => x.Peer));
        }
        else
        {
            _peers.Clear();
            _peers.UnionWith(change.Peers);
        }

        foreach (var joined in change.Joined)
        {
            _dead.Remove(joined.Peer.Seat);
            _seenDead.Remove(joined.Peer.Seat);
        }

        switch (Phase)
        {
            case ClusterPhase.Joining:
                HandleChangeWhileJoining(change);
                break;
            case ClusterPhase.Joined:
                HandleChangeWhileJoined(change);
                break;
            case ClusterPhase.InDoubt:
                HandleChangeInDoubt(change);
                break;
            default:
                TryHeal();
                break;
        }
    }

    /// <summary>The next element of the order is a message to the group.</summary>
    /// <param name="sender">The session that sent it; the backend vouches for that.</param>
    /// <param name="bytes">The message, which may be anything.</param>
    public void HandleMessage(PeerId sender, ReadOnlySpan<byte> bytes)
    {
        if (ClusterMessage.TryDecode(bytes) is not { } message)
        {
            MalformedCount++;
            return;
        }

        switch (Phase)
        {
            case ClusterPhase.Joining:
                HandleMessageWhileJoining(sender, message);
                break;
            case ClusterPhase.Joined:
                HandleMessageWhileJoined(sender, message);
                break;
            case ClusterPhase.InDoubt:
                HandleMessageInDoubt(sender, message);
                break;
            default:
                // Somebody goes on, and can be reached.
                if (message.Kind == ClusterMessageKind.View && sender != _self)
                    Heal();
                break;
        }
    }

    private void HandleMessageWhileJoined(PeerId sender, ClusterMessage message)
    {
        if (message.Kind == ClusterMessageKind.View)
            HandleView(sender, message.View);
        else if (message.Kind != ClusterMessageKind.Deaths)
            Apply(sender, message);
    }

    private void HandleChangeWhileJoined(PeerChange change)
    {
        if (!GoesOnWithout(change.Left))
        {
            EnterDoubt();
            HandleChangeInDoubt(change);
            return;
        }

        if (WritesNotes && _missing.Where(x => !IsDead(x)).ToArray() is { Length: > 0 } away)
        {
            var all = _state!.Members.Count();
            Note(ClusterLogLevel.Warning, string.Create(
                CultureInfo.InvariantCulture, $"cut off from {NamesOf(away)}, which may be running: this side goes on with {all - away.Length} of {all} sheep"));
        }

        ApplyChange(change);
    }

    private void Apply(PeerId sender, ClusterMessage message)
    {
        List<Effect> effects = [];
        _state = _state!.Step(sender, message, effects);
        NoteAll(effects, change: null);
        Tell(effects, change: null);
        Act();
    }

    private void ApplyChange(PeerChange change)
    {
        List<Effect> effects = [];
        _state = Gone(_state!, change, effects);
        NoteAll(effects, change);
        Tell(effects, change);
        CompareViews();
        Act();
    }

    private static ClusterState Gone(ClusterState state, PeerChange change, List<Effect> effects)
    {
        // The same order at everybody, whatever the backend's is.
        foreach (var left in change.Left.Select(x => x.Peer).Order())
            state = state.StepGone(left, effects);
        return state;
    }

    private void Tell(List<Effect> effects, PeerChange? change)
    {
        foreach (var effect in effects)
        {
            if (effect.Kind == EffectKind.Replaced && effect.Peer == _self)
            {
                Fail("another process has joined as this node");
                return;
            }

            if (effect.Kind == EffectKind.Left && effect.Peer == _self)
            {
                _hasLeft = true;
                AskAgainForTurns(effect.Turns);
            }

            if (EventOf(effect) is { } clusterEvent)
                Emit(effect.Kind == EffectKind.Left ? clusterEvent with { LeaveReason = ReasonOf(effect, effects, change) } : clusterEvent);
        }

        if (IsOverflown)
        {
            Lose($"sheep has left more than {ClusterLimits.WaitingBytesMax >> 20} MiB of events waiting");
            Heal();
        }
    }

    /// <summary>The members that came and went, and why.</summary>
    private void NoteAll(List<Effect> effects, PeerChange? change)
    {
        if (!WritesNotes)
            return;
        foreach (var effect in effects)
        {
            var what = effect.Kind switch
            {
                EffectKind.Accepted when effect.Peer == _self => "this sheep is in",
                EffectKind.Accepted => $"{NodeString.Short(effect.Node)} joined",
                EffectKind.Left => $"{NodeString.Short(effect.Node)} {CauseOf(effect, effects, change)}",
                _ => null,
            };
            if (what is not null)
                Note(ClusterLogLevel.Information, $"{what}; the sheep are now {NamesOf(effect)}");
        }
    }

    private string CauseOf(Effect left, List<Effect> effects, PeerChange? change) => ReasonOf(left, effects, change) switch
    {
        LeaveReason.Restarted => "was started again",
        LeaveReason.Left => "left",
        LeaveReason.Killed => _options.OverLog ? "is gone, its session has ended" : "is gone, its process has ended",
        _ => "is gone, it is not heard any more",
    };

    private LeaveReason ReasonOf(Effect left, List<Effect> effects, PeerChange? change)
    {
        if (effects.Exists(x => x.Kind == EffectKind.Replaced && x.Peer == left.Peer))
            return LeaveReason.Restarted;
        if (change is null)
            return LeaveReason.Left;
        return change.Left.FirstOrDefault(x => x.Peer == left.Peer) is { IsKnownEnded: true } || IsDead(left.Peer) ? LeaveReason.Killed : LeaveReason.Silent;
    }

    private static string NamesOf(Effect effect)
    {
        const int namesMax = 14;
        var nodes = NodesOf(effect);
        return nodes.Count > namesMax
            ? nodes.Count.ToString(CultureInfo.InvariantCulture)
            : nodes.Count == 0 ? "none" : string.Join(", ", nodes.Select(NodeString.Short));
    }

    private static ClusterEvent? EventOf(in Effect effect) => effect.Kind switch
    {
        EffectKind.Accepted => new ClusterEvent(ClusterEventKind.Accept, effect.Node, NodesOf(effect)) { Opaque = effect.Opaque },
        EffectKind.Left => new ClusterEvent(ClusterEventKind.Leave, effect.Node, NodesOf(effect)),
        EffectKind.Notified => new ClusterEvent(ClusterEventKind.Notify, effect.Node, null, MemoryMarshal.AsMemory(effect.Payload)),
        EffectKind.Updated => new ClusterEvent(ClusterEventKind.UpdateNode, effect.Node),
        _ => null,
    };

    private static MemberList NodesOf(in Effect effect) => new(effect.Informed);

    /// <summary>Does what falls to this session in the state there is.</summary>
    private void Act()
    {
        if (_state is not { } state || Phase != ClusterPhase.Joined)
            return;
        if (state.Acceptor != _self)
            _asked = null;
        if (state.Pending is [var first, ..])
        {
            var request = (first.Peer, first.Attempt);
            var asked = (first.Peer, first.Attempt, state.Version);
            if (state.Acceptor == _self && _asked != asked)
            {
                _asked = asked;
                Emit(new ClusterEvent(ClusterEventKind.Join, first.Node, new MemberList(state.Informed))
                {
                    Opaque = first.Opaque,
                    Peer = first.Peer,
                    Attempt = first.Attempt,
                    Version = state.Version,
                });
            }
            else if (state.Acceptor is null && state.Informed[0].Peer == _self && _grantSent != request)
            {
                _grantSent = request;
                var grant = new ClusterMessage(ClusterMessageKind.Grant)
                {
                    Peer = first.Peer,
                    Attempt = first.Attempt,
                    State = first.Before?.Bare(),
                };
                _outgoing.Enqueue(grant.Encode());
            }
        }

        if (state.Blocks is [var head, ..] && head.Owner == _self && _started.Count == 0 && _offered != head.Ticket && IsTurnOf(head.Ticket))
        {
            _offered = head.Ticket;
            Emit(BlockEvent(head.Ticket));
        }

        foreach (var (ticket, id) in _lockWanted)
        {
            if (state.Locks.TryGetValue(id, out var owners) && owners[0] == new TicketOf(_self, ticket))
                _granted.Enqueue(ticket);
        }

        foreach (var ticket in _granted)
            _lockWanted.Remove(ticket);
    }

    /// <summary>The own leave took this session's turns away; what has not begun still waits in sheep.</summary>
    private void AskAgainForTurns(IEnumerable<TicketOf> turns)
    {
        _offered = 0;
        foreach (var turn in turns.Where(x => _turnsWanted.Contains(x.Ticket)))
            _outgoing.Enqueue(new ClusterMessage(ClusterMessageKind.Block) { Ticket = turn.Ticket }.Encode());
    }
}
