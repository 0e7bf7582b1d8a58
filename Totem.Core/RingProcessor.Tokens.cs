using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Recovery;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core;

/// <content>The token: taking it, sending it on, holding it, sending it again.</content>
public sealed partial class RingProcessor
{
    private const int LastTokenBytesMax =
        WireFormat.CommitTokenBytes + (WireFormat.CommitMemberBytes * ProcessorSet.CountMax);

    // The last token we sent, regular or commit, as it stands on the wire: it is repeated until a sign of life comes.
    private readonly byte[] _lastToken = new byte[LastTokenBytesMax];
    private int _lastTokenLength;
    private ProcessorId _lastTokenDestination;
    private TokenSeq _lastTokenSeq;

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
        if (token.Ring != ring.Id)
            Discard(_history.Contains(token.Ring) ? DiscardReason.StaleRing : DiscardReason.ForeignRing, token.Header.Node);
        else if (!token.TokenSeq.IsAfter(ring.LastTokenSeq))
            Discard(DiscardReason.StaleToken, token.Header.Node);
        else if (!IsPlausible(token, ring))
            Discard(DiscardReason.AbsurdToken, token.Header.Node);
        else
            return true;
        return false;
    }

    /// <summary>What no correct member sends: dropping it loses the token, which the ring survives.</summary>
    private bool IsPlausible(in RegularToken token, TokenRing ring)
    {
        var window = ring.Log.Window;
        var ahead = token.Seq.DistanceFrom(window.Released);
        var hops = unchecked((int)(token.TokenSeq.Value - ring.LastTokenSeq.Value));
        return token.Header.Node == ring.Members.PredecessorOf(Options.Self)
            && hops <= ring.Members.Count
            && ahead >= 0 && ahead <= window.Capacity
            && token.Seq >= ring.LastSeq
            && token.Seq >= window.High
            && token.Aru <= token.Seq
            && token.Aru.DistanceFrom(token.Seq) >= -window.Capacity - 1
            && (token.AruSetter.IsNone || ring.Members.Contains(token.AruSetter));
    }

    private void VisitOperational(TokenRing ring, in RegularToken token, in RetransmitRequestList requests, Instant now)
    {
        ring.IsHolding = false;
        ring.IsSettled = true;
        ring.LastTokenAt = now;
        var next = _visit.Run(ring, token, requests, _frames);
        if (FindStuck(ring, next, now) is { IsNone: false } stuck)
        {
            GiveUpMember(stuck, GatherReason.MemberFailedToReceive, now - ring.Stuck.Since, now);
            return;
        }

        KeepToken(next, ring.Successor);
        _deadlines.Set(Deadline.TokenLoss, now + Options.TokenTimeout);
        var isIdle = ring.UnchangedVisits > Options.IdleVisitsBeforeHold
            && next.RequestCount == 0 && next.AruSetter.IsNone;
        if (ring.IsRepresentative && isIdle)
        {
            ring.IsHolding = true;
            _deadlines.Set(Deadline.TokenHold, now + Options.TokenHold);
            _deadlines.Clear(Deadline.TokenRetransmit);
            _observer.OnEvent(new RingEvent(RingEventKind.TokenHeld, ring.Id, TokenSeq: next.TokenSeq));
        }
        else
        {
            SendLastToken(now);
        }
    }

    private void VisitRecovery(RecoveryState recovery, in RegularToken token, in RetransmitRequestList requests, Instant now)
    {
        var ring = recovery.Ring;
        ring.LastTokenAt = now;
        // The first token that comes shows that the commit token has done its work.
        recovery.HasStartedToken = true;
        var next = _visit.Run(ring, token, requests, recovery.Plan);
        var retransFlag = next.RetransFlag;
        var isComplete = recovery.Count(ref retransFlag, next.Seq, next.Aru);
        if (recovery.HasPromised && _installed is { } old)
            old.Obligation = recovery.Obligation;
        if (isComplete)
            EnterOperational(recovery, now);
        if (_state is LeftState)
            return;
        if (!isComplete && FindStuck(ring, next, now) is { IsNone: false } stuck)
        {
            recovery.Gather.TryFail(stuck);
            _observer.OnEvent(new RingEvent(
                RingEventKind.MemberSuspected, ring.Id, stuck, Reason: GatherReason.MemberFailedToReceive));
            GatherAgain(recovery.Gather, GatherReason.MemberFailedToReceive, stuck, now);
            return;
        }

        KeepToken(next with { RetransFlag = retransFlag }, ring.Successor);
        _deadlines.Set(Deadline.TokenLoss, now + Options.TokenTimeout);
        SendLastToken(now);
    }

    /// <summary>Who has held the ring's aru at one number for too long; nobody when it moves, or when it is we ourselves:
    /// a processor never gives itself up (docs/deviations.md).</summary>
    private ProcessorId FindStuck(TokenRing ring, in RegularToken token, Instant now)
    {
        var setter = token.AruSetter;
        if (setter.IsNone || setter != ring.Stuck.Setter || token.Aru != ring.Stuck.Aru)
        {
            ring.Stuck = new StuckAru(setter, token.Aru, now);
            return ProcessorId.None;
        }

        return setter != Options.Self && now - ring.Stuck.Since >= Options.FailToReceiveTimeout ? setter : ProcessorId.None;
    }

    private void KeepToken(in RegularToken token, ProcessorId destination)
    {
        var writer = new WireWriter(_lastToken);
        token.Write(ref writer);
        foreach (var request in _visit.Requests)
            request.Write(ref writer);
        KeepToken(writer.WrittenBytes, destination, token.TokenSeq);
    }

    private void KeepToken(CommitToken token, ProcessorId destination)
    {
        var writer = new WireWriter(_lastToken);
        token.Write(ref writer);
        KeepToken(writer.WrittenBytes, destination, token.TokenSeq);
    }

    private void KeepToken(int length, ProcessorId destination, TokenSeq tokenSeq) =>
        (_lastTokenLength, _lastTokenDestination, _lastTokenSeq) = (length, destination, tokenSeq);

    private void SendLastToken(Instant now)
    {
        var buffer = _buffers.Rent(_lastTokenLength);
        _lastToken.AsSpan(0, _lastTokenLength).CopyTo(buffer);
        _outbox.Add(_lastTokenDestination, buffer, _lastTokenLength);
        _deadlines.Set(Deadline.TokenRetransmit, now + Options.TokenRetransmit);
    }

    private void RetransmitToken(Instant now)
    {
        SendLastToken(now);
        _observer.OnEvent(new RingEvent(
            RingEventKind.TokenRetransmitted, _ring, _lastTokenDestination, TokenSeq: _lastTokenSeq));
    }

    private void ReleaseToken(TokenRing ring, Instant now)
    {
        ring.IsHolding = false;
        _deadlines.Clear(Deadline.TokenHold);
        SendLastToken(now);
    }

    /// <summary>There is something to send: an idle ring's token must not wait for the end of its hold.</summary>
    private void WakeToken(TokenRing ring, Instant now)
    {
        if (ring.IsHolding)
        {
            ring.UnchangedVisits = 0;
            _observer.OnEvent(new RingEvent(RingEventKind.HoldCancelled, ring.Id, Options.Self));
            ReleaseToken(ring, now);
        }
        else if (!ring.IsRepresentative && ring.UnchangedVisits >= Options.IdleVisitsBeforeHold)
        {
            ring.UnchangedVisits = 0;
            var buffer = _buffers.Rent(WireFormat.HoldCancelBytes);
            var writer = new WireWriter(buffer);
            new HoldCancel(new FrameHeader(FrameKind.HoldCancel, Encapsulation.None, Options.Self), ring.Id).Write(ref writer);
            _outbox.Add(ProcessorId.None, buffer, writer.WrittenBytes);
        }
    }

    private DecodeResult HandleHoldCancel(ReadOnlySpan<byte> datagram, Instant now)
    {
        var result = HoldCancel.TryRead(datagram, out var cancel);
        if (result != DecodeResult.Ok)
            return result;
        if (_state is not OperationalState { Ring: var ring })
        {
            Discard(DiscardReason.NotInThisState, cancel.Header.Node);
        }
        else if (cancel.Ring != ring.Id || !ring.Members.Contains(cancel.Header.Node))
        {
            Discard(_history.Contains(cancel.Ring) ? DiscardReason.StaleRing : DiscardReason.ForeignRing, cancel.Header.Node);
        }
        else
        {
            ring.UnchangedVisits = 0;
            if (ring.IsHolding)
            {
                _observer.OnEvent(new RingEvent(RingEventKind.HoldCancelled, ring.Id, cancel.Header.Node));
                ReleaseToken(ring, now);
            }
        }

        return DecodeResult.Ok;
    }
}
