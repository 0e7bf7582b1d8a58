using Totem.Core.Diagnostics;
using Totem.Core.Groups;
using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Core.Time;

namespace Totem.Core;

/// <summary>Where groups stand on the ring: what they say goes into its lanes, and they say when a synchronisation
/// ends.</summary>
internal sealed class StreamSeam(RingProcessor ring, ApplicationFrames frames, ReceiveLanes lanes) : IGroupRing
{
    public SubmitResult TrySubmit(in Envelope envelope, ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now) =>
        ring.TrySubmitEnveloped(envelope, payload, guarantee, now);

    public void SubmitSync(RingId ringId, MessageChannel channel, ReadOnlySpan<byte> payload, Instant now)
    {
        if (!ring.IsOn(ringId))
            return; // That ring is over: the message has no meaning any more.
        var fits = frames.SyncQueue.TryEnqueue(new Envelope(channel), payload, Guarantee.Agreed);
        Invariant.That(fits, "what a processor says to synchronise is less than its queue holds");
        ring.Wake(now);
    }

    /// <summary>The packets behind the message delivered last belong to the regular stream, and our own messages may go
    /// out.</summary>
    public void EndSynchronisation(RingId ringId, Instant now)
    {
        lanes.EndSynchronisation();
        if (!ring.IsOn(ringId))
            return;
        frames.EndSynchronisation();
        if (frames.Queue.Count > 0)
            ring.Wake(now);
    }
}
