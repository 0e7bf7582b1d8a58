using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>
/// When a ring is left, with whom the next one is formed, and when it is committed to (TOCS95, the membership protocol;
/// WIRE §9). It sends joins and sets their deadlines itself; what follows for the state it returns as a
/// <see cref="Transition"/>. Which state we are in is the processor's business: here is a method for each pair of a
/// state and an input that is about members.
/// </summary>
internal sealed class MembershipProtocol
{
    /// <summary>
    /// How long, in join intervals, those who went on without us are given to form their ring. A daemon that misses a
    /// join (it drops what it reads before it handles a token) agrees with the next, whole join intervals after we were
    /// alone: halfway between two of them nobody is forming anything, and the second is for one more that is missed.
    /// </summary>
    private const double JoinsUntilOthersStand = 2.5;

    private readonly RingOptions _options;
    private readonly RingTrail _trail;
    private readonly ChangeCause _cause;
    private readonly DeadlineTable _deadlines;
    private readonly IRingObserver _observer;
    private readonly Neighbourhood _neighbours;
    private readonly Announcements _announcements;
    private readonly StrangerRules _strangers;
    private readonly Consensus _consensus;

    public MembershipProtocol(
        RingOptions options, RingTrail trail, ChangeCause cause, FrameBuffers buffers, Outbox outbox,
        DeadlineTable deadlines, IRingObserver observer)
    {
        _options = options;
        _trail = trail;
        _cause = cause;
        _deadlines = deadlines;
        _observer = observer;
        _neighbours = new Neighbourhood(options);
        _announcements = new Announcements(options, trail, _neighbours, buffers, outbox);
        _strangers = new StrangerRules(_neighbours, _announcements);
        _consensus = new Consensus(options, trail, cause, _neighbours, _announcements, deadlines, observer);
    }

    /// <summary>Our application has stopped reading, so we form no ring with anybody.</summary>
    public bool IsAside { get; private set; }

    /// <summary>Somebody who lost commit tokens is left alone for now.</summary>
    public bool IsAnybodyResting(Instant now) => _neighbours.IsAnybodyResting(now);

    /// <summary>The processor begins.</summary>
    public Transition Start(Instant now)
    {
        _cause.Note(GatherReason.Started, ProcessorSet.Empty, TimeSpan.Zero);
        return new Transition.ToGather(
            GatherFor(ProcessorSet.Empty, ProcessorSet.Empty, now), GatherReason.Started, ProcessorId.None);
    }

    /// <summary>We say goodbye to the others.</summary>
    public void SendFarewell() => _announcements.SendFarewell();

    /// <summary>Notes what a frame shows of its sender, in whatever state. Returns why nothing more is made of it; null
    /// when it goes on.</summary>
    public DiscardReason? Hear(scoped in Frame frame, Instant now)
    {
        if (frame.Kind == FrameKind.MergeDetect)
        {
            _neighbours.Heard(frame.Sender, now);
            _neighbours.Told(frame.Sender, frame.MergeTrailer, _neighbours.HeardSince(now));
        }

        if (frame.Join is not { } join)
            return null;
        var isBelieved = _trail.TakeClaim(join.RingSequence);
        if (!isBelieved)
            return DiscardReason.AbsurdRingSequence;
        _trail.NoteSequence(join.RingSequence);
        if (!join.IsLeave)
        {
            _neighbours.Heard(join.System, now);
            _neighbours.Hears(join.System, join.Trailer?.Heard ?? ProcessorSet.Empty);
            _neighbours.Shows(join.System, isKin: join.Trailer is not null);
        }

        return null;
    }

    /// <summary>The sets of a gather that has begun, or has changed, are told to all.</summary>
    public Transition? AskAgain(GatherState gather, Instant now) => _consensus.AskAgain(gather, now);

    /// <summary>Gather, and a join.</summary>
    public Transition? TakeJoin(GatherState gather, JoinMessage join, Instant now) =>
        _consensus.Apply(gather, join, now);

    /// <summary>Commit, and a join.</summary>
    public static Transition TakeJoin(CommitState commit, JoinMessage join, Instant now)
    {
        if (HasGivenUp(commit, join) || (commit.Members.Contains(join.System) && WillRefuse(commit.Gather, join)))
            return new Transition.ToGather(commit.Gather, GatherReason.JoinReceived, join.System, join);
        if (commit.Members.Contains(join.System) && !join.IsLeave)
            commit.Gather.Lost.StillAsked(join.System, now);
        // Joins from before the commit are still on their way; strangers are heard once the ring stands.
        return new Transition.Ignored(DiscardReason.NotInThisState, join.System);
    }

