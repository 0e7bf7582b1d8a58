using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>The frames with which a processor shows itself: joins, the farewell, merge detects.</summary>
internal sealed class Announcements(
    RingOptions options, RingTrail trail, Neighbourhood neighbours, FrameBuffers buffers, Outbox outbox)
{
    private Instant _lastMergeDetectAt = new(long.MinValue / 2);

    public void SendJoin(GatherState gather, Instant now) => Send(
        new JoinMessage(
            new FrameHeader(FrameKind.Join, Encapsulation.None, options.Self),
            options.Self, trail.Current.Sequence, gather.Proposed, gather.Failed)
        {
            Trailer = gather.Explain(neighbours.HeardLately(now)),
        });

    /// <summary>WIRE §9.13: a join without a node id in its header, with ourselves as failed.</summary>
    public void SendFarewell() => Send(
        new JoinMessage(
            new FrameHeader(FrameKind.Join, Encapsulation.None, ProcessorId.None),
            options.Self, trail.Current.Sequence, trail.LastMembers.Without(options.Self),
            ProcessorSet.Of(options.Self)));

    /// <summary>Shows our ring to those outside it.</summary>
    public void SendMergeDetect(TokenRing ring, Instant now)
    {
        _lastMergeDetectAt = now;
        var trailer = neighbours.Tell(now);
        var buffer = buffers.Rent(WireFormat.MergeDetectBytes + trailer.EncodedBytes);
        var writer = new WireWriter(buffer);
        var header = new FrameHeader(FrameKind.MergeDetect, Encapsulation.None, options.Self);
        new MergeDetect(header, options.Self, ring.Id).Write(ref writer);
        trailer.Write(ref writer);
        Invariant.That(
            writer.WrittenBytes == WireFormat.MergeDetectBytes + trailer.EncodedBytes,
            "a merge detect is as long as it was said to be");
        outbox.Add(ProcessorId.None, buffer, writer.WrittenBytes);
    }

    /// <summary>Somebody should hear of us, but no more often than a representative speaks.</summary>
    public void Probe(TokenRing ring, Instant now)
    {
        if (now - _lastMergeDetectAt >= options.MergeDetectInterval)
            SendMergeDetect(ring, now);
    }

    private void Send(JoinMessage join)
    {
        var buffer = buffers.Rent(join.EncodedBytes);
        var writer = new WireWriter(buffer);
        join.Write(ref writer);
        Invariant.That(writer.WrittenBytes == join.EncodedBytes, "a join is as long as it was said to be");
        outbox.Add(ProcessorId.None, buffer, writer.WrittenBytes);
    }
}
