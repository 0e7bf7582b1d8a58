using Totem.Core.Ordering;

namespace Totem.Core.Packing;

/// <summary>
/// One of the two streams of WIRE §12.5: what a processor sends while services synchronise, and the rest. Each has
/// its own queue and its own fragment numbers.
/// </summary>
internal sealed class SendLane(RingOptions options, int messagesMax, IEnvelopes envelopes)
{
    public SendQueue Queue { get; } = new(options.MaxSendQueueBytes, messagesMax, envelopes);

    public Packer Packer { get; } = new(options.NetMtu);

    /// <summary>Frames that wait, estimated; 0 only when there are none.</summary>
    public int QueuedFrames => Queue.Count == 0 ? 0 : 1 + (int)(Queue.PackedBytesMax / Packer.PacketBytesMax);

    /// <summary>A message that was sent in part starts again, so that no message spans two rings.</summary>
    public void Restart()
    {
        Queue.Rewind();
        Packer.Reset();
    }
}