    /// <summary>Recovery, and a join.</summary>
    public static Transition TakeJoin(FormingState recovery, JoinMessage join) => HasGivenUp(recovery, join)
        ? new Transition.ToGather(recovery.Gather, GatherReason.JoinReceived, join.System, join)
        : new Transition.Ignored(DiscardReason.NotInThisState, join.System);

    /// <summary>Operational, and a join.</summary>
    public Transition TakeJoin(TokenRing ring, JoinMessage join, Instant now)
    {
        var isMember = ring.Members.Contains(join.System);
        if (IsIrrelevant(ring, join, isMember))
            return new Transition.Ignored(DiscardReason.IrrelevantJoin, join.System);
        if (!isMember)
        {
            _neighbours.Welcomed(join.System);
            var objection = ring.IsSettled
                ? _strangers.Obstruction(ring, join.System, isCalling: true, now)
                : DiscardReason.NotInThisState;
            if (objection is { } reason)
                return new Transition.Ignored(reason, join.System);
        }
        else if (!join.IsLeave)
        {
            NoteCall(ring, join, now);
        }

        return join.IsLeave
            ? LeaveRing(GatherReason.MemberLeft, join.System, now)
            : LeaveRing(GatherReason.JoinReceived, join.System, now, join);
    }

    /// <summary>Gather, and a frame of another ring.</summary>
    public Transition? HearStranger(GatherState gather, ProcessorId stranger, GatherReason reason, Instant now)
    {
        if (gather.Knows(stranger) || IsAside)
            return new Transition.Ignored(DiscardReason.NotInThisState, stranger);
        if (_strangers.IsSecondHand(stranger, reason, _neighbours.HeardSince(now)))
            return new Transition.Ignored(DiscardReason.SecondHand, stranger);
        var isProposed = gather.TryPropose(ProcessorSet.Of(stranger));
        return isProposed ? _consensus.AskAgain(gather, now) : null;
    }

    /// <summary>Operational, and a frame of another ring (WIRE §9.4).</summary>
    public Transition HearStranger(
        TokenRing ring, ProcessorId stranger, RingId itsRing, GatherReason reason, Instant now)
    {
        // A member on a ring older than ours has spoken before it joined us.
        var isFromBefore = ring.Members.Contains(stranger) && !RingId.IsLater(itsRing.Sequence, ring.Id.Sequence);
        var objection = isFromBefore ? DiscardReason.StaleRing
            : !ring.IsSettled || IsAside ? DiscardReason.NotInThisState
            : _strangers.Objection(ring, stranger, reason, _neighbours.HeardSince(now), now);
        return objection is { } because ? new Transition.Ignored(because, stranger) : LeaveRing(reason, stranger, now);
    }

    /// <summary>Gather, and a commit token.</summary>
    public Transition TakeCommitToken(GatherState gather, CommitToken token)
    {
        var isOurs = CommitRules.IsOurTurn(token, gather, _options.Self, _trail.Current);
        var isBelieved = isOurs && _trail.TakeClaim(token.Ring.Sequence);
        return isBelieved
            ? new Transition.ToCommit(gather, token)
            : new Transition.Ignored(_trail.ObjectionTo(token.Ring), token.Header.Node);
    }

    /// <summary>Commit, and a commit token.</summary>
    public Transition TakeCommitToken(CommitState commit, CommitToken token) =>
        CommitRules.IsAnswered(token, commit, _options.Self)
            ? new Transition.ToRecovery(commit, token)
            : new Transition.Ignored(_trail.ObjectionTo(token.Ring), token.Header.Node);

