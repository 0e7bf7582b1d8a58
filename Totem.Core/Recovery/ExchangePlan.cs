using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Wire;

namespace Totem.Core.Recovery;

/// <summary>
/// The messages of the old ring that this processor multicasts again on the new one (TOCS95, recovery; WIRE §9.10):
/// all that it holds above what every transitional member has. One that somebody else multicast first is struck.
/// </summary>
internal sealed class ExchangePlan : IFrameSource
{
    private readonly ProcessorId _self;
    private readonly ReceiveWindow? _old;
    private readonly Queue<Seq> _pending = new();
    private readonly HashSet<Seq> _open = [];
    private RecoveryNote? _note;

    public ExchangePlan(ProcessorId self, ReceiveWindow? old, RecoveryNote? note)
    {
        _self = self;
        _old = old;
        _note = note;
    }

    public int QueuedFrames => _open.Count + (_note is null ? 0 : 1);

    public int NextFrameBytesMax => _note is not null
        ? WireFormat.RegularMessageHeaderBytes + RecoveryNote.BytesMax
        : WireFormat.RegularMessageHeaderBytes + _old!.Frame(NextPending()).Length;

    /// <summary>Plans all messages that the old window holds behind this number.</summary>
    public void PlanAbove(Seq low)
    {
        Invariant.That(_pending.Count == 0, "an exchange is planned once");
        Invariant.That(low >= _old!.Released, "nothing is planned that has been released");
        for (var seq = low.Next; seq <= _old!.High; seq = seq.Next)
        {
            if (!_old.Contains(seq))
                continue;
            _pending.Enqueue(seq);
            _open.Add(seq);
        }
    }

    /// <summary>Somebody else has multicast this message.</summary>
    public void Strike(Seq seq) => _open.Remove(seq);

    public FrameWritten WriteFrame(Span<byte> frame, RingId ring, Seq seq, uint originCount)
    {
        Invariant.That(QueuedFrames > 0, "a frame is written when one is planned");
        var writer = new WireWriter(frame);
        new RegularMessage(
            new FrameHeader(FrameKind.RegularMessage, Encapsulation.Encapsulated, _self),
            _self, seq, originCount, ring, 0, 0).Write(ref writer);
        if (_note is { } note)
        {
            note.Write(ref writer, _self);
            _note = null;
        }
        else
        {
            var old = NextPending();
            _pending.Dequeue();
            var wasOpen = _open.Remove(old);
            Invariant.That(wasOpen, "a message of the old ring is multicast once");
            writer.Bytes(_old!.Frame(old));
        }

        Invariant.That(
            writer.WrittenBytes > WireFormat.RegularMessageHeaderBytes, "a message of the old ring is carried whole");
        return new FrameWritten(writer.WrittenBytes, FrameFlags.Encapsulated);
    }

    private Seq NextPending()
    {
        Invariant.That(_open.Count <= _pending.Count, "what is open is pending");
        while (!_open.Contains(_pending.Peek()))
            _pending.Dequeue();
        return _pending.Peek();
    }
}
