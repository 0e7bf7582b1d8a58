using System.Buffers.Binary;
using System.Net;

namespace Totem.Tests.Captures;

/// <summary>
/// Reads classic little-endian pcap files of Ethernet and IPv4: as much as the captures of this repository need. A
/// format that it does not know is an error, except for protocols other than UDP, which it counts.
/// </summary>
internal sealed class PcapFile
{
    private const int FileHeaderBytes = 24;
    private const int RecordHeaderBytes = 16;
    private const int EthernetHeaderBytes = 14;
    private const int UdpHeaderBytes = 8;
    private const byte ProtocolUdp = 17;

    private readonly Dictionary<(uint Source, uint Destination, ushort Id), List<Fragment>> _incomplete = [];
    private readonly List<CapturedDatagram> _datagrams = [];

    private PcapFile()
    {
    }

    private sealed record Fragment(int Offset, byte[] Bytes, bool IsLast);

    /// <summary>The datagrams in the order in which they were completed.</summary>
    public IReadOnlyList<CapturedDatagram> Datagrams => _datagrams;

    /// <summary>Packets of the file, of any kind.</summary>
    public int PacketCount { get; private set; }

    /// <summary>Packets that are not UDP over IPv4: IGMP, ICMP.</summary>
    public int OtherCount { get; private set; }

    /// <summary>Packets that are a piece of a datagram completed by a later packet.</summary>
    public int FragmentCount { get; private set; }

    public static PcapFile Read(string path)
    {
        var bytes = File.ReadAllBytes(path).AsSpan();
        var file = new PcapFile();
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != 0xA1B2C3D4
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]) != 1)
            throw new InvalidDataException($"{path}: expected a little-endian pcap file of Ethernet");
        var rest = bytes[FileHeaderBytes..];
        while (!rest.IsEmpty)
        {
            var captured = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
            file.PacketCount++;
            file.ReadEthernet(rest.Slice(RecordHeaderBytes, captured));
            rest = rest[(RecordHeaderBytes + captured)..];
        }

        if (file._incomplete.Count != 0)
            throw new InvalidDataException($"{path}: {file._incomplete.Count} datagrams with missing fragments");
        return file;
    }

    private void ReadEthernet(ReadOnlySpan<byte> packet)
    {
        const ushort etherTypeIPv4 = 0x0800;
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[12..]) != etherTypeIPv4
            || packet[EthernetHeaderBytes + 9] != ProtocolUdp)
        {
            OtherCount++;
            return;
        }

        ReadIPv4(packet[EthernetHeaderBytes..]);
    }

    private void ReadIPv4(ReadOnlySpan<byte> packet)
    {
        var headerBytes = (packet[0] & 0x0F) * 4;
        var totalBytes = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        var id = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        var flags = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        var source = BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);
        var destination = BinaryPrimitives.ReadUInt32BigEndian(packet[16..]);
        var body = packet[headerBytes..Math.Min(totalBytes, packet.Length)];

        var moreFragments = (flags & 0x2000) != 0;
        var offset = (flags & 0x1FFF) * 8;
        if (!moreFragments && offset == 0)
        {
            AddUdp(source, destination, body);
            return;
        }

        var key = (source, destination, id);
        if (!_incomplete.TryGetValue(key, out var fragments))
            _incomplete.Add(key, fragments = []);
        fragments.Add(new Fragment(offset, body.ToArray(), !moreFragments));
        if (TryJoin(fragments, out var whole))
        {
            _incomplete.Remove(key);
            AddUdp(source, destination, whole);
        }
        else
        {
            FragmentCount++;
        }
    }

    private static bool TryJoin(List<Fragment> fragments, out byte[] whole)
    {
        fragments.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        whole = [];
        var next = 0;
        foreach (var fragment in fragments)
        {
            if (fragment.Offset != next)
                return false;
            next += fragment.Bytes.Length;
        }

        if (!fragments[^1].IsLast)
            return false;
        whole = [.. fragments.SelectMany(x => x.Bytes)];
        return true;
    }

    private void AddUdp(uint source, uint destination, ReadOnlySpan<byte> segment)
    {
        var announced = BinaryPrimitives.ReadUInt16BigEndian(segment[4..]);
        _datagrams.Add(new CapturedDatagram(
            PacketCount,
            Endpoint(source, BinaryPrimitives.ReadUInt16BigEndian(segment)),
            Endpoint(destination, BinaryPrimitives.ReadUInt16BigEndian(segment[2..])),
            segment[UdpHeaderBytes..].ToArray(),
            IsTruncated: announced > segment.Length));
    }

    private static string Endpoint(uint address, ushort port)
    {
        var networkOrder = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(networkOrder, address);
        return $"{new IPAddress(networkOrder)}:{port}";
    }
}
