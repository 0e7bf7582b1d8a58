using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>
/// One session of a sheep in a cluster, as a machine without I/O or clock: what the backend delivers goes in
/// (<c>Handle</c>), what sheep asks goes in, messages for the backend come out (<see cref="TryTransmit"/>), events for
/// sheep come out (<see cref="TryTake"/>). All drivers use it; a backend needs no more than a total order over messages
/// and changes of a group. A lost session is not mended: the driver makes a new one. One thread at a time.
/// </summary>
/// <remarks>
/// <para>Members hold one state, a function of the order (<c>ClusterState</c>). A joiner asks; the oldest member runs
/// the join handler and sends the accept, once, with the state at the place of the request; the joiner has recorded
/// what came since, and so arrives at the same state.</para>
/// <para>The session's own states are types with their data. A rule of a state returns a <see cref="Transition"/>; the
/// <c>Enter</c> methods here are the only places that assign the state.</para>
/// </remarks>
internal sealed partial class ClusterSession
{
    private readonly SessionCommon _common;
    private SessionState _state;
    private ulong _lastTicket;

    /// <summary>A session that has not joined yet, over a backend that has a group.</summary>
    /// <param name="self">The backend's name for it: another one for each session.</param>
    /// <param name="options">Null for the defaults.</param>
    public ClusterSession(PeerId self, SessionOptions? options = null)
    {
        _common = new SessionCommon(self, options ?? new SessionOptions());
        _state = new ArrivingState(_common);
    }

    private ClusterSession(SessionCommon common, SessionState first) => (_common, _state) = (common, first);

    /// <summary>The backend's name for this session.</summary>
    public PeerId Self => _common.Self;

    /// <summary>Where it stands.</summary>
    public SessionPhase Phase => _state.Phase;

    /// <summary>Why it is lost; null while it is not.</summary>
    public string? LostReason => (_state as LostState)?.Reason;

    /// <summary>Bytes of peers that were no message.</summary>
    public long MalformedCount { get; private set; }

    /// <summary>The members, the oldest first, at the end of what was delivered; events may lag behind.</summary>
    public IReadOnlyList<SheepNode> Members => Known is { } state ? [.. state.Members.Select(x => x.Node)] : [];

    /// <summary>The state that all who are informed know alike; null while this session is not.</summary>
    public ClusterState? Known => _state.Known;

    /// <summary>Whether there is anybody to read the notes.</summary>
    public bool WritesNotes
    {
        get => _common.Output.WritesNotes;
        set => _common.Output.WritesNotes = value;
    }

    /// <summary>A join request is waiting for another member's answer: <see cref="HandleTime"/> is wanted from time to
    /// time.</summary>
    public bool IsWaitingForAnswer => _state is JoinedState { IsWaitingForAnswer: true };

    /// <summary>A session over a log, which has no group and no other side: the join request is the session's arrival,
    /// and made once.</summary>
    /// <param name="self">The backend's name for it: another one for each session.</param>
    public static ClusterSession OverLog(PeerId self)
    {
        var common = new SessionCommon(self, new SessionOptions());
        return new ClusterSession(common, new JoiningState(common, new HeldMessages(), hasSettled: false));
    }

    /// <summary>The next element of the order is a change of those who are there.</summary>
    public void HandleChange(OrderedChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        change.Renew(_common.Peers);
        foreach (var joined in change.Joined)
            _common.Deaths.Forget(joined.Peer.Seat);
        Handle(change);
    }

    /// <summary>The next element of the order is a message to the group.</summary>
    /// <param name="sender">The session that sent it; the backend vouches for that.</param>
    /// <param name="bytes">The message, which may be anything.</param>
    public void HandleMessage(PeerId sender, ReadOnlySpan<byte> bytes)
    {
        if (ClusterMessage.TryDecode(bytes) is { } message)
            Handle(new OrderedMessage(sender, message));
        else
            MalformedCount++;
    }

    /// <summary>The backend says who comes along to the next change, and hands out what was sent before to them only.
    /// Sheep on the wrong side must not be told of that.</summary>
    public void HandleTransitional(IReadOnlyCollection<PeerId> survivors)
    {
        ArgumentNullException.ThrowIfNull(survivors);
        Handle(new SessionInput.Transitional(survivors));
    }

    /// <summary>The process at a seat is known to be dead, not cut off. In no order with the rest.</summary>
    public void HandleDead(uint seat)
    {
        if (_common.Deaths.TryAdd(seat))
            Handle(new SessionInput.SeatDied());
    }

    /// <summary>For the notes only: this one has seen a death, which the others learn of later.</summary>
    public void NoteDeath(uint seat) => _common.Deaths.Note(seat);

    /// <summary>The driver has waited long enough for others to be found.</summary>
    public void HandleSettled() => Handle(new SessionInput.Settled());

    /// <summary>The time.</summary>
    /// <param name="milliseconds">Of any clock that does not go back.</param>
    public void HandleTime(long milliseconds) => Handle(new SessionInput.ClockRead(milliseconds));

    /// <summary>The session is over for a reason of the driver's: the backend is lost.</summary>
    /// <param name="reason">Why, for people.</param>
    /// <param name="canReconnect">Whether a new session can begin at once.</param>
    public void HandleLost(string reason, bool canReconnect) =>
        Handle(new SessionInput.BackendLost(reason, canReconnect));

    /// <summary>Another process is this node now, and this one must end.</summary>
    public void HandleReplaced() => Handle(new SessionInput.NodeReplaced());

