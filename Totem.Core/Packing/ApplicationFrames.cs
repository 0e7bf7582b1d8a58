using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Wire;

namespace Totem.Core.Packing;

/// <summary>The application's messages as frames for a token visit.</summary>
internal sealed class ApplicationFrames(RingOptions options, IRingObserver observer) : IFrameSource
{
    private readonly Packer _packer = new(options.NetMtu);

    public SendQueue Queue { get; } = new(options.SendQueueBytesMax, options.SendQueueMessagesMax);

    public int QueuedFrames => Queue.Count == 0 ? 0 : 1 + (Queue.UsedBytes / _packer.PacketBytesMax);

    public int NextFrameBytesMax => WireFormat.RegularMessageHeaderBytes + _packer.PacketBytesMax;

    /// <summary>A new ring is installed: a message that was sent in part starts again, so that no message spans two rings.</summary>
    public void Restart()
    {
        Queue.Rewind();
        _packer.Reset();
    }

    public FrameWritten WriteFrame(Span<byte> frame, RingId ring, Seq seq, uint originCount)
    {
        var packet = _packer.Pack(Queue, frame[WireFormat.RegularMessageHeaderBytes..]);
        var writer = new WireWriter(frame);
        new RegularMessage(
            new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, options.Self),
            options.Self, seq, originCount, ring, 0, (uint)packet.Guarantee).Write(ref writer);
        for (var i = 0; i < packet.Completed; i++)
            observer.OnEvent(new RingEvent(RingEventKind.MessageSent, ring, options.Self, Seq: seq, Count: i));
        return new FrameWritten(
            WireFormat.RegularMessageHeaderBytes + packet.Bytes,
            packet.Guarantee == Guarantee.Safe ? FrameFlags.Safe : FrameFlags.None);
    }
}
