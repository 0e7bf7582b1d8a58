using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Recovery;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core;

/// <content>Multicast messages: of our ring, of an old one, of another.</content>
public sealed partial class RingProcessor
{
    private DecodeResult HandleMessage(ReadOnlySpan<byte> datagram, Instant now)
    {
        var result = RegularMessage.TryRead(datagram, out var message);
        if (result != DecodeResult.Ok)
            return result;
        if (message.System == Options.Self || message.Header.Node == Options.Self)
        {
            Discard(DiscardReason.OwnMessage, message.System);
            return DecodeResult.Ok;
        }

        if (!IsAllowed(message.System))
        {
            Discard(DiscardReason.UnknownProcessor, message.System);
            return DecodeResult.Ok;
        }

        switch (_state)
        {
            case OperationalState { Ring: var ring } when message.Ring == ring.Id:
                if (TryStore(ring.Log.Window, ring.Members, message, datagram))
                {
                    ring.Log.AdvanceDeliverable();
                    _holder.NoteMessage(ring, message.System, message.Seq);
                }

                break;
            case RecoveryState { Ring: var ring } recovery when message.Ring == ring.Id:
                // The inner message first: a frame counts as received, and is promised to the others, only with what it carries.
                if (message.Header.Encapsulation != Encapsulation.Encapsulated
                    || !ring.Members.Contains(message.Header.Node)
                    || TryTakeRecovered(recovery, datagram[WireFormat.RegularMessageHeaderBytes..]))
                    TryStore(ring.Log.Window, ring.Members, message, datagram);
                break;
            case GatherState when _installed is { } old && message.Ring == old.Id:
                // Late messages of the ring that was; each one kept here need not be recovered. In commit and recovery
                // no more: what we hold has been declared, and all must recover the same.
                TryStore(old.Log.Window, old.Members, message, datagram);
                break;
            default:
                HandleForeign(message.System, message.Ring, GatherReason.ForeignMessage, now);
                break;
        }

        return DecodeResult.Ok;
    }

    private bool TryStore(ReceiveWindow window, ProcessorSet members, in RegularMessage message, ReadOnlySpan<byte> frame)
    {
        if (!members.Contains(message.Header.Node))
        {
            Discard(DiscardReason.UnknownProcessor, message.Header.Node);
            return false;
        }

        var flags = message.Header.Encapsulation == Encapsulation.Encapsulated ? FrameFlags.Encapsulated
            : message.Guarantee == (uint)Guarantee.Safe ? FrameFlags.Safe
            : FrameFlags.None;
        var result = window.Store(message.Seq, message.Header.Node, flags, frame);
        if (result == ReceiveWindow.StoreResult.Stored)
            return true;
        Discard(
            result switch
            {
                ReceiveWindow.StoreResult.Duplicate => DiscardReason.Duplicate,
                ReceiveWindow.StoreResult.WindowFull => DiscardReason.WindowFull,
                _ => DiscardReason.OutsideWindow,
            },
            message.Header.Node);
        return false;
    }

    /// <summary>
    /// A message of an old ring, multicast again. What is of our old ring goes into its window at once, so that it is not
    /// lost if this recovery comes to nothing.
    /// </summary>
    /// <returns>
    /// False when our old window has no room for it, because the application lags: then it has not been received, will be asked
    /// for again, and if the application does not catch up in time the others go on without us.
    /// </returns>
    private bool TryTakeRecovered(RecoveryState recovery, ReadOnlySpan<byte> inner)
    {
        if (_installed is not { } old || RegularMessage.TryRead(inner, out var message) != DecodeResult.Ok)
            return true;
        if (message.Ring == old.Id)
        {
            var window = old.Log.Window;
            var isNew = message.Seq > window.Released && !window.Contains(message.Seq)
                && old.Members.Contains(message.Header.Node);
            if (isNew && !TryStore(window, old.Members, message, inner))
                return false;
            recovery.Plan.Strike(message.Seq);
        }
        else if (RecoveryNote.TryRead(inner, message) is { } note && note.OldRing == old.Id)
        {
            recovery.TakeOver(note.Obligation.Intersect(old.Members));
            _observer.OnEvent(new RingEvent(
                RingEventKind.ObligationTakenOver, recovery.Ring.Id, message.System, Count: recovery.Obligation.Count));
        }

        return true;
    }