    /// <summary>Takes the next message for the backend's group.</summary>
    public bool TryTransmit([NotNullWhen(true)] out byte[]? message) => _common.Output.TryTakeMessage(out message);

    /// <summary>Takes the next line for the operator's log.</summary>
    public bool TryTakeNote(out ClusterNote note) => _common.Output.TryTakeNote(out note);

    /// <summary>For people: what it waits for.</summary>
    public override string ToString() => $"{Self} {Phase}{(LostReason is { } reason ? $" ({reason})" : "")}, "
        + $"peers [{string.Join(' ', _common.Peers.Order())}], {_common.Output.EventCount} events untold, {_state}";

    private void Handle(SessionInput input)
    {
        for (var next = Decide(input); next is not null;)
            next = Enter(next);
    }

    /// <summary>Every pair of a state and an input. A pair that changes nothing says why.</summary>
    private Transition? Decide(SessionInput input)
    {
        switch (_state, input)
        {
            case (ArrivingState, SessionInput.JoinAsked):
                return null; // It asks when the group has it.
            case (ArrivingState arriving, PeerChange):
                return arriving.HandleChange();
            case (ArrivingState, OrderedElement):
                return null; // Messages before its own request are in the state that it is handed.

            case (JoiningState joining, SessionInput.JoinAsked):
                joining.Ask();
                return null;
            case (JoiningState joining, LogArrival):
                joining.HandleArrival();
                return null;
            case (JoiningState joining, OrderedChange change):
                return joining.HandleChange(change);
            case (JoiningState joining, OrderedMessage message):
                return joining.HandleMessage(message);

            case (NewcomerState newcomer, SessionInput.Settled):
                newcomer.HandleSettled();
                return null;
            case (NewcomerState, SessionInput.Transitional or SessionInput.SeatDied or SessionInput.ClockRead):
                return null; // It has nothing to tell, no member to miss, nobody else to wait for.

            case (JoinedState joined, OrderedChange change):
                return joined.HandleChange(change);
            case (JoinedState joined, OrderedMessage message):
                return joined.HandleMessage(message);
            case (JoinedState joined, SessionInput.Transitional transitional):
                return joined.HandleTransitional(transitional.Survivors);
            case (JoinedState joined, SessionInput.ClockRead clock):
                joined.HandleTime(clock.Milliseconds);
                return null;
            case (JoinedState, SessionInput.SeatDied):
                return null; // The change says who went; until then nobody is missing.

            case (InDoubtState doubt, OrderedChange change):
                return doubt.HandleChange(change);
            case (InDoubtState doubt, OrderedMessage message):
                return doubt.HandleMessage(message);
            case (InDoubtState doubt, SessionInput.SeatDied):
                doubt.TellDeaths();
                return null;
            case (InDoubtState doubt, SessionInput.ClockRead):
                doubt.HandleTime();
                return null;
            case (InDoubtState, SessionInput.Transitional):
                return null; // All is kept back already.

            case (JoinedState or InDoubtState, SessionInput.JoinAsked or SessionInput.Settled):
                return null; // It is in.

            case (LostState lost, OrderedChange or SessionInput.SeatDied):
                lost.ReconnectIfPossible();
                return null;
            case (LostState lost, OrderedMessage message):
                lost.HandleMessage(message);
                return null;
            case (LostState lost, SessionInput.BackendLost { CanReconnect: true }):
                lost.Reconnect();
                return null;
            case (LostState, _):
                return null; // It is over.

            case (_, SessionInput.BackendLost backend):
                return new ToLost(backend.Reason, backend.CanReconnect ? AfterLoss.Reconnects : AfterLoss.Waits);
            case (_, SessionInput.NodeReplaced):
                return ToLost.NodeReplaced();
            default:
                throw new UnreachableException($"{input} in {Phase}");
        }
    }

    /// <returns>Where it goes at once from there.</returns>
    private Transition? Enter(Transition transition) => transition switch
    {
        ToJoining to => EnterJoining(to),
        ToJoined to => EnterJoined(to),
        ToInDoubt to => EnterInDoubt(to),
        ToLost to => EnterLost(to),
        _ => throw new UnreachableException($"{transition}"),
    };

    private Transition? EnterJoining(ToJoining to)
    {
        _state = to.State;
        to.State.Begin();
        return null;
    }

    private Transition? EnterJoined(ToJoined to)
    {
        if (_state is InDoubtState { IsNoted: true })
        {
            _common.Output.Note(
                ClusterLogLevel.Information, "this side goes on: those it was cut off from are known to have ended");
        }

        _state = to.State;
        return to switch
        {
            ToJoined.ByAccept accept => to.State.Begin(accept.Effects, accept.Held),
            ToJoined.ByEndOfDoubt end => to.State.CatchUp(end.Kept),
            _ => throw new UnreachableException($"{to}"),
        };
    }

    private Transition? EnterInDoubt(ToInDoubt to)
    {
        var doubt = new InDoubtState(_common, to.Joined, to.Cut);
        _state = doubt;
        doubt.Begin();
        return to.Change is { } change ? doubt.HandleChange(change) : null;
    }

    private Transition? EnterLost(ToLost to)
    {
        _common.Output.Note(ClusterLogLevel.Warning, $"the session is lost: {to.Reason}");
        var seats = Known is { } state ? state.Members.Select(x => x.Peer.Seat).ToHashSet() : [];
        var lost = new LostState(_common, to.Reason, seats);
        _state = lost;
        _common.Output.Clear();
        _common.Locks.Clear();
        _common.Turns.Clear();
        lost.Begin(to.Next);
        return null;
    }
}
