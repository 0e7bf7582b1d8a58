using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Wire;

namespace Totem.Core.Packing;

/// <summary>
/// The application's messages as frames for a token visit. Where members synchronise, they wait at the start of each
/// ring until that is done, while the messages that do so have a lane of their own.
/// </summary>
internal sealed class ApplicationFrames(RingOptions options, StreamUse use, IRingObserver observer) : IFrameSource
{
    /// <summary>A phase of a synchronisation says three things at most, and begins when what the last one said is
    /// delivered. The application's limit does not count here: it may be lower.</summary>
    private const int SyncMessagesMax = 16;

    private readonly SendLane _sync = new(options, SyncMessagesMax, use.Envelopes);
    private readonly SendLane _regular = new(options, options.MaxSendQueueMessages, use.Envelopes);

    /// <summary>Messages of the application.</summary>
    public SendQueue Queue => _regular.Queue;

    /// <summary>Messages with which the members synchronise; they belong to one ring.</summary>
    public SendQueue SyncQueue => _sync.Queue;

    /// <summary>Members synchronise: only <see cref="SyncQueue"/> is sent.</summary>
    public bool IsSynchronising { get; private set; } = use.Synchronises;

    /// <summary>Nothing is to be multicast yet.</summary>
    public bool IsHeldBack { get; set; }

    public int QueuedFrames => IsHeldBack ? 0 : Lane.QueuedFrames;

    public int NextFrameBytesMax => WireFormat.RegularMessageHeaderBytes + _regular.Packer.PacketBytesMax;

    private SendLane Lane => IsSynchronising ? _sync : _regular;

    /// <summary>A new ring is installed.</summary>
    public void Restart()
    {
        _regular.Restart();
        _sync.Restart();
        // Messages that were to be said on the old ring have no meaning on this one.
        _sync.Queue.Clear();
        IsSynchronising = use.Synchronises;
    }

    /// <summary>The members have synchronised: the application's messages may go out.</summary>
    public void EndSynchronisation() => IsSynchronising = false;

    /// <summary>Nothing is sent any more.</summary>
    public void Clear()
    {
        _sync.Queue.Clear();
        _regular.Queue.Clear();
    }

    public FrameWritten WriteFrame(Span<byte> frame, RingId ring, Seq seq, uint originCount)
    {
        Invariant.That(!IsHeldBack, "nothing is multicast while it is held back");
        var packet = Lane.Packer.Pack(Lane.Queue, frame[WireFormat.RegularMessageHeaderBytes..]);
        var writer = new WireWriter(frame);
        new RegularMessage(
            new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, options.Self),
            options.Self, seq, originCount, ring, 0, (uint)packet.Guarantee).Write(ref writer);
        for (var i = 0; i < packet.Completed && !IsSynchronising; i++)
        {
            var kind = Lane.Packer.Completed(i) == MessageChannel.Ring ? RingEventKind.MessageSent
                : RingEventKind.GroupMessageSent;
            observer.OnEvent(new RingEvent(kind, ring, options.Self, Seq: seq, Count: i));
        }

        Invariant.That(
            writer.WrittenBytes == WireFormat.RegularMessageHeaderBytes, "a packet begins where the header ends");
        return new FrameWritten(
            WireFormat.RegularMessageHeaderBytes + packet.Bytes,
            packet.Guarantee == Guarantee.Safe ? FrameFlags.Safe : FrameFlags.None);
    }
}
