using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>
/// The rest of an idle ring (wire.md section 10.3): the representative keeps the token for a while, and whoever has a message
/// wakes it.
/// </summary>
internal sealed class TokenHold(
    RingOptions options, SentToken sent, FrameBuffers buffers, Outbox outbox, DeadlineTable deadlines, IRingObserver observer)
{
    /// <summary>
    /// True when this token need not go on at once: nothing new for long, nothing asked for, nobody behind. (corosync holds it
    /// although requests are pending, and they wait with it.)
    /// </summary>
    public bool IsDue(TokenRing ring, in RegularToken token) => ring.IsRepresentative
        && ring.UnchangedVisits > options.IdleVisitsBeforeHold && token.RequestCount == 0 && token.AruSetter.IsNone;

    /// <summary>Keeps the token here.</summary>
    public void Begin(TokenRing ring, TokenSeq tokenSeq, Instant now)
    {
        ring.IsHolding = true;
        deadlines.Set(Deadline.TokenHold, now + options.TokenHold);
        sent.StopRepeating();
        observer.OnEvent(new RingEvent(RingEventKind.TokenHeld, ring.Id, TokenSeq: tokenSeq));
    }

    /// <summary>The token sets out again.</summary>
    public void End(TokenRing ring, Instant now)
    {
        ring.IsHolding = false;
        deadlines.Clear(Deadline.TokenHold);
        sent.Send(now);
    }

    /// <summary>Somebody has something to send.</summary>
    public void Cancel(TokenRing ring, ProcessorId by, Instant now)
    {
        ring.UnchangedVisits = 0;
        if (!ring.IsHolding)
            return;
        observer.OnEvent(new RingEvent(RingEventKind.HoldCancelled, ring.Id, by));
        End(ring, now);
    }

    /// <summary>We have something to send: an idle ring's token must not wait for the end of its hold.</summary>
    public void Wake(TokenRing ring, Instant now)
    {
        if (ring.IsHolding)
        {
            Cancel(ring, options.Self, now);
        }
        else if (!ring.IsRepresentative && ring.UnchangedVisits >= options.IdleVisitsBeforeHold)
        {
            ring.UnchangedVisits = 0;
            var buffer = buffers.Rent(WireFormat.HoldCancelBytes);
            var writer = new WireWriter(buffer);
            new HoldCancel(new FrameHeader(FrameKind.HoldCancel, Encapsulation.None, options.Self), ring.Id).Write(ref writer);
            outbox.Add(ProcessorId.None, buffer, writer.WrittenBytes);
        }
    }
}
