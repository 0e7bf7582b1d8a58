using System.Globalization;

namespace Totem.Sheepdog.Ordering;

// Cuts and their end.
internal sealed partial class ClusterEventQueue
{
    private const string WhatFollows = "nothing is delivered until the others are back, or known to have ended";

    /// <summary>Seats whose process is known to be dead.</summary>
    private readonly HashSet<uint> _dead = [];
    private readonly HashSet<uint> _seenDead = [];

    /// <summary>In doubt: members that are not on this side; and those of them that all on this side know to have ended.</summary>
    private readonly HashSet<PeerId> _missing = [];
    private readonly HashSet<PeerId> _ended = [];
    private readonly Queue<OrderedElement> _keptBack = new();

    private readonly List<ClusterView> _foreignViews = [];
    private ClusterView? _ownView;
    private HashSet<uint> _lastSeats = [];
    private bool _isHealed;
    private bool _isDoubtNoted;

    /// <summary>The backend says who comes along to the next change, and hands out what was sent before to them only. Whoever is on the
    /// wrong side must not hand that to sheep.</summary>
    public void HandleTransitional(IReadOnlyCollection<PeerId> survivors)
    {
        ArgumentNullException.ThrowIfNull(survivors);
        if (Phase == ClusterPhase.Joined && !GoesOnWithout([.. _peers.Except(survivors).Select(x => new PeerLeft(x, false))]))
            EnterDoubt();
    }

    /// <summary>The process at a seat is known to be dead, not cut off. In no order with the rest.</summary>
    public void HandleDead(uint seat)
    {
        if (!_dead.Add(seat))
            return;
        if (Phase == ClusterPhase.InDoubt)
            TellDeaths();
        else if (Phase == ClusterPhase.Lost)
            TryHeal();
    }

    /// <summary>For the notes only: this one has seen a death, which the others learn of later.</summary>
    public void NoteDeath(uint seat) => _seenDead.Add(seat);

    /// <summary>For the notes only: nothing may be decided by it.</summary>
    private bool IsDead(PeerId peer) => _dead.Contains(peer.Seat) || _seenDead.Contains(peer.Seat);

    /// <summary>Whether this side may go on, from what all on it know alike. Remembers who is missing.</summary>
    private bool GoesOnWithout(IReadOnlyList<PeerLeft> left)
    {
        _missing.Clear();
        _ended.Clear();
        foreach (var peer in left)
        {
            if (!peer.IsKnownEnded && _state!.Find(peer.Peer) is { IsMember: true })
                _missing.Add(peer.Peer);
        }

        var ended = left.Where(x => x.IsKnownEnded).Select(x => x.Peer).ToHashSet();
        return GoesOn(ended);
    }

    private bool GoesOn(HashSet<PeerId> ended)
    {
        var elsewhere = _missing.Except(ended).Select(x => x.Seat).ToHashSet();
        if (elsewhere.Count == 0)
            return true;
        var here = _state!.Members.Where(x => !_missing.Contains(x.Peer) && !ended.Contains(x.Peer)).Select(x => x.Peer.Seat).ToHashSet();
        // One that has left and only listens has no voice: it goes where the others on its side go, and alone it stays behind.
        return here.Count > 0 && PartitionPolicy.GoesOn(_options.Rule, _options.Quorum, here, elsewhere);
    }

    private void EnterDoubt()
    {
        Phase = ClusterPhase.InDoubt;
        NoteDoubt();
        TellDeaths();
    }

    private void NoteDoubt()
    {
        // Of the dead all will know in a moment.
        var away = _missing.Where(x => !IsDead(x)).ToArray();
        _isDoubtNoted = WritesNotes && away.Length > 0;
        if (!_isDoubtNoted)
            return;
        var all = _state!.Members.Count();
        Note(ClusterLogLevel.Warning, string.Create(
            CultureInfo.InvariantCulture,
            $"cut off from {NamesOf(away)}: {all - away.Length} of {all} sheep are on this side, which may not go on; {WhatFollows}"));
    }

    /// <summary>One may know what another does not, so it is decided by what was said, at its place in the order.</summary>
    private void TellDeaths()
    {
        var seats = _missing.Select(x => x.Seat).Where(_dead.Contains).Distinct().ToArray();
        if (seats.Length > 0)
            _outgoing.Enqueue(new ClusterMessage(ClusterMessageKind.Deaths) { Seats = seats }.Encode());
    }

