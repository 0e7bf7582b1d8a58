using System.Buffers.Binary;

namespace Totem.Transport.Knet.Wire;

/// <summary>A ping or a pong (KNET §5.2, §5.3): a pong is the ping with another type and the node that
/// answers.</summary>
/// <param name="Header">The first 6 bytes.</param>
/// <param name="Link">The number of the link, the same at both ends.</param>
/// <param name="Time">Bytes 0 to 7 of the 16 that only the sender of the ping understands.</param>
/// <param name="Challenge">Bytes 8 to 15 of them.</param>
/// <param name="Seq">The number of the last message that the sender of the ping has sent; 0 before the first.</param>
/// <param name="Timed">1 in a periodic ping, 0 in one that a number of messages has forced.</param>
internal readonly record struct PingPacket(
    PacketHeader Header, byte Link, ulong Time, ulong Challenge, ushort Seq, byte Timed)
{
    public static KnetDecode TryRead(ReadOnlySpan<byte> packet, out PingPacket ping)
    {
        ping = default;
        var result = PacketHeader.TryRead(packet, out var header);
        if (result != KnetDecode.Ok)
            return result;
        if (header.Type is not (PacketType.Ping or PacketType.Pong))
            return KnetDecode.UnknownType;
        if (packet.Length < KnetFormat.PingBytes)
            return KnetDecode.TooShort;
        ping = new PingPacket(
            header, packet[6], BinaryPrimitives.ReadUInt64LittleEndian(packet[7..]),
            BinaryPrimitives.ReadUInt64LittleEndian(packet[15..]),
            BinaryPrimitives.ReadUInt16BigEndian(packet[23..]), packet[25]);
        return KnetDecode.Ok;
    }

    /// <summary>The answer of this node: all but the type and the node comes back.</summary>
    public PingPacket Answer(ushort node) => this with { Header = Header with { Type = PacketType.Pong, Node = node } };

    public void Write(Span<byte> packet)
    {
        Header.Write(packet);
        packet[6] = Link;
        BinaryPrimitives.WriteUInt64LittleEndian(packet[7..], Time);
        BinaryPrimitives.WriteUInt64LittleEndian(packet[15..], Challenge);
        BinaryPrimitives.WriteUInt16BigEndian(packet[23..], Seq);
        packet[25] = Timed;
    }
}