    /// <summary>Time is up for something that concerns members.</summary>
    public Transition? Expire(Deadline deadline, ProcessorState state, Instant now)
    {
        switch (deadline, state)
        {
            case (Deadline.TokenLoss, OperationalState { Ring: var ring }):
                _cause.Note(GatherReason.TokenLost, ProcessorSet.Empty, now - ring.LastTokenAt);
                return LeaveRing(GatherReason.TokenLost, ProcessorId.None, now);
            case (Deadline.TokenLoss, CommitState { Gather: var gather, NewRing: var lost }):
                gather.Lost.Lost(lost.Sequence, now);
                return new Transition.ToGather(gather, GatherReason.CommitTokenLost, ProcessorId.None);
            case (Deadline.TokenLoss, FormingState { Gather: var gather }):
                return new Transition.ToGather(gather, GatherReason.RecoveryTokenLost, ProcessorId.None);
            case (Deadline.Join, GatherState gather):
                return _consensus.RepeatJoin(gather, now);
            case (Deadline.Consensus, GatherState gather):
                return _consensus.Expire(gather, now);
            case (Deadline.MergeDetect, OperationalState { Ring: var ring }):
                if (!IsAside)
                    _announcements.SendMergeDetect(ring, now);
                _deadlines.Set(Deadline.MergeDetect, now + _options.MergeDetectInterval);
                return null;
            default:
                Invariant.That(condition: false, $"the deadline {deadline} is not set in {state.Phase}");
                return null;
        }
    }

    /// <summary>Operational, and a member of the ring is of no use any more.</summary>
    public Transition GiveUp(
        ProcessorId member, GatherReason reason, TimeSpan elapsed, Instant now, int lackedBytes = 0)
    {
        _cause.Note(reason, ProcessorSet.Of(member), elapsed);
        Suspect(member, reason, lackedBytes);
        return new Transition.ToGather(GatherFor(_trail.LastMembers, ProcessorSet.Of(member), now), reason, member);
    }

    /// <summary>Recovery, and a member has held its aru at one number for too long.</summary>
    public Transition GiveUpStuck(FormingState recovery, ProcessorId member)
    {
        recovery.Gather.TryFail(member);
        Suspect(member, GatherReason.MemberFailedToReceive);
        return new Transition.ToGather(recovery.Gather, GatherReason.MemberFailedToReceive, member);
    }

    /// <summary>Nobody listens at a processor's port any more. Returns whether that is news: we counted on it until
    /// now.</summary>
    public bool HearUnreachable(ProcessorState state, ProcessorId peer, Instant now, out Transition? transition)
    {
        transition = null;
        if (peer.IsNone || peer == _options.Self)
            return false;
        _cause.Refine(GatherReason.MemberUnreachable, peer);
        switch (state)
        {
            case OperationalState { Ring: var ring } when ring.Members.Contains(peer):
                transition = GiveUp(peer, GatherReason.MemberUnreachable, TimeSpan.Zero, now);
                return true;
            case GatherState gather when gather.Candidates.Contains(peer)
                && !gather.HasJoinedSince(peer, new Instant(now.Ticks - _options.JoinInterval.Ticks)):
                var isGivenUp = gather.TryFail(peer);
                transition = isGivenUp ? _consensus.AskAgain(gather, now) : null;
                return isGivenUp;
            case FormingState forming when forming.Members.Contains(peer):
                forming.Gather.TryFail(peer);
                transition = new Transition.ToGather(forming.Gather, GatherReason.MemberUnreachable, peer);
                return true;
            default:
                return false; // Nobody we count on.
        }
    }

    /// <summary>Our application has stopped reading and holds others up: we go on alone.</summary>
    public Transition? StandAside(ProcessorState state, Instant now)
    {
        switch (state)
        {
            case OperationalState { Ring: { IsSettled: true } ring }:
                // The others need not wait for a token that we have given up. Members still in recovery do not heed a
                // farewell.
                _announcements.SendFarewell();
                return Part(ring.Members.Without(_options.Self), now);
            case GatherState gather:
                return Part(gather.Proposed.Without(_options.Self), now);
            default:
                return null; // Until all are operational the ring comes first; the host asks again.
        }
    }

    /// <summary>Our application reads again.</summary>
    public void ComeBack() => IsAside = false;

    /// <summary>A ring is installed. Returns whether all its members run this engine.</summary>
    public bool Install(TokenRing ring, GatherState gather, Instant now)
    {
        _neighbours.HandleInstalled(ring.Members, gather.Broken);
        _neighbours.Rest(ring.Members, gather.Lost.WereTooMany ? UnfitOf(gather) : ProcessorSet.Empty, now);
        _trail.Install(ring.Members);
        if (ring.IsRepresentative)
            _deadlines.Set(Deadline.MergeDetect, now + _options.MergeDetectInterval);
        // Those who go on without us may still be forming their ring. A multicast of ours that reaches a real daemon
        // between its own installation and that of its representative can stop the latter (WIRE §17).
        if (ring.Members.Count == 1 && gather.HasHeardJoins)
            _deadlines.Set(Deadline.FirstMulticast, now + (_options.JoinInterval * JoinsUntilOthersStand));
        return _neighbours.AreKin(ring.Members);
    }

