using System.Buffers.Binary;

namespace Totem.Tests.Wireshark;

/// <summary>Writes datagrams as a classic pcap file of Ethernet and IPv4, from one made-up host to another.</summary>
internal static class PcapWriter
{
    private const int EthernetBytes = 14;
    private const int IPv4Bytes = 20;
    private const int UdpBytes = 8;
    private const int HeadersBytes = EthernetBytes + IPv4Bytes + UdpBytes;
    private const ushort SourcePort = 40_000;

    public static void Write(string path, IEnumerable<byte[]> datagrams, ushort port)
    {
        using var file = File.Create(path);
        Span<byte> header = stackalloc byte[24];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0xA1B2_C3D4);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2); // version 2.4
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], 262_144); // the longest packet
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], 1); // Ethernet
        file.Write(header);
        foreach (var datagram in datagrams)
            file.Write(Record(datagram, port));
    }

    private static byte[] Record(byte[] datagram, ushort port)
    {
        const int recordHeaderBytes = 16;
        var record = new byte[recordHeaderBytes + HeadersBytes + datagram.Length];
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(8), HeadersBytes + datagram.Length);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(12), HeadersBytes + datagram.Length);

        var packet = record.AsSpan(recordHeaderBytes);
        packet[0] = packet[6] = 2; // locally administered addresses
        packet[12] = 8; // IPv4

        var ip = packet[EthernetBytes..];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(IPv4Bytes + UdpBytes + datagram.Length));
        ip[8] = 64;
        ip[9] = 17; // UDP
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], 0x0A58_0001);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], 0x0A58_0002);

        var udp = ip[IPv4Bytes..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)(UdpBytes + datagram.Length));
        datagram.CopyTo(udp[UdpBytes..]);
        return record;
    }
}