    private void HandleChangeInDoubt(PeerChange change)
    {
        if (change.Joined.Any(x => x.Peer == _self || _missing.Contains(x.Peer)))
        {
            Lose("the cluster was cut in two, and the other side went on");
            TryHeal();
            return;
        }

        var count = _missing.Count;
        foreach (var left in change.Left)
        {
            if (_state!.Find(left.Peer) is { IsMember: true } && _missing.Add(left.Peer) && left.IsKnownEnded)
                _ended.Add(left.Peer);
            if (left.IsKnownEnded && _missing.Contains(left.Peer))
                _ended.Add(left.Peer);
        }

        // A new session at a seat: the one before it there is over.
        foreach (var joined in change.Joined)
            _ended.UnionWith(_missing.Where(x => x.Seat == joined.Peer.Seat));
        KeepBack(new OrderedElement(default, null, change));
        if (Phase != ClusterPhase.InDoubt)
            return;
        if (_missing.Count != count)
            TellDeaths();
        TryResolve();
    }

    private void HandleMessageInDoubt(PeerId sender, ClusterMessage message)
    {
        if (message.Kind == ClusterMessageKind.Deaths)
        {
            if (_state!.Find(sender) is null || _missing.Contains(sender))
                return;
            _ended.UnionWith(_missing.Where(x => message.Seats.Contains(x.Seat)));
            TryResolve();
        }
        else if (message.Kind == ClusterMessageKind.View && _state!.Find(sender) is null)
        {
            Lose("the cluster was cut in two, and the other side went on");
            Heal();
        }
        else
        {
            KeepBack(new OrderedElement(sender, message, null));
        }
    }

    private void KeepBack(OrderedElement element)
    {
        _keptBack.Enqueue(element);
        _waitingBytes += element.Cost;
        if (IsOverflown)
            Lose($"more than {ClusterLimits.WaitingBytesMax >> 20} MiB waited for the end of a cut");
    }

    private void TryResolve()
    {
        if (!GoesOn(_ended))
            return;
        Phase = ClusterPhase.Joined;
        if (_isDoubtNoted)
            Note(ClusterLogLevel.Information, "this side goes on: those it was cut off from are known to have ended");
        var kept = _keptBack.ToArray();
        _keptBack.Clear();
        foreach (var element in kept)
            _waitingBytes -= element.Cost;
        foreach (var element in kept)
        {
            // Applying can end the session.
            if (Phase != ClusterPhase.Joined)
                return;
            if (element.Change is { } change)
                ApplyChange(change);
            else
                HandleMessageWhileJoined(element.Sender, element.Message!);
        }

        Act();
    }

    /// <summary>Somebody is in the group who is not in the state: perhaps a side of a cut that went on too. The oldest on each side
    /// says how much it has; all compare.</summary>
    private void CompareViews()
    {
        _ownView = null;
        _foreignViews.Clear();
        if (_options.OverLog || _state is not { } state || state.Informed.IsEmpty || state.Informed[0].Peer != _self || _peers.All(x => state.Find(x) is not null))
            return;
        var lowest = state.Informed.Select(x => x.Peer).Min();
        _outgoing.Enqueue(new ClusterMessage(ClusterMessageKind.View) { View = new ClusterView(state.Members.Count(), lowest) }.Encode());
    }

    private void HandleView(PeerId sender, ClusterView view)
    {
        if (_state!.Find(sender) is not null)
            _ownView = view;
        else
            _foreignViews.Add(view);
        if (_ownView is { } own && _foreignViews.Any(x => x.Beats(own)))
        {
            Lose("two clusters met, and the other one is greater");
            Heal();
        }
    }

    /// <summary>Enough of those who were members can be reached again.</summary>
    private void TryHeal()
    {
        var here = _peers.Select(x => x.Seat).Where(_lastSeats.Contains).Append(_self.Seat).ToHashSet();
        var elsewhere = _lastSeats.Where(x => !here.Contains(x) && !_dead.Contains(x)).ToHashSet();
        if (PartitionPolicy.GoesOn(_options.Rule, _options.Quorum, here, elsewhere))
            Heal();
    }

    private void Heal()
    {
        if (_events.Count > 0)
            return;
        Emit(new ClusterEvent(ClusterEventKind.Reconnect));
        if (!_isHealed)
            Note(ClusterLogLevel.Information, "the cluster can be reached: this sheep joins afresh");
        _isHealed = true;
    }
}
