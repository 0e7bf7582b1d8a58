using Totem.Cpg.Ring;

namespace Totem.Cpg.Sessions;

/// <summary>
/// One handle of libcpg: at most one group, ever, and a queue of events. The ring's thread adds, the application's
/// threads do the rest. As with the original, one handle is not for several threads at once, except that it may be
/// finalised while another dispatches; nothing breaks otherwise, but then the order in which two dispatching threads
/// call back is theirs.
/// </summary>
internal sealed class CpgSession : ICpgGroupSink, ICpgRingSink, IDisposable
{
    private readonly ICpgRing _ring;
    private readonly EventQueue _events;
    private readonly uint _pid;
    private readonly bool _wantsInitialRing;
    private readonly TimeSpan _readyTimeout;
    private readonly Lock _gate = new();
    private byte[] _group = [];
    private object? _token;
    private MembershipState _state;
    private bool _hasInitialRing;
    private bool _isAbandoned;

    /// <param name="ring">The ring of this process.</param>
    /// <param name="settings">The other settings that the handle was made with.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">There are no descriptors left.</exception>
    public CpgSession(ICpgRing ring, CpgSessionSettings settings)
    {
        _ring = ring;
        _pid = settings.Pid;
        _wantsInitialRing = settings.WantsInitialRing;
        _readyTimeout = settings.ReadyTimeout;
        Context = settings.Context;
        _events = new EventQueue(settings.MaxWaitingBytes, ring.Resume);
        ring.Watch(this);
    }

    private enum MembershipState
    {
        None,
        Joined,
        Left,
    }

    /// <summary>The application's own pointer.</summary>
    public nint Context { get; set; }

    /// <summary>Readable exactly while an event waits, or the ring member has stopped.</summary>
    public int Descriptor => _events.Descriptor;

    /// <inheritdoc />
    bool ICpgGroupSink.HasRoom => _events.HasRoom;

    /// <inheritdoc />
    bool ICpgGroupSink.IsBehind => _events.IsBehind;

    /// <summary>The events that wait.</summary>
    public EventQueue Events => _events;

    /// <summary>The group that was joined; empty before that.</summary>
    public ReadOnlySpan<byte> Group => _group;

    /// <summary>Takes the next event.</summary>
    /// <returns><see cref="CsError.TryAgain"/> when there is none.</returns>
    public CsError Take<T>(ref T receiver)
        where T : ICpgReceiver
    {
        switch (_events.TryTake(out var taken))
        {
            case TakeResult.Empty:
                return CsError.TryAgain;
            case TakeResult.Failed:
                return CsError.Library;
            case TakeResult.Closed:
                return CsError.BadHandle;
        }

        taken.Deliver(ref receiver);
        return CsError.Ok;
    }

    /// <summary>Joins. The callbacks hear of it later, by dispatching.</summary>
    public CsError Join(ReadOnlySpan<byte> group)
    {
        // The original accepts the empty name and then never announces its leave: a ghost in every table.
        if (group.IsEmpty)
            return CsError.InvalidParameter;
        lock (_gate)
        {
            if (_state != MembershipState.None)
                return CsError.Exist;
            if (WaitReady() is not CsError.Ok and var error)
                return error;
            _group = group.ToArray();
            switch (_ring.Join(group, _pid, this, out _token))
            {
                case JoinResult.Joining:
                    _state = MembershipState.Joined;
                    return CsError.Ok;
                case JoinResult.Exists:
                    return CsError.Exist;
                case JoinResult.Leaving:
                    return CsError.TryAgain;
                default:
                    return CsError.Library;
            }
        }
    }

    /// <summary>Leaves. The group's events go on until the handle is finalised; its own leave is one of them.</summary>
    public CsError Leave(ReadOnlySpan<byte> group)
    {
        lock (_gate)
        {
            if (_ring.Failure is not null)
                return CsError.Library;
            if (_state != MembershipState.Joined || !group.SequenceEqual(_group))
                return CsError.NotExist;
            _state = MembershipState.Left;
        }

        // Outside the lock: it waits for the ring, and the handle may be finalised meanwhile.
        _ring.Leave(_token!);
        return CsError.Ok;
    }

    /// <summary>
    /// Sends. OK says that the message is on its way, in the one order, behind what was sent before. Without a
    /// membership it is dropped with OK, as by the original, except a large one.
    /// </summary>
    public CsError Multicast(ReadOnlySpan<byte> message, CpgGuarantee guarantee)
    {
        if (Refusal(message.Length) is { } refused)
            return refused;
        var safe = guarantee == CpgGuarantee.Safe;
        return message.Length <= CpgLimits.AtomicMessageBytesMax
            ? Answer(_ring.TryMulticast(_token!, message, safe))
            : Answer(_ring.MulticastLarge(_token!, message.ToArray(), safe));
    }

    /// <summary>Sends from a buffer of <c>cpg_zcb_alloc</c>, which the original does with a reply:
    /// who is no member hears of it.</summary>
    public CsError MulticastBuffer(ReadOnlySpan<byte> message, CpgGuarantee guarantee)
    {
        const int bytesMax = 1 << 20;
        if (message.Length > bytesMax)
            return CsError.TooBig;
        if (_ring.Failure is not null)
            return CsError.Library;
        return IsJoined ? Multicast(message, guarantee) : CsError.NotExist;
    }