    private DecodeResult HandleMergeDetect(ReadOnlySpan<byte> datagram, Instant now)
    {
        var result = MergeDetect.TryRead(datagram, out var detect, out var trailer);
        if (result != DecodeResult.Ok)
            return result;
        if (detect.System == Options.Self)
        {
            Discard(DiscardReason.OwnMessage, detect.System);
            return DecodeResult.Ok;
        }

        if (!IsAllowed(detect.System))
        {
            Discard(DiscardReason.UnknownProcessor, detect.System);
            return DecodeResult.Ok;
        }

        _neighbours.Heard(detect.System, now);
        _neighbours.Told(detect.System, trailer, HeardSince(now));
        if (detect.Ring != _ring)
            HandleForeign(detect.System, detect.Ring, GatherReason.MergeDetected, now);
        return DecodeResult.Ok;
    }

    /// <summary>Somebody is on another ring (wire.md section 9.4).</summary>
    private void HandleForeign(ProcessorId stranger, RingId itsRing, GatherReason reason, Instant now)
    {
        if (_history.Contains(itsRing))
        {
            Discard(DiscardReason.StaleRing, stranger);
            return;
        }

        switch (_state)
        {
            case OperationalState { Ring: var ring }:
                // A member on a ring older than ours has spoken before it joined us.
                if (ring.Members.Contains(stranger) && !RingId.IsLater(itsRing.Sequence, ring.Id.Sequence))
                    Discard(DiscardReason.StaleRing, stranger);
                else if (!ring.IsSettled || IsAside)
                    Discard(DiscardReason.NotInThisState, stranger);
                else if (IsBlocked(stranger, ring, isCalling: false, now))
                    break;
                else if (IsSecondHand(stranger, reason, now))
                    SendMergeDetectProbe(ring, now); // Whoever sent it hears us, if it can, and calls.
                else
                    LeaveRing(reason, stranger, now);
                break;
            case GatherState gather when !gather.Knows(stranger) && !IsAside:
                if (!IsSecondHand(stranger, reason, now) && gather.TryPropose(ProcessorSet.Of(stranger)))
                    AskAgain(gather, now);
                break;
            default:
                // In gather the stranger is known; in commit and recovery the ring comes first, strangers later.
                Discard(DiscardReason.NotInThisState, stranger);
                break;
        }
    }

    /// <summary>
    /// Anybody on its ring may send a message again, and a copy looks like the original. So a message shows that its originator is
    /// heard only when a join or a merge detect, which nobody sends for another, has come from it of late.
    /// </summary>
    private bool IsSecondHand(ProcessorId stranger, GatherReason reason, Instant now)
    {
        if (reason != GatherReason.ForeignMessage || _neighbours.HasHeardSince(stranger, HeardSince(now)))
            return false;
        Discard(DiscardReason.SecondHand, stranger);
        return true;
    }

    /// <summary>True when a new ring with this stranger could not hold (docs/protocol.md, "One broken link").</summary>
    private bool IsBlocked(ProcessorId stranger, TokenRing ring, bool isCalling, Instant now)
    {
        if (!ring.Members.Contains(stranger) && _neighbours.IsResting(stranger, now))
        {
            Discard(DiscardReason.LeftAlone, stranger);
            return true;
        }

        var obstacle = ring.Members.Contains(stranger) ? Obstacle.None : _neighbours.ObstacleTo(stranger, ring.Members);
        if (obstacle == Obstacle.None)
            return false;
        Discard(DiscardReason.BrokenLink, stranger);
        // If it hears this, it will say so, and the obstacle is gone; or it learns whom it does not hear, and leaves us alone.
        if (obstacle == Obstacle.ItCannotHearUs || isCalling || _neighbours.HasNews(now))
            SendMergeDetectProbe(ring, now);
        return true;
    }
}
