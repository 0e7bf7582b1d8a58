using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Ordering;
using Totem.Core.Wire;

namespace Totem.Core.Recovery;

/// <summary>Takes the tokens and messages of a ring. The rest is counted under its reason.</summary>
internal sealed class Intake(RingTrail trail, IRingObserver observer)
{
    /// <summary>A token is of this ring, new, and makes sense.</summary>
    public bool IsBelieved(scoped in Frame frame, TokenRing ring)
    {
        var objection = frame.Ring != ring.Id ? trail.ObjectionTo(frame.Ring) : TokenCheck.Objection(frame.Token, ring);
        DiscardFor(objection, frame.Sender);
        return objection is null;
    }

    /// <summary>Keeps a message of the installed ring; false when it is not new, or cannot be kept.</summary>
    public bool TryStore(TokenRing ring, scoped in Frame frame)
    {
        if (ring.MayBeNumbered(frame.Message.Seq))
            return TryStore(ring.Log.Window, ring.Members, frame);
        Discard(DiscardReason.OutsideWindow, frame.Header.Node);
        return false;
    }

    /// <summary>Keeps a message; false when it is not new, or cannot be kept.</summary>
    public bool TryStore(ReceiveWindow window, ProcessorSet members, scoped in Frame frame)
    {
        var objection = MessageStore.Store(window, members, frame.Message, frame.Bytes);
        DiscardFor(objection, frame.Header.Node);
        return objection is null;
    }

    /// <summary>Keeps a message of a ring that is not installed yet, and the message of the old ring that it may
    /// carry.</summary>
    public void StoreInRecovery(RecoveryState recovery, InstalledRing? old, scoped in Frame frame)
    {
        // The inner message first: a frame counts as received, and is promised to the others, only with what it
        // carries.
        if (frame.Header.Encapsulation == Encapsulation.Encapsulated && recovery.Members.Contains(frame.Header.Node))
        {
            var inner = recovery.Take(old, frame.Bytes[WireFormat.RegularMessageHeaderBytes..]);
            if (inner.IsPromise)
            {
                observer.OnEvent(new RingEvent(
                    RingEventKind.ObligationTakenOver, recovery.NewRing, inner.Sender,
                    Count: recovery.Obligation.Count));
            }

            DiscardFor(inner.Objection, inner.Sender);
            if (inner.Objection is not null)
                return;
        }

        TryStore(recovery.Ring.Log.Window, recovery.Members, frame);
    }

    public void Discard(DiscardReason reason, ProcessorId peer) =>
        observer.OnEvent(new RingEvent(RingEventKind.Discarded, trail.Current, peer, Discard: reason));

    public void DiscardMalformed(DecodeResult result, ProcessorId peer) => observer.OnEvent(
        new RingEvent(RingEventKind.Discarded, trail.Current, peer, Discard: DiscardReason.Malformed, Decode: result));

    /// <summary>Counts the frame when there is an objection to it.</summary>
    public void DiscardFor(DiscardReason? objection, ProcessorId peer)
    {
        if (objection is { } reason)
            Discard(reason, peer);
    }
}
