using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Core.Wire;

namespace Totem.Core.Evs;

/// <summary>Turns the frames of one ring into messages for the application, at the application's pace.</summary>
internal sealed class RingDelivery(RingId ring, OrderedLog log, ReceiveLanes lanes, IRingObserver observer)
{
    private Unpacker _unpacker = lanes.Current;
    private bool _isFrameOpen;
    private bool _isSwapped;
    private bool _isBehindHole;

    public RingId Ring => ring;

    public OrderedLog Log => log;

    /// <summary>Takes the next message of the regular configuration, up to a frame that may be delivered.</summary>
    public bool TryNext(Seq through, out Delivery delivery) => TryNext(through, obligation: null, out delivery);

    /// <summary>
    /// Takes the next message of the transitional configuration: holes are passed over, and behind a hole only messages
    /// of the obligation set count, because any other might causally depend on what is missing (TOCS95, recovery;
    /// EVS §5, 1).
    /// </summary>
    public bool TryNext(Seq through, ProcessorSet? obligation, out Delivery delivery)
    {
        while (log.DeliveredThrough < through)
        {
            var seq = log.DeliveredThrough.Next;
            if (!_isFrameOpen && !TryOpen(seq, obligation))
            {
                log.MarkDelivered(seq);
                continue;
            }

            if (TryMessage(seq, out delivery))
                return true;
            _isFrameOpen = false;
            log.MarkDelivered(seq);
        }

        delivery = default;
        return false;
    }

    private bool TryOpen(Seq seq, ProcessorSet? obligation)
    {
        var window = log.Window;
        if (!window.Contains(seq))
        {
            Invariant.That(obligation is not null, "only a transitional configuration passes over a hole");
            _isBehindHole = true;
            return false;
        }

        if (window.IsEncapsulated(seq))
            return false;
        if (_isBehindHole && obligation is not null && !obligation.Contains(window.Source(seq)))
        {
            observer.OnEvent(new RingEvent(RingEventKind.MessageWithheld, ring, window.Source(seq), Seq: seq));
            return false;
        }

        var frame = window.Frame(seq);
        _isSwapped = frame[0] != (WireFormat.Magic & 0xFF);
        _unpacker = lanes.Current;
        _isFrameOpen = _unpacker.TryOpen(
            window.Source(seq), frame[WireFormat.RegularMessageHeaderBytes..], _isSwapped);
        if (!_isFrameOpen)
            Discard(DiscardReason.BadPacket, seq);
        return _isFrameOpen;
    }

    private bool TryMessage(Seq seq, out Delivery delivery)
    {
        var window = log.Window;
        var packet = window.Frame(seq)[WireFormat.RegularMessageHeaderBytes..];
        var guarantee = window.IsSafe(seq) ? Guarantee.Safe : Guarantee.Agreed;
        bool found;
        do
        {
            found = _unpacker.TryNext(packet, out var message, out var index);
            if (_unpacker.Discarded is { } reason)
                Discard(reason, seq);
            if (!found)
                break;
            var channel = MessageAddress.Strip(message, _isSwapped, out var payload);
            // Nobody synchronises across byte orders (WIRE §4), so services of the other order have nothing to say.
            if (channel == MessageChannel.Ring || (channel != MessageChannel.None && lanes.HasServices && !_isSwapped))
            {
                delivery = new Delivery(window.Source(seq), ring, seq, index, guarantee, payload, channel);
                return true;
            }

            if (!message.SequenceEqual(MessageAddress.Nobody))
                Discard(DiscardReason.UnknownGroup, seq);
        }
        while (found);

        delivery = default;
        return false;
    }

    private void Discard(DiscardReason reason, Seq seq) => observer.OnEvent(
        new RingEvent(RingEventKind.Discarded, ring, log.Window.Source(seq), Seq: seq, Discard: reason));
}
