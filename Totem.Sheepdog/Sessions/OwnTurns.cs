using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>This session's turns: those it has asked for, the one that sheep was offered, those that have
/// begun.</summary>
/// <param name="self">The session.</param>
internal sealed class OwnTurns(PeerId self)
{
    private readonly HashSet<ulong> _wanted = [];
    private readonly List<ulong> _started = [];
    private ulong _offered;
    private ulong? _refused;
    private bool _hasTakenSince;
    private bool _isLeaving;
    private bool _hasLeft;

    /// <summary>A turn was asked for that has not begun.</summary>
    public bool IsWaiting => _wanted.Count > 0;

    /// <summary>Sheep refused a turn and has heard of something since: it may be offered again.</summary>
    public bool MayOfferAgain => _refused is not null && _hasTakenSince;

    /// <summary>The turn that began first; 0, which is nobody's, when none has.</summary>
    public ulong Running => _started is [var first, ..] ? first : 0;

    /// <summary>Sheep has asked to leave. It may do so once.</summary>
    public bool IsLeaving => _isLeaving;

    public void Want(ulong ticket) => _wanted.Add(ticket);

    /// <summary>The others may have taken the turn away before this session hears its own leave: until then it begins
    /// none.</summary>
    public void BeginLeave() => _isLeaving = true;

    /// <summary>This node's leave took its turns away. Those that have not begun still wait in sheep.</summary>
    /// <returns>Those to ask for again.</returns>
    public IEnumerable<ulong> EndLeave(IEnumerable<TicketOf> turns)
    {
        (_hasLeft, _offered) = (true, 0);
        return turns.Select(x => x.Ticket).Where(_wanted.Contains);
    }

    /// <summary>Whether it is the turn of a request that has not begun.</summary>
    public bool IsTurnOf(ClusterState? state, ulong ticket) => _isLeaving == _hasLeft
        && state?.Blocks is [var head, ..] && head == new TicketOf(self, ticket) && _wanted.Contains(ticket);

    /// <summary>Offers sheep the turn that has come, once.</summary>
    public bool TryOffer(ClusterState state, out ulong ticket)
    {
        ticket = state.Blocks is [var head, ..] && head.Owner == self ? head.Ticket : 0;
        // After an own leave the next turn can come before the last one is over.
        if (ticket == 0 || ticket == _offered || _started.Count > 0 || !IsTurnOf(state, ticket))
            return false;
        _offered = ticket;
        return true;
    }

    /// <summary>Offers sheep the turn again that it refused.</summary>
    public bool TryOfferAgain(ClusterState? state, out ulong ticket)
    {
        ticket = _refused ?? 0;
        if (!MayOfferAgain)
            return false;
        (_refused, _hasTakenSince) = (null, false);
        return IsTurnOf(state, ticket);
    }

    /// <summary>Sheep has taken an event.</summary>
    public void HandleTaken() => _hasTakenSince = true;

    public void Start(ulong ticket)
    {
        _wanted.Remove(ticket);
        _started.Add(ticket);
    }

    public void Refuse(ulong ticket) => (_refused, _hasTakenSince) = (ticket, false);

    /// <summary>The turn that began first is over.</summary>
    public void EndRunning()
    {
        if (_started.Count > 0)
            _started.RemoveAt(0);
    }

    /// <summary>The session is over: nothing is offered again.</summary>
    public void Clear() => _refused = null;
}
