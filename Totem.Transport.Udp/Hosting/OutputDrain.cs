using Totem.Core;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>The host's duty after every input: store, send, deliver (RingProcessor's remarks). The
/// ring's thread.</summary>
internal sealed class OutputDrain(
    GroupProcessor processor, IRingTransport transport, SequenceReserve sequences, DeliveryHandout deliveries,
    MembershipWatch membership,
    NodeCounters counters)
{
    private readonly IRing _ring = processor.Ring;

    /// <summary>Takes from the processor whatever the last input brought about.</summary>
    public void Drain(Instant now)
    {
        // Nothing more is sent until the sequence would survive a crash; usually it was stored long ago.
        if (_ring.PendingStore is { } sequence && sequences.MayUse(sequence))
            _ring.HandleStored(sequence);

        Transmit(now);
        deliveries.Deliver(now);
        var announcement = transport.ComposeAnnouncement();
        if (!announcement.IsEmpty && processor.TrySubmitService(announcement, now) == SubmitResult.Accepted)
            transport.HandleAnnounced();
        // A delivery may be answered: members that synchronise do.
        Transmit(now);
        membership.Update(_ring.Installed);
        counters.Members = _ring.Installed?.Members.Count ?? 0;
        NotePhase((long)_ring.Phase, now);
        counters.IsOperational = _ring.Phase == RingPhase.Operational ? 1 : 0;
        counters.Backlog = _ring.SendQueueCount;
        counters.Window = _ring.WindowSize;
    }

    private void NotePhase(long phase, Instant now)
    {
        if (counters.Phase == phase)
            return;
        (counters.Phase, counters.PhaseSince) = (phase, now.Ticks);
    }

    private void Transmit(Instant now)
    {
        while (_ring.TryTransmit(transport.NextFrame, out var transmit))
        {
            transport.Send(in transmit, now);
            // Messages that follow a token are on their way to the kernel only when it is: it need
            // not wait until they are copied.
            if (!transmit.IsMulticast)
                transport.Flush();
        }

        transport.Flush();
    }
}
