using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Recovery;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core;

/// <content>The token: what a visit means for the state we are in. The visit itself is <see cref="TokenHolder"/>'s.</content>
public sealed partial class RingProcessor
{
    private DecodeResult HandleToken(ReadOnlySpan<byte> datagram, Instant now)
    {
        var result = RegularToken.TryRead(datagram, out var token, out var requests);
        if (result != DecodeResult.Ok)
            return result;
        switch (_state)
        {
            case OperationalState { Ring: var ring } when IsAcceptable(token, ring):
                VisitOperational(ring, token, requests, now);
                break;
            case RecoveryState recovery when IsAcceptable(token, recovery.Ring):
                VisitRecovery(recovery, token, requests, now);
                break;
            case OperationalState or RecoveryState:
                break; // Counted by IsAcceptable.
            default:
                // In gather and commit the ring of any regular token is given up.
                Discard(DiscardReason.NotInThisState, token.Header.Node);
                break;
        }

        return DecodeResult.Ok;
    }

    private bool IsAcceptable(in RegularToken token, TokenRing ring)
    {
        var objection = token.Ring != ring.Id
            ? _history.Contains(token.Ring) ? DiscardReason.StaleRing : DiscardReason.ForeignRing
            : TokenCheck.Objection(token, ring);
        if (objection is { } reason)
            Discard(reason, token.Header.Node);
        else
            NoteTokenAfterPause();
        return objection is null;
    }

    private void VisitOperational(TokenRing ring, in RegularToken token, in RetransmitRequestList requests, Instant now)
    {
        ring.IsSettled = true;
        var next = _holder.Take(ring, token, requests, _frames, now);
        if (_holder.FindStuck(ring, next, now) is not { IsNone: false } stuck)
        {
            _holder.PassOnOrRest(ring, next, _frames, now);
            return;
        }

        _holder.Withhold(ring);
        GiveUpMember(stuck, GatherReason.MemberFailedToReceive, now - ring.Stuck.Since, now);
    }

    private void VisitRecovery(RecoveryState recovery, in RegularToken token, in RetransmitRequestList requests, Instant now)
    {
        var ring = recovery.Ring;
        // The first token that comes shows that the commit token has done its work.
        recovery.HasStartedToken = true;
        var next = _holder.Take(ring, token, requests, recovery.Plan, now);
        var retransFlag = next.RetransFlag;
        var isComplete = recovery.Count(ref retransFlag, next.Seq, next.Aru);
        if (recovery.HasPromised && _installed is { } old)
            old.Obligation = recovery.Obligation;
        if (isComplete)
            EnterOperational(recovery, now);
        if (_state is LeftState)
            return;
        if (!isComplete && _holder.FindStuck(ring, next, now) is { IsNone: false } stuck)
        {
            recovery.Gather.TryFail(stuck);
            _observer.OnEvent(new RingEvent(
                RingEventKind.MemberSuspected, ring.Id, stuck, Reason: GatherReason.MemberFailedToReceive));
            GatherAgain(recovery.Gather, GatherReason.MemberFailedToReceive, stuck, now);
            return;
        }

        _holder.PassOn(ring, next with { RetransFlag = retransFlag }, now);
    }

    private DecodeResult HandleHoldCancel(ReadOnlySpan<byte> datagram, Instant now)
    {
        var result = HoldCancel.TryRead(datagram, out var cancel);
        if (result != DecodeResult.Ok)
            return result;
        if (_state is not OperationalState { Ring: var ring })
            Discard(DiscardReason.NotInThisState, cancel.Header.Node);
        else if (cancel.Ring != ring.Id || !ring.Members.Contains(cancel.Header.Node))
            Discard(_history.Contains(cancel.Ring) ? DiscardReason.StaleRing : DiscardReason.ForeignRing, cancel.Header.Node);
        else
            _holder.CancelHold(ring, cancel.Header.Node, now);
        return DecodeResult.Ok;
    }

    private DecodeResult HandleTokenLoan(ReadOnlySpan<byte> datagram, Instant now)
    {
        var result = TokenLoan.TryRead(datagram, out var loan);
        if (result != DecodeResult.Ok)
            return result;
        var objection = _state is not OperationalState { Ring: var ring } ? DiscardReason.NotInThisState
            : loan.Ring != ring.Id ? _history.Contains(loan.Ring) ? DiscardReason.StaleRing : DiscardReason.ForeignRing
            : _holder.HandleLoan(ring, loan, _frames, now);
        if (objection is { } reason)
            Discard(reason, loan.Header.Node);
        return DecodeResult.Ok;
    }
}
