using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Ordering;
using Totem.Core.Recovery;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core;

/// <content>The inputs from outside: frames, deadlines, and what the host notices.</content>
public sealed partial class RingProcessor
{
    /// <inheritdoc />
    public void HandleDatagram(ReadOnlySpan<byte> datagram, Instant now)
    {
        _observer.RefuseReentry();
        var result = FrameHeader.TryRead(datagram, out var header);
        if (result == DecodeResult.Ok)
        {
            if (_state is IdleState or LeftState)
            {
                _intake.Discard(DiscardReason.NotInThisState, header.Node);
                return;
            }

            if (!header.Node.IsNone && !_admission.IsAllowed(header.Node))
            {
                _intake.Discard(DiscardReason.UnknownProcessor, header.Node);
                return;
            }

            result = Frame.TryRead(datagram, header, out var frame);
            if (result == DecodeResult.Ok)
                Admit(frame, now);
        }

        if (result != DecodeResult.Ok)
            _intake.DiscardMalformed(result, header.Node);
        // Not after a message on an installed ring: it changes that ring's log alone, which Store has checked.
        if (result != DecodeResult.Ok || header.Kind != FrameKind.RegularMessage || _state is not OperationalState)
            CheckInvariants();
    }

    /// <inheritdoc />
    public void HandleDeadline(Instant now)
    {
        _observer.RefuseReentry();
        while (_deadlines.TryTakeDue(now, out var deadline))
            Expire(deadline, now);
        CheckInvariants();
    }

    /// <inheritdoc />
    public bool HandleUnreachable(ProcessorId peer, Instant now)
    {
        _observer.RefuseReentry();
        var isNews = _membership.HearUnreachable(_state, peer, now, out var transition);
        Enter(transition, now);
        CheckInvariants();
        return isNews;
    }

    /// <inheritdoc />
    public void HandlePause(TimeSpan length, Instant now)
    {
        _observer.RefuseReentry();
        if (length <= TimeSpan.Zero)
            return;
        _cause.HandlePause(length, wasCaught: _state is GatherState gather && now - gather.Since <= length);
        // We saw no token, so we cannot say that somebody made no progress.
        if (_state is OperationalState { Ring: var ring })
            ring.Stuck = ring.Stuck with { Since = ring.Stuck.Since + length };
        CheckInvariants();
    }

    /// <inheritdoc />
    public void HandleReader(bool isStopped, Instant now)
    {
        _observer.RefuseReentry();
        if (!isStopped)
            _membership.ComeBack();
        else if (!IsAside && _installedRing is { Members.Count: > 1, Log: var log }
            && log.AruWithin(Options.FramesAheadMax) < log.Window.Aru)
            Enter(_membership.StandAside(_state, now), now);
        CheckInvariants();
    }

    /// <inheritdoc />
    public void HandleAllowed(ProcessorSet more)
    {
        _observer.RefuseReentry();
        _admission.Allow(more);
    }

    private void Admit(scoped in Frame frame, Instant now)
    {
        if ((_admission.Objection(frame) ?? _membership.Hear(frame, now)) is { } reason)
            _intake.Discard(reason, frame.Sender);
        else
            Enter(Handle(frame, now), now);
    }

    /// <summary>Does with each frame in each state what docs/design/protocol.md says: every pair is decided here, or
    /// ignored for a reason.</summary>
    private Transition? Handle(scoped in Frame frame, Instant now) => (frame.Kind, _state) switch
    {
        (FrameKind.RegularToken, OperationalState { Ring: var ring }) => Visit(ring, frame, now),
        (FrameKind.RegularToken, RecoveryState recovery) => Visit(recovery, frame, now),

        (FrameKind.RegularMessage, OperationalState { Ring: var ring }) when frame.Ring == ring.Id =>
            Store(ring, frame),
        (FrameKind.RegularMessage, RecoveryState recovery) when frame.Ring == recovery.NewRing =>
            Store(recovery, frame),
        (FrameKind.RegularMessage, GatherState) when _installedRing is { } old && frame.Ring == old.Id =>
            Store(old, frame),

        // One of our own ring shows that its sender is heard, which MembershipProtocol.Hear has noted.
        (FrameKind.MergeDetect, _) when frame.Ring == _trail.Current => null,
        (FrameKind.RegularMessage or FrameKind.MergeDetect, _) when _trail.Knows(frame.Ring) =>
            Drop(DiscardReason.StaleRing, frame),
        (FrameKind.RegularMessage or FrameKind.MergeDetect, OperationalState { Ring: var ring }) =>
            _membership.HearStranger(ring, frame.Sender, frame.Ring, ForeignReason(frame.Kind), now),
        (FrameKind.RegularMessage or FrameKind.MergeDetect, GatherState gather) =>
            _membership.HearStranger(gather, frame.Sender, ForeignReason(frame.Kind), now),

        (FrameKind.Join, GatherState gather) => _membership.TakeJoin(gather, frame.Join!, now),
        (FrameKind.Join, CommitState commit) => MembershipProtocol.TakeJoin(commit, frame.Join!, now),
        (FrameKind.Join, RecoveryState recovery) => MembershipProtocol.TakeJoin(recovery, frame.Join!),
        (FrameKind.Join, OperationalState { Ring: var ring }) => _membership.TakeJoin(ring, frame.Join!, now),

        (FrameKind.CommitToken, GatherState gather) => _membership.TakeCommitToken(gather, frame.CommitToken!),
        (FrameKind.CommitToken, CommitState commit) => _membership.TakeCommitToken(commit, frame.CommitToken!),
        (FrameKind.CommitToken, RecoveryState { HasStartedToken: false, Ring.IsRepresentative: true } recovery)
            when frame.Ring == recovery.NewRing && frame.CommitToken!.IsComplete => StartToken(recovery, now),
        (FrameKind.CommitToken, RecoveryState) => DropIfObjected(_trail.ObjectionTo(frame.Ring), frame),

        (FrameKind.HoldCancel, OperationalState { Ring: var ring })
            when frame.Ring == ring.Id && ring.Members.Contains(frame.Sender) => CancelHold(ring, frame, now),
        (FrameKind.TokenLoan, OperationalState { Ring: var ring }) when frame.Ring == ring.Id =>
            DropIfObjected(_holder.HandleLoan(ring, frame.Loan, _frames, now), frame),
        (FrameKind.HoldCancel or FrameKind.TokenLoan, OperationalState) =>
            DropIfObjected(_trail.ObjectionTo(frame.Ring), frame),

        // A ring that is given up or not installed yet has no token that could rest; an operational processor did not
        // ask for a new ring. In commit and recovery the ring comes first, strangers later.
        _ => Drop(DiscardReason.NotInThisState, frame),
    };