    private static bool HasGivenUp(FormingState forming, JoinMessage join) =>
        forming.Members.Contains(join.System) && !RingId.IsLater(forming.NewRing.Sequence, join.RingSequence);

    /// <summary>
    /// A member of the ring to be knows of somebody more. Sets only grow, so it will not take this commit token any
    /// more; without a new agreement everybody would wait for the token until it counts as lost. Not when it has also
    /// given up somebody: those who give each other up would then tear each other's commits for ever. And a farewell
    /// may be an earlier life's.
    /// </summary>
    private static bool WillRefuse(GatherState gather, JoinMessage join) =>
        !join.IsLeave && !join.Proposed.IsSubsetOf(gather.Proposed) && join.Failed.IsSubsetOf(gather.Failed);

    private bool IsIrrelevant(TokenRing ring, JoinMessage join, bool isMember)
    {
        var excludesUs = join.Failed.Contains(_options.Self);
        // A stranger that has given up one of us means to form a ring without it. Heeding it would tear ours for its
        // grudge; it will get over it alone, and call again.
        excludesUs |= !isMember && !join.Failed.Intersect(ring.Members).IsEmpty;
        // Until our application reads, nobody is to wait for us.
        excludesUs |= !isMember && IsAside;
        return excludesUs || (isMember && RingId.IsLater(ring.Id.Sequence, join.RingSequence))
            || (join.IsLeave && !isMember);
    }

    private void NoteCall(TokenRing ring, JoinMessage join, Instant now)
    {
        // Another member's timeout ran out first. The token is as lost to us as to it, and that is what people want to
        // know.
        var elapsed = now - ring.LastTokenAt;
        if (ring.Rest is null && elapsed >= _options.TokenRetransmit
            && join.Failed.IsEmpty && join.Proposed.IsSubsetOf(ring.Members))
            _cause.Note(GatherReason.TokenLost, ProcessorSet.Empty, elapsed);
        else if (!join.Failed.IsEmpty)
            _cause.Note(GatherReason.MemberGivenUp, join.Failed, TimeSpan.Zero);
    }

    /// <summary>Leaves an operational ring to form another, with a stranger or without a member.</summary>
    private Transition.ToGather LeaveRing(GatherReason reason, ProcessorId peer, Instant now, JoinMessage? join = null)
    {
        Invariant.That(!_trail.LastMembers.IsEmpty, "a ring is left by a processor that is on it");
        _cause.Note(reason, peer.IsNone ? ProcessorSet.Empty : ProcessorSet.Of(peer), TimeSpan.Zero);
        var proposed = _trail.LastMembers;
        if (!peer.IsNone && proposed.Count < ProcessorSet.MaxCount)
            proposed = proposed.With(peer);
        var failed = reason == GatherReason.MemberLeft ? ProcessorSet.Of(peer) : ProcessorSet.Empty;
        return new Transition.ToGather(
            GatherFor(proposed, failed, now), _cause.IsOurPause ? GatherReason.StoodStill : reason, peer, join);
    }

    private Transition.ToGather Part(ProcessorSet others, Instant now)
    {
        IsAside = true;
        _cause.Note(GatherReason.ReaderStopped, ProcessorSet.Of(_options.Self), TimeSpan.Zero);
        return new Transition.ToGather(GatherFor(others, others, now), GatherReason.ReaderStopped, _options.Self);
    }

    private GatherState GatherFor(ProcessorSet proposed, ProcessorSet failed, Instant now) => new(
        _options.Self, proposed, failed, now, _options.JoinInterval * Neighbourhood.JoinsUntilSilent,
        _options.TokenTimeout / 2);

    /// <summary>Processors that were given up though they spoke while we gathered.</summary>
    private static ProcessorSet UnfitOf(GatherState gather)
    {
        var unfit = ProcessorSet.Empty;
        foreach (var id in gather.Failed)
        {
            if (gather.HasJoinedSince(id, gather.Since))
                unfit = unfit.With(id);
        }

        return unfit;
    }

    private void Suspect(ProcessorId member, GatherReason reason, int lackedBytes = 0) => _observer.OnEvent(
        new RingEvent(
            RingEventKind.MemberSuspected, _trail.Current, member, Count: lackedBytes, Reason: reason));
}
