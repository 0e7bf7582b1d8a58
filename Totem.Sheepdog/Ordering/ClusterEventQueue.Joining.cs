using System.Globalization;

namespace Totem.Sheepdog.Ordering;

// Before the own accept.
internal sealed partial class ClusterEventQueue
{
    /// <summary>Others of whom it is not known that they know nothing.</summary>
    private readonly HashSet<PeerId> _unknown = [];

    /// <summary>Requests that were delivered here, in their order; of those that are still waiting.</summary>
    private readonly List<PeerId> _asking = [];

    private List<OrderedElement>? _record;
    private ClusterState _electionState = ClusterState.Empty;
    private long _recordedBytes;
    private bool _hasArrived;
    private bool _hasSettled;
    private uint _attempt;
    private uint _recordedAttempt;
    private uint? _elected;

    /// <summary>The driver has waited long enough for others to be found.</summary>
    public void HandleSettled()
    {
        _hasSettled = true;
        if (Phase != ClusterPhase.Joining)
            return;
        if (_peers.Count < _options.Quorum)
        {
            Note(ClusterLogLevel.Warning, string.Create(
                CultureInfo.InvariantCulture, $"{_peers.Count} sheep are here and {_options.Quorum} begin a cluster (quorum): this one waits for the others"));
        }

        TryElect();
    }

    private void SendJoin()
    {
        _elected = null;
        _record = null;
        _outgoing.Enqueue(new ClusterMessage(ClusterMessageKind.Join) { Attempt = ++_attempt, Node = _node, Opaque = _opaque }.Encode());
    }

    private void HandleChangeWhileJoining(PeerChange change)
    {
        if (!_hasArrived)
        {
            if (!_peers.Contains(_self))
                return;
            _hasArrived = true;
            _unknown.UnionWith(_peers);
            _unknown.Remove(_self);
            if (_node is not null && !_options.OverLog)
                SendJoin();
            return;
        }

        foreach (var left in change.Left)
        {
            _unknown.Remove(left.Peer);
            _asking.Remove(left.Peer);
        }

        if (change.Left.Count > 0)
            Record(new OrderedElement(default, null, change with { Peers = [], Joined = [] }));
        if (change.Joined.Any(x => x.IsMerged || x.Peer == _self))
        {
            // Nobody on the other side has heard the request, and what they know is not known here: all over again.
            _unknown.Clear();
            _unknown.UnionWith(_peers);
            _unknown.Remove(_self);
            _asking.Clear();
            if (_node is not null)
                SendJoin();
        }

        TryElect();
    }

    private void HandleMessageWhileJoining(PeerId sender, ClusterMessage message)
    {
        switch (message.Kind)
        {
            case ClusterMessageKind.Join:
                _unknown.Remove(sender);
                _asking.Remove(sender);
                _asking.Add(sender);
                if (sender == _self)
                {
                    (_record, _recordedBytes, _recordedAttempt, _elected) = ([], 0, message.Attempt, null);
                    break;
                }

                Record(new OrderedElement(sender, message, null));
                break;
            case ClusterMessageKind.Accept when message.Peer == _self:
                if (!TryBecome(sender, message))
                    Record(new OrderedElement(sender, message with { Opaque = default, State = null }, null));
                return;
            case ClusterMessageKind.Accept:
                // From now on it knows; should this accept not count, it asks again, or goes.
                if (_peers.Contains(message.Peer))
                    _unknown.Add(message.Peer);
                Record(new OrderedElement(sender, message with { Opaque = default, State = null }, null));
                break;
            case ClusterMessageKind.Grant:
                Record(new OrderedElement(sender, message with { State = null }, null));
                TakeGrant(message);
                return;
            case ClusterMessageKind.View:
                if (sender != _self && _peers.Contains(sender))
                    _unknown.Add(sender);
                break;
            case ClusterMessageKind.Deaths:
                break;
            default:
                // Messages as well: what waits for the own accept comes behind it.
                Record(new OrderedElement(sender, message, null));
                break;
        }

        TryElect();
    }

    private void Record(OrderedElement element)
    {
        if (_record is null)
            return;
        _record.Add(element);
        _recordedBytes += element.Cost;
        if (_record.Count <= ClusterLimits.RecordedMax && _recordedBytes <= ClusterLimits.SendingBytesMax)
            return;
        if (_options.OverLog)
            HandleLost("nobody answered the join request in time", canReconnect: true);
        else
            SendJoin();
    }

    /// <summary>The first of all: everybody else in the group is known to know nothing, and asked later.</summary>
    private void TryElect()
    {
        if (_elected is not null || _record is null || _unknown.Count > 0 || _asking is not [var first, ..] || first != _self)
            return;
        if (_peers.Count >= _options.Quorum && (_hasSettled || !_options.WaitsUntilSettled))
            Elect(ClusterState.Empty);
    }

    /// <summary>Those who know the state have all left, and one of them says what it is.</summary>
    private void TakeGrant(ClusterMessage message)
    {
        if (message is { State: { } state } && message.Peer == _self && _record is not null && message.Attempt == _recordedAttempt
            && Replay(state).Granted == (_self, _recordedAttempt) && _elected is null)
            Elect(state);
    }

    private void Elect(ClusterState state)
    {
        _elected = _recordedAttempt;
        _electionState = state;
        Emit(new ClusterEvent(ClusterEventKind.Join, _node, [])
        {
            Opaque = _opaque,
            Peer = _self,
            Attempt = _recordedAttempt,
            Version = Replay(state).Version,
        });
    }

    private bool TryBecome(PeerId sender, ClusterMessage accept)
    {
        if (_record is null || accept.Attempt != _recordedAttempt || accept.State is null)
            return false;
        List<Effect> effects = [];
        var state = Replay(accept.State).Step(sender, accept, effects);
        if (effects is not [{ Kind: EffectKind.Accepted } accepted, ..] || accepted.Peer != _self)
            return false;
        _state = state;
        _record = null;
        _asking.Clear();
        _unknown.Clear();
        Phase = ClusterPhase.Joined;
        NoteAll(effects, change: null);
        Tell(effects, change: null);
        SendHeld();
        Act();
        return true;
    }

    /// <summary>What everybody knows by now, from the state at the place of the own request.</summary>
    private ClusterState Replay(ClusterState state)
    {
        List<Effect> ignored = [];
        state = state.Step(_self, new ClusterMessage(ClusterMessageKind.Join) { Attempt = _recordedAttempt, Node = _node, Opaque = _opaque }, ignored);
        foreach (var element in _record!)
            state = element.Change is { } change ? Gone(state, change, ignored) : state.Step(element.Sender, element.Message!, ignored);
        return state;
    }
}
