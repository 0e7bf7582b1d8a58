using System.Diagnostics.CodeAnalysis;

namespace Totem.Sheepdog.Ordering;

/// <summary>
/// One session of a sheep in a cluster, as a machine without I/O or clock: what the backend delivers goes in (<c>Handle</c>), what sheep
/// asks goes in, messages for the backend come out (<see cref="TryTransmit"/>), events for sheep come out
/// (<see cref="TryTake"/>). All drivers use it; a backend needs no more than a total order over messages and changes of a group. A lost
/// session is not mended: the driver makes a new queue. One thread at a time.
/// </summary>
/// <remarks>
/// <para>Members hold one state, a function of the order (<c>ClusterState</c>). A joiner asks; the oldest member runs the join
/// handler and sends the accept, once, with the state at the place of the request; the joiner has recorded what came since, and so
/// arrives at the same state. The first joiner has nobody to ask: it is the one that knows of everybody in the group that they
/// know nothing, and whose request came first among theirs.</para>
/// </remarks>
internal sealed partial class ClusterEventQueue
{
    private readonly PeerId _self;
    private readonly ClusterQueueOptions _options;
    private readonly Queue<byte[]> _outgoing = new();
    private readonly Queue<ClusterEvent> _events = new();
    private readonly Queue<ClusterNote> _notes = new();
    private readonly HashSet<PeerId> _peers = [];
    private ClusterState? _state;
    private long _waitingBytes;

    /// <summary>A session that has not joined yet.</summary>
    /// <param name="self">What the backend calls it: another one for each session.</param>
    /// <param name="options">Null for the defaults.</param>
    public ClusterEventQueue(PeerId self, ClusterQueueOptions? options = null)
    {
        _self = self;
        _options = options ?? new ClusterQueueOptions();
    }

    /// <summary>What the backend calls this session.</summary>
    public PeerId Self => _self;

    /// <summary>Where it stands.</summary>
    public ClusterPhase Phase { get; private set; }

    /// <summary>Why it is lost; null while it is not.</summary>
    public string? LostReason { get; private set; }

    /// <summary>Messages of peers that were none.</summary>
    public long MalformedCount { get; private set; }

    /// <summary>The members, the oldest first, at the end of what was delivered; events may lag behind.</summary>
    public IReadOnlyList<SheepNode> Members => _state is null ? [] : [.. _state.Members.Select(x => x.Node)];

    internal ClusterState? State => _state;

    /// <summary>Whether there is anybody to read the notes.</summary>
    public bool WritesNotes { get; set; }

    /// <summary>For people: what it waits for.</summary>
    public override string ToString()
    {
        var who = $"{_self} {Phase}{(LostReason is { } reason ? $" ({reason})" : "")}, peers [{string.Join(' ', _peers.Order())}], {_events.Count} events untold";
        return Phase switch
        {
            ClusterPhase.Joining => $"{who}, unknown [{string.Join(' ', _unknown)}], asking [{string.Join(' ', _asking)}], "
                + $"attempt {_recordedAttempt} of {_attempt}, elected {_elected}, settled {_hasSettled}",
            ClusterPhase.InDoubt => $"{who}, missing [{string.Join(' ', _missing)}], of them ended [{string.Join(' ', _ended)}], "
                + $"dead seats [{string.Join(' ', _dead)}], {_keptBack.Count} elements kept back, {_state}",
            _ => $"{who}, {_state}",
        };
    }

    /// <summary>Takes the next message for the backend's group.</summary>
    public bool TryTransmit([NotNullWhen(true)] out byte[]? message) => _outgoing.TryDequeue(out message);

    /// <summary>Takes the next line for the operator's log.</summary>
    public bool TryTakeNote(out ClusterNote note) => _notes.TryDequeue(out note);

    /// <summary>The session is over for a reason of the driver's: the backend is lost.</summary>
    /// <param name="reason">Why, for people.</param>
    /// <param name="canReconnect">Whether a new session can begin at once.</param>
    public void HandleLost(string reason, bool canReconnect)
    {
        if (Phase != ClusterPhase.Lost)
            Lose(reason);
        if (canReconnect)
            Heal();
    }

    /// <summary>Another process is this node now, and this one must end.</summary>
    public void HandleReplaced()
    {
        if (Phase != ClusterPhase.Lost)
            Fail("another process has joined as this node");
    }

    private void Fail(string reason)
    {
        Lose(reason);
        Emit(new ClusterEvent(ClusterEventKind.Failed) { Reason = reason });
    }

    private void Emit(ClusterEvent clusterEvent)
    {
        _waitingBytes += clusterEvent.Cost;
        _events.Enqueue(clusterEvent);
    }

    /// <summary>Who lags this far behind is served no longer, since it may not hold up the others.</summary>
    private bool IsOverflown => _waitingBytes > ClusterLimits.WaitingBytesMax;

    private void Note(ClusterLogLevel level, string text)
    {
        if (WritesNotes)
            _notes.Enqueue(new ClusterNote(level, text));
    }

    private string NamesOf(IEnumerable<PeerId> peers)
        => string.Join(", ", peers.Order().Select(x => _state!.Find(x) is { } known ? NodeString.Short(known.Node) : x.ToString()));

    private void Lose(string reason)
    {
        Note(ClusterLogLevel.Warning, $"the session is lost: {reason}");
        Phase = ClusterPhase.Lost;
        LostReason = reason;
        _lastSeats = _state is null ? [] : [.. _state.Members.Select(x => x.Peer.Seat)];
        _state = null;
        _events.Clear();
        _outgoing.Clear();
        _held.Clear();
        _record = null;
        _granted.Clear();
        _waitingBytes = 0;
        _blockAgain = null;
    }
}
