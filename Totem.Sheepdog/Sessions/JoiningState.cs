using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The session is in the group and asks to be accepted, as soon as sheep has told it to.</summary>
/// <remarks>A member accepts it. Where there is none, the first of all accepts itself: the one that knows of everybody
/// in the group that they know nothing, and whose request came first among theirs.</remarks>
/// <param name="common">The fields that the session has in every state.</param>
/// <param name="held">The messages that wait for the accept.</param>
/// <param name="hasSettled">Whether the driver has waited long enough for others to be found.</param>
internal sealed class JoiningState(SessionCommon common, HeldMessages held, bool hasSettled)
    : NewcomerState(common, held, hasSettled)
{
    /// <summary>The others in the group that may know the cluster's state. One that sends a join request shows that it
    /// does not.</summary>
    private readonly HashSet<PeerId> _mayKnow = [];

    /// <summary>The sessions whose requests were delivered here and wait, in the order of the requests.</summary>
    private readonly List<PeerId> _asking = [];

    /// <summary>Null until this session's own request has come back.</summary>
    private JoinRecord? _record;
    private uint _attempt;
    private bool _asksOnce;

    /// <summary>The request that sheep itself is to answer, and the state at its place; null while others may answer
    /// it.</summary>
    public (uint Attempt, ClusterState State)? Election { get; private set; }

    /// <summary>The session has just come into the group.</summary>
    public void Begin()
    {
        AssumeOthersKnow();
        if (Common.Request is not null)
            Ask();
    }

    /// <summary>Sends a join request; the ones before it are void.</summary>
    public void Ask()
    {
        Election = null;
        _record = null;
        Common.Output.Send(Common.Request!.Message(++_attempt));
    }

    public override void HandleSettled()
    {
        base.HandleSettled();
        TryElect();
    }

    /// <summary>The request has its place in a log, where a session asks once: the request is its arrival.</summary>
    public void HandleArrival()
    {
        _asksOnce = true;
        AssumeOthersKnow();
    }

    public Transition? HandleChange(OrderedChange change)
    {
        foreach (var left in change.Left)
        {
            _mayKnow.Remove(left.Peer);
            _asking.Remove(left.Peer);
        }

        if (change.Left.Count > 0 && Record(change.OnlyLeft()) is { } lost)
            return lost;
        if (change.Joined.Any(x => x.IsMerged || x.Peer == Common.Self))
        {
            // Nobody on the other side has heard the request, and what they know is not known here: all over again.
            AssumeOthersKnow();
            _asking.Clear();
            if (Common.Request is not null)
                Ask();
        }

        TryElect();
        return null;
    }

    public Transition? HandleMessage(OrderedMessage element)
    {
        var (sender, message) = element;
        switch (message.Kind)
        {
            case ClusterMessageKind.Join:
                return HandleJoin(element);
            case ClusterMessageKind.Accept when message.Peer == Common.Self:
                return (Transition?)AcceptedBy(element) ?? Record(WithoutBuffer(element));
            case ClusterMessageKind.Accept:
                // From now on it knows; should this accept not count, it asks again, or goes.
                if (Common.Peers.Contains(message.Peer))
                    _mayKnow.Add(message.Peer);
                return RecordAndElect(WithoutBuffer(element));
            case ClusterMessageKind.Grant:
                if (Record(WithoutBuffer(element)) is { } lost)
                    return lost;
                TakeGrant(message);
                return null;
            case ClusterMessageKind.View:
                if (sender != Common.Self && Common.Peers.Contains(sender))
                    _mayKnow.Add(sender);
                TryElect();
                return null;
            case ClusterMessageKind.Deaths:
                // Those in doubt say it to each other.
                TryElect();
                return null;
            default:
                // Messages as well: whatever waits for this session's accept comes behind it.
                return RecordAndElect(element);
        }
    }

    /// <summary>For people: what it waits for.</summary>
    public override string ToString() =>
        $"unknown [{string.Join(' ', _mayKnow)}], asking [{string.Join(' ', _asking)}], "
        + $"attempt {_record?.Attempt ?? 0} of {_attempt}, elected {Election?.Attempt}, settled {HasSettled}";

    /// <summary>A replay needs neither the buffer nor the state of an answer.</summary>
    private static OrderedMessage WithoutBuffer(OrderedMessage answer) =>
        answer with { Message = answer.Message with { Opaque = default, State = null } };

    private void AssumeOthersKnow()
    {
        _mayKnow.Clear();
        _mayKnow.UnionWith(Common.Peers);
        _mayKnow.Remove(Common.Self);
    }

    private ToLost? HandleJoin(OrderedMessage element)
    {
        _mayKnow.Remove(element.Sender);
        _asking.Remove(element.Sender);
        _asking.Add(element.Sender);
        if (element.Sender != Common.Self)
            return RecordAndElect(element);
        Election = null;
        _record = Common.Request is { } request ? new JoinRecord(Common.Self, request, element.Message.Attempt) : null;
        TryElect();
        return null;
    }

    private ToLost? RecordAndElect(OrderedMessage element)
    {
        if (Record(element) is { } lost)
            return lost;
        TryElect();
        return null;
    }

    private ToLost? Record(OrderedElement element)
    {
        if (_record is null || _record.TryAdd(element))
            return null;
        if (_asksOnce)
            return new ToLost("nobody answered the join request in time", AfterLoss.Reconnects);
        Ask();
        return null;
    }

    /// <summary>The first of all: everybody else in the group is known to know nothing, and asked later.</summary>
    private void TryElect()
    {
        var isFirst = _mayKnow.Count == 0 && _asking is [var first, ..] && first == Common.Self;
        var mayBegin = Common.Peers.Count >= Common.Options.Quorum && (HasSettled || !Common.Options.WaitsUntilSettled);
        if (isFirst && mayBegin && Election is null && _record is { } record)
            Elect(record, ClusterState.Empty);
    }

    /// <summary>Those who know the state have all left, and one of them says what it is.</summary>
    private void TakeGrant(ClusterMessage message)
    {
        if (_record is not { } record || (message.Peer, message.Attempt) != (Common.Self, record.Attempt))
            return;
        if (Election is not null || message.State is not { } state)
            return;
        if (record.Replay(state).Granted == (Common.Self, record.Attempt))
            Elect(record, state);
    }

    private void Elect(JoinRecord record, ClusterState state)
    {
        Election = (record.Attempt, state);
        Common.Output.Tell(new ClusterEvent(ClusterEventKind.Join, Common.Request!.Node, [])
        {
            Opaque = Common.Request.Opaque,
            Peer = Common.Self,
            Attempt = record.Attempt,
            Version = record.Replay(state).Version,
        });
    }

    private ToJoined.ByAccept? AcceptedBy(OrderedMessage accept)
    {
        if (_record is not { } record || accept.Message.Attempt != record.Attempt)
            return null;
        if (accept.Message.State is not { } before)
            return null;
        List<Effect> effects = [];
        var state = accept.Apply(record.Replay(before), effects);
        return effects is [{ Kind: EffectKind.Accepted } accepted, ..] && accepted.Peer == Common.Self
            ? new ToJoined.ByAccept(new JoinedState(Common, state), effects, Held)
            : null;
    }
}
