using System.Buffers.Binary;
using System.Net;
using Totem.Transport.Knet.Links;

namespace Totem.Transport.Knet.Tests.Captures;

/// <summary>
/// Reads classic little-endian pcap files of Ethernet, IPv4 and IPv6. The captures hold no IP fragment, which is an
/// error here; what is not UDP is left out.
/// </summary>
internal static class PcapReader
{
    private const int FileHeaderBytes = 24;
    private const int RecordHeaderBytes = 16;
    private const int EthernetHeaderBytes = 14;
    private const int UdpHeaderBytes = 8;
    private const byte ProtocolUdp = 17;

    public static List<CapturedPacket> Read(string path)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(path);
        if (BinaryPrimitives.ReadUInt32LittleEndian(rest) != 0xA1B2C3D4)
            throw new InvalidDataException($"{path}: expected a little-endian pcap file");
        rest = rest[FileHeaderBytes..];
        var packets = new List<CapturedPacket>();
        for (var frame = 1; !rest.IsEmpty; frame++)
        {
            var captured = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
            if (BinaryPrimitives.ReadInt32LittleEndian(rest[12..]) != captured)
                throw new InvalidDataException($"{path}: packet {frame} is cut off");
            if (Parse(frame, rest.Slice(RecordHeaderBytes, captured)) is { } packet)
                packets.Add(packet);
            rest = rest[(RecordHeaderBytes + captured)..];
        }

        return packets;
    }

    private static CapturedPacket? Parse(int frame, ReadOnlySpan<byte> ethernet)
    {
        var ip = ethernet[EthernetHeaderBytes..];
        return BinaryPrimitives.ReadUInt16BigEndian(ethernet[12..]) switch
        {
            0x0800 => ParseIPv4(frame, ip),
            0x86DD => ParseIPv6(frame, ip),
            _ => null,
        };
    }

    private static CapturedPacket? ParseIPv4(int frame, ReadOnlySpan<byte> ip)
    {
        if (ip[9] != ProtocolUdp)
            return null;
        if ((BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & 0x3FFF) != 0)
            throw new InvalidDataException($"packet {frame} is an IP fragment");
        var total = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        var udp = ip[((ip[0] & 0x0F) * 4)..total];
        return new CapturedPacket(
            frame, Address(ip[12..16]), Address(ip[16..20]), total, udp[UdpHeaderBytes..].ToArray());
    }

    private static CapturedPacket? ParseIPv6(int frame, ReadOnlySpan<byte> ip)
    {
        const int headerBytes = 40;
        if (ip[6] != ProtocolUdp)
            return null;
        var total = headerBytes + BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        var udp = ip[headerBytes..total];
        return new CapturedPacket(
            frame, Address(ip[8..24]), Address(ip[24..40]), total, udp[UdpHeaderBytes..].ToArray());
    }

    private static KnetAddress Address(ReadOnlySpan<byte> bytes) => KnetAddress.Of(new IPAddress(bytes));
}
