using System.Buffers.Binary;

namespace Totem.Transport.Knet.Wire;

/// <summary>The header of a message or of its fragment (KNET §5.1). The payload follows.</summary>
/// <param name="Header">The first 6 bytes.</param>
/// <param name="Seq">The number of the message, the same in all its fragments and copies.</param>
/// <param name="Compression">How the whole message is compressed; 0 when it is not.</param>
/// <param name="Pad">Ignored by libknet; see <see cref="Destination"/>.</param>
/// <param name="Broadcast">1 for a multicast, 0 for one receiver; receivers ignore it.</param>
/// <param name="FragmentCount">1 when the message is whole.</param>
/// <param name="Fragment">1 and up; 0 when the message is whole.</param>
/// <param name="Channel">0 for the ring's frames.</param>
internal readonly record struct DataHeader(
    PacketHeader Header, ushort Seq, byte Compression, byte Pad, byte Broadcast, byte FragmentCount, byte Fragment,
    sbyte Channel)
{
    /// <summary>False when the message is in this packet alone. libknet takes 0 fragments for 1, and then any number of
    /// the fragment.</summary>
    public bool IsFragment => FragmentCount > 1;

    /// <summary>
    /// The only receiver, 0 for all and where the sender does not say. Libknet has no such field, so a packet that was
    /// for one member is as good at another; ours say it in two bytes of padding.
    /// </summary>
    public ushort Destination => (ushort)((Header.Pad << 8) | Pad);

    /// <summary>The same header for one receiver; 0 for all.</summary>
    public DataHeader For(ushort destination) =>
        this with { Header = Header with { Pad = (byte)(destination >> 8) }, Pad = (byte)destination };

    public static KnetDecode TryRead(ReadOnlySpan<byte> packet, out DataHeader data, out ReadOnlySpan<byte> payload)
    {
        data = default;
        payload = default;
        var result = PacketHeader.TryRead(packet, out var header);
        if (result != KnetDecode.Ok)
            return result;
        if (header.Type != PacketType.Data)
            return KnetDecode.UnknownType;
        if (packet.Length < KnetFormat.DataHeaderBytes)
            return KnetDecode.TooShort;
        data = new DataHeader(
            header, BinaryPrimitives.ReadUInt16BigEndian(packet[6..]), packet[8], packet[9], packet[10], packet[11],
            packet[12],
            (sbyte)packet[13]);
        payload = packet[KnetFormat.DataHeaderBytes..];
        var isInRange = data.Fragment >= 1 && data.Fragment <= data.FragmentCount;
        return data.IsFragment && !isInRange ? KnetDecode.BadFragment : KnetDecode.Ok;
    }

    public void Write(Span<byte> packet)
    {
        Header.Write(packet);
        BinaryPrimitives.WriteUInt16BigEndian(packet[6..], Seq);
        packet[8] = Compression;
        packet[9] = Pad;
        packet[10] = Broadcast;
        packet[11] = FragmentCount;
        packet[12] = Fragment;
        packet[13] = (byte)Channel;
    }
}
