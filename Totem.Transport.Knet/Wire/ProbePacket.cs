using System.Buffers.Binary;

namespace Totem.Transport.Knet.Wire;

/// <summary>A probe of the path's MTU, or the answer to one (KNET §5.4, §5.5). Zeros fill a probe up to the length
/// wanted.</summary>
/// <param name="Header">The first 6 bytes.</param>
/// <param name="Link">The number of the link.</param>
/// <param name="IpBytes">The length of the whole IP packet. Only the prober reads it, so we write it little-endian, as
/// real senders on our processors do.</param>
internal readonly record struct ProbePacket(PacketHeader Header, byte Link, ushort IpBytes)
{
    public static KnetDecode TryRead(ReadOnlySpan<byte> packet, out ProbePacket probe)
    {
        probe = default;
        var result = PacketHeader.TryRead(packet, out var header);
        if (result != KnetDecode.Ok)
            return result;
        if (header.Type is not (PacketType.Probe or PacketType.ProbeReply))
            return KnetDecode.UnknownType;
        if (packet.Length < KnetFormat.ProbeHeaderBytes)
            return KnetDecode.TooShort;
        probe = new ProbePacket(header, packet[6], BinaryPrimitives.ReadUInt16LittleEndian(packet[7..]));
        return KnetDecode.Ok;
    }

    /// <summary>The answer of this node: the first 9 bytes with another type and node.</summary>
    public ProbePacket Answer(ushort node) =>
        this with { Header = Header with { Type = PacketType.ProbeReply, Node = node } };

    /// <summary>Writes the packet; what the span has beyond 9 bytes is filler.</summary>
    public void Write(Span<byte> packet)
    {
        Header.Write(packet);
        packet[6] = Link;
        BinaryPrimitives.WriteUInt16LittleEndian(packet[7..], IpBytes);
        packet[KnetFormat.ProbeHeaderBytes..].Clear();
    }
}
