using System.Buffers.Binary;

namespace Totem.Transport.Knet.Wire;

/// <summary>The 6 bytes that every packet begins with (KNET §4).</summary>
/// <param name="Type">The kind of the packet.</param>
/// <param name="Node">The sender of this packet.</param>
/// <param name="VersionMax">0 in libknet 1.x, which ignores it; in 2.0 the highest version that the sender
/// speaks.</param>
/// <param name="Pad">0, and ignored by libknet; see <see cref="KnetFormat.AeadAnnouncement"/>.</param>
internal readonly record struct PacketHeader(PacketType Type, ushort Node, byte VersionMax = 0, byte Pad = 0)
{
    public static KnetDecode TryRead(ReadOnlySpan<byte> packet, out PacketHeader header)
    {
        header = default;
        if (packet.Length < KnetFormat.PacketBytesMin)
            return KnetDecode.TooShort;
        if (packet[0] != KnetFormat.Version)
            return KnetDecode.UnknownVersion;
        header = new PacketHeader(
            (PacketType)packet[1], BinaryPrimitives.ReadUInt16BigEndian(packet[2..]), packet[4], packet[5]);
        return header.Type is PacketType.Data or PacketType.Ping or PacketType.Pong or PacketType.Probe
            or PacketType.ProbeReply
            ? KnetDecode.Ok : KnetDecode.UnknownType;
    }

    public void Write(Span<byte> packet)
    {
        packet[0] = KnetFormat.Version;
        packet[1] = (byte)Type;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], Node);
        packet[4] = VersionMax;
        packet[5] = Pad;
    }
}