    private static GatherReason ForeignReason(FrameKind kind) =>
        kind == FrameKind.MergeDetect ? GatherReason.MergeDetected : GatherReason.ForeignMessage;

    private Transition? Drop(DiscardReason reason, scoped in Frame frame) => DropIfObjected(reason, frame);

    /// <summary>Without an objection everything has been done with the frame.</summary>
    private Transition? DropIfObjected(DiscardReason? objection, scoped in Frame frame)
    {
        _intake.DiscardFor(objection, frame.Sender);
        return null;
    }

    private Transition? Visit(TokenRing ring, scoped in Frame frame, Instant now)
    {
        if (!_intake.IsBelieved(frame, ring))
            return null;
        _cause.NoteToken();
        // It has come back to an operational member: all have installed the ring, and strangers may be heeded.
        ring.IsSettled = true;
        var next = _holder.Take(ring, frame.Token, frame.Requests, _frames, now);
        if (_holder.FindStuck(ring, next, now) is not { IsNone: false } stuck)
        {
            _holder.PassOnOrRest(ring, next, _frames, now);
            return null;
        }

        _holder.Withhold(ring);
        // The first frame that it lacks, if we have it: its size tells whether large frames alone do not reach it.
        var lacked = ring.Stuck.Aru.Next;
        var lackedBytes = ring.Log.Window.Contains(lacked) ? ring.Log.Window.Frame(lacked).Length : 0;
        return _membership.GiveUp(
            stuck, GatherReason.MemberFailedToReceive, now - ring.Stuck.Since, now, lackedBytes);
    }

    private Transition? Visit(RecoveryState recovery, scoped in Frame frame, Instant now)
    {
        var ring = recovery.Ring;
        if (!_intake.IsBelieved(frame, ring))
            return null;
        _cause.NoteToken();
        // The first token that comes shows that the commit token has done its work.
        recovery.HasStartedToken = true;
        var next = _holder.Take(ring, frame.Token, frame.Requests, recovery.Plan, now);
        var isComplete = recovery.AdvanceRecovery(ref next);
        if (recovery.HasPromised && _installedRing is { } old)
            old.Obligation = recovery.Obligation;
        if (isComplete)
            EnterOperational(recovery, now);
        // The application lagged too many changes behind, so the end of the recovery was that we left.
        if (_state is LeftState)
            return null;
        if (!isComplete && _holder.FindStuck(ring, next, now) is { IsNone: false } stuck)
            return _membership.GiveUpStuck(recovery, stuck);
        _holder.PassOn(ring, next, now);
        return null;
    }

    /// <summary>The commit token is back at the representative: the first regular token sets out (WIRE §6.2
    /// and §9.10).</summary>
    private Transition? StartToken(RecoveryState recovery, Instant now)
    {
        _holder.Start(recovery.Ring, recovery.FirstToken(Options), now);
        return null;
    }

    private Transition? CancelHold(TokenRing ring, scoped in Frame frame, Instant now)
    {
        _holder.CancelHold(ring, frame.Sender, now);
        return null;
    }

    private Transition? Store(TokenRing ring, scoped in Frame frame)
    {
        if (!_intake.TryStore(ring, frame))
            return null;
        ring.Log.AdvanceDeliverable();
        ring.Log.CheckInvariants();
        _holder.NoteMessage(ring, frame.Sender, frame.Message.Seq);
        return null;
    }

    private Transition? Store(RecoveryState recovery, scoped in Frame frame)
    {
        _intake.StoreInRecovery(recovery, _installedRing, frame);
        return null;
    }

    /// <summary>A late message of the ring that was: each one kept here need not be recovered. In commit and recovery
    /// no more: what we hold has been declared, and all must recover the same.</summary>
    private Transition? Store(InstalledRing old, scoped in Frame frame)
    {
        _intake.TryStore(old.Log.Window, old.Members, frame);
        return null;
    }

    private void Expire(Deadline deadline, Instant now)
    {
        switch (deadline, _state)
        {
            case (Deadline.TokenRetransmit, OperationalState or FormingState):
                _holder.Repeat(_trail.Current, now);
                break;
            case (Deadline.TokenHold, OperationalState { Ring: { Rest: { } rest } ring }):
                _holder.EndRest(ring, rest, now);
                break;
            case (Deadline.FirstMulticast, OperationalState { Ring: var ring }):
                _frames.IsHeldBack = false;
                if (_frames.QueuedFrames > 0)
                    _holder.Wake(ring, now);
                break;
            default:
                Enter(_membership.Expire(deadline, _state, now), now);
                break;
        }
    }
}
