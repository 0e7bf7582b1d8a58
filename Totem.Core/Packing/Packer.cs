using System.Buffers.Binary;
using Totem.Core.Diagnostics;
using Totem.Core.Ordering;

namespace Totem.Core.Packing;

/// <summary>The counts of a packet.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Completed">How many messages end in it.</param>
/// <param name="Guarantee">The guarantee that all its messages ask for.</param>
internal readonly record struct PackedPacket(int Bytes, int Completed, Guarantee Guarantee);

/// <summary>
/// Fills packets from the send queue when the token is here: small messages share one, large ones are cut. A packet
/// never mixes guarantees, so that its frame can say which one it needs.
/// </summary>
internal sealed class Packer(int netMtu)
{
    private readonly int _budgetBytes = PacketFormat.BudgetBytes(netMtu);
    private readonly MessageChannel[] _completed = new MessageChannel[PacketFormat.PieceCountMax];
    private byte _lastFragment;
    private bool _mustClose;

    /// <summary>The longest packet.</summary>
    public int PacketBytesMax => PacketFormat.HeaderBytes + _budgetBytes;

    /// <summary>The readers that the n-th message that ended in the last packet is for.</summary>
    public MessageChannel Completed(int n) => _completed[n];

    /// <summary>
    /// A new ring begins: no packet of the old one is continued. If the last one ended inside a message, the next is a
    /// packet with a message to nobody: corosync throws away whole packets, up to one without a cut, until it finds its
    /// place again in a stream that does not go on as announced (WIRE §12.6), and this one is no loss.
    /// </summary>
    public void Reset()
    {
        _mustClose |= _lastFragment != 0;
        _lastFragment = 0;
    }

    /// <summary>Takes as many messages as fit; the queue must not be empty.</summary>
    public PackedPacket Pack(SendQueue queue, Span<byte> packet)
    {
        if (_mustClose)
            return Close(packet);
        Invariant.That(queue.Count > 0, "a packet is filled when something waits");
        var (queuedBefore, bytesBefore) = (queue.Count, queue.UsedBytes);
        var guarantee = queue.HeadGuarantee;
        Span<ushort> lengths = stackalloc ushort[PacketFormat.PieceCountMax];
        var (pieces, cut) = Plan(queue, guarantee, lengths);

        var continuation = queue.HeadOffset > 0 ? _lastFragment : (byte)0;
        // Fragment numbers run 1…255 and then 1 again: 0 says that nothing is cut.
        _lastFragment = !cut ? (byte)0 : continuation is 0 or 255 ? (byte)1 : (byte)(continuation + 1);
        BinaryPrimitives.WriteUInt32LittleEndian(packet, 0);
        packet[4] = _lastFragment;
        packet[5] = continuation;
        BinaryPrimitives.WriteUInt16LittleEndian(packet[6..], (ushort)pieces);

        var position = PacketFormat.HeaderBytes + 2 * pieces;
        var completed = 0;
        for (var i = 0; i < pieces; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(packet[(PacketFormat.HeaderBytes + 2 * i)..], lengths[i]);
            var channel = queue.HeadChannel;
            if (queue.TakeFromHead(packet.Slice(position, lengths[i])))
                _completed[completed++] = channel;
            position += lengths[i];
        }

        // The packet holds just what has left the queue.
        Invariant.That(pieces > 0, "a packet holds something");
        Invariant.That(position <= PacketBytesMax, "a packet is no longer than a frame has room for");
        Invariant.That(
            queuedBefore - queue.Count == completed, "a message leaves the queue in the packet where it ends");
        Invariant.That(completed == (cut ? pieces - 1 : pieces), "every piece but a cut one ends a message");
        Invariant.That(bytesBefore >= queue.UsedBytes, "packing adds nothing to the queue");
        Invariant.That(queue.Count > 0 || queue.UsedBytes == 0, "an empty queue holds no bytes");
        Invariant.That((queue.HeadOffset > 0) == cut, "the head of the queue is cut when the packet says so");
        return new PackedPacket(position, completed, guarantee);
    }

    private PackedPacket Close(Span<byte> packet)
    {
        _mustClose = false;
        var piece = MessageAddress.Nobody;
        packet[..PacketFormat.HeaderBytes].Clear();
        packet[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(packet[PacketFormat.HeaderBytes..], (ushort)piece.Length);
        piece.CopyTo(packet[(PacketFormat.HeaderBytes + 2)..]);
        return new PackedPacket(PacketFormat.HeaderBytes + 2 + piece.Length, 0, Guarantee.Agreed);
    }

    private (int Pieces, bool Cut) Plan(SendQueue queue, Guarantee guarantee, Span<ushort> lengths)
    {
        var used = 0;
        var offset = queue.HeadOffset;
        for (var i = 0; i < queue.Count && i < lengths.Length; i++)
        {
            var (length, itsGuarantee) = queue.Peek(i);
            var room = _budgetBytes - 2 * (i + 1) - used;
            var rest = length - offset;
            if (itsGuarantee != guarantee || (i > 0 && rest > room && room < PacketFormat.FragmentBytesMin))
                return (i, false);
            lengths[i] = (ushort)Math.Min(rest, room);
            used += lengths[i];
            if (rest > room)
                return (i + 1, true);
            offset = 0;
        }

        return (Math.Min(queue.Count, lengths.Length), false);
    }
}