    /// <summary>The members of any group.</summary>
    public CsError Members(ReadOnlySpan<byte> group, out IReadOnlyList<CpgAddress> members)
    {
        members = [];
        if (_ring.Failure is not null)
            return CsError.Library;
        members = _ring.Members(group);
        return CsError.Ok;
    }

    /// <summary>A copy of one group's, or all groups', members to walk through.</summary>
    public CsError Iterate(ulong owner, CpgIterationType type, ReadOnlySpan<byte> group, out CpgIteration iteration)
    {
        iteration = new CpgIteration(owner, []);
        if (_ring.Failure is not null)
            return CsError.Library;
        var groups = _ring.Groups();
        if (type == CpgIterationType.OneGroup)
        {
            var name = group.ToArray();
            groups = [.. groups.Where(candidate => candidate.Name.AsSpan().SequenceEqual(name))];
        }

        iteration = CpgIteration.Over(owner, groups, namesOnly: type == CpgIterationType.NameOnly);
        return CsError.Ok;
    }

    public CsError LocalNode(out uint node)
    {
        node = _ring.LocalNode;
        return _ring.Failure is null ? CsError.Ok : CsError.Library;
    }

    /// <summary>The end of the handle; who did not leave is gone like a process that ended.</summary>
    /// <returns>The answer to finalising: the handle is gone in any case.</returns>
    public CsError Finish()
    {
        var failed = _ring.Failure is not null;
        Dispose();
        return failed ? CsError.Library : CsError.Ok;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _ring.Unwatch(this);
        // First the queue: the ring's thread may be waiting for room in it.
        _events.Dispose();
        object? abandoned;
        lock (_gate)
        {
            abandoned = _isAbandoned ? null : _token;
            _isAbandoned = true;
            _state = MembershipState.Left;
        }

        if (abandoned is not null)
            _ring.Abandon(abandoned);
    }

    /// <inheritdoc />
    void ICpgGroupSink.OnMessage(uint node, uint pid, ReadOnlySpan<byte> payload) =>
        _events.Add(CpgEvent.Message(node, pid, payload, _events.Memory));

    /// <inheritdoc />
    void ICpgGroupSink.OnChange(
        ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left, ReadOnlySpan<CpgAddress> joined)
    {
        _events.Add(CpgEvent.GroupChange(members, left, joined));
        if (!_wantsInitialRing || _hasInitialRing || !HasMyself(joined))
            return;
        _hasInitialRing = true;
        _events.Add(CpgEvent.RingChange(_ring.Current));
    }

    /// <inheritdoc />
    void ICpgRingSink.OnRing(CpgRingView ring) => _events.Add(CpgEvent.RingChange(ring));

    /// <inheritdoc />
    void ICpgRingSink.OnFailed() => _events.Fail();

    private bool IsJoined
    {
        get
        {
            lock (_gate)
                return _state == MembershipState.Joined;
        }
    }

    private bool HasMyself(ReadOnlySpan<CpgAddress> list)
    {
        foreach (var address in list)
        {
            if (address.Node == _ring.LocalNode && address.Pid == _pid)
                return true;
        }

        return false;
    }

    /// <summary>Null when the message may be handed to the ring.</summary>
    private CsError? Refusal(int length)
    {
        if (_ring.Failure is not null)
            return CsError.Library;
        if (length > CpgLimits.MaxMessageBytes)
            return CsError.TooBig;
        if (!IsJoined)
            return length > CpgLimits.AtomicMessageBytesMax ? CsError.NotExist : CsError.Ok;
        // A large message suspends the limit while it goes out. A handle that is full must be read first, or sending
        // would fill it without end.
        var mustReadFirst = length > CpgLimits.AtomicMessageBytesMax && !_events.HasRoom;
        return _ring.IsReady && !mustReadFirst ? null : CsError.TryAgain;
    }

    private CsError WaitReady()
    {
        if (_ring.WaitReady(_readyTimeout))
            return CsError.Ok;
        return _ring.Failure is null ? CsError.TryAgain : CsError.Library;
    }

    private static CsError Answer(SendResult result) => result switch
    {
        SendResult.Accepted => CsError.Ok,
        SendResult.Backpressured => CsError.TryAgain,
        SendResult.NotMember => CsError.NotExist,
        SendResult.Interrupted => CsError.Interrupt,
        _ => CsError.Library,
    };
}

/// <summary>How a handle is made.</summary>
/// <param name="Pid">The process that its membership stands for.</param>
/// <param name="ReadyTimeout">How long a join may wait for a synchronisation.</param>
/// <param name="WantsInitialRing">Whether the ring is told once behind its own join.</param>
/// <param name="Context">The application's pointer.</param>
internal sealed record CpgSessionSettings(
    uint Pid, TimeSpan ReadyTimeout, bool WantsInitialRing = false, nint Context = 0)
{
    /// <summary>The most that may wait before the ring is held back.</summary>
    public long MaxWaitingBytes { get; init; } = CpgLimits.MaxWaitingBytes;
}
