using System.Buffers.Binary;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>Copies a capture in libpcap's classic format, with the packets that can be opened in clear.</summary>
internal sealed class CaptureConverter(CaptureOpener opener)
{
    private const uint Microseconds = 0xA1B2_C3D4;
    private const uint Nanoseconds = 0xA1B2_3C4D;
    private const uint PcapNg = 0x0A0D_0D0A;
    private const int FileHeaderBytes = 24;
    private const int RecordHeaderBytes = 16;
    private const int UdpBytes = 8;
    private const byte UdpProtocol = 17;

    /// <summary>The limit of tcpdump and Wireshark.</summary>
    private const int RecordBytesMax = 262_144;

    private readonly byte[] _record = new byte[RecordBytesMax];
    private readonly byte[] _header = new byte[FileHeaderBytes];
    private bool _isBigEndian;
    private uint _linkType;
    private long _datagrams;
    private long _opened;

    /// <exception cref="InvalidDataException">The source is no such capture.</exception>
    public KnetCaptureCounts Convert(Stream source, Stream target)
    {
        if (source.ReadAtLeast(_header, FileHeaderBytes, throwOnEndOfStream: false) < FileHeaderBytes)
            throw new InvalidDataException("the file is shorter than the header of a capture, expected tcpdump -w's");
        ReadFileHeader();
        target.Write(_header);
        var header = _header.AsSpan(0, RecordHeaderBytes);
        for (var number = 1L; ; number++)
        {
            var read = source.ReadAtLeast(header, RecordHeaderBytes, throwOnEndOfStream: false);
            if (read == 0)
                return new KnetCaptureCounts(_datagrams, _opened, _datagrams - _opened);
            var kept = read == RecordHeaderBytes ? Number(header[8..]) : 0;
            var whole = read == RecordHeaderBytes ? Number(header[12..]) : 0;
            if (read < RecordHeaderBytes || kept > RecordBytesMax
                || source.ReadAtLeast(_record.AsSpan(0, (int)kept), (int)kept, throwOnEndOfStream: false) < kept)
                throw new InvalidDataException($"packet {number} of the capture is not whole, or longer than "
                    + $"{RecordBytesMax} bytes");
            var length = kept == whole ? Open(_record.AsSpan(0, (int)kept)) : (int)kept;
            SetNumber(header[8..], (uint)length);
            SetNumber(header[12..], kept == whole ? (uint)length : whole);
            target.Write(header);
            target.Write(_record, 0, length);
        }
    }

    private void ReadFileHeader()
    {
        var magic = BinaryPrimitives.ReadUInt32LittleEndian(_header);
        if (magic == PcapNg)
            throw new InvalidDataException("the capture is in the format pcapng, expected libpcap's classic one: "
                + "convert it with 'editcap -F pcap IN OUT', or capture with 'tcpdump -w'");
        _isBigEndian = BinaryPrimitives.ReverseEndianness(magic) is Microseconds or Nanoseconds;
        if (!_isBigEndian && magic is not (Microseconds or Nanoseconds))
            throw new InvalidDataException($"the file begins with {magic:x8}, expected a capture of 'tcpdump -w'");
        _linkType = Number(_header.AsSpan(20)) & 0xFFFF;
        if (IpOffset(_linkType, _record) is null && _linkType is not (1 or 113 or 276))
            throw new InvalidDataException($"the capture has link type {_linkType}, expected Ethernet (1), Linux's any "
                + "(113, 276), loopback (0) or bare IP (101)");
    }

    /// <summary>Puts the packet in clear into a frame, if it can be opened.</summary>
    /// <returns>The length of the frame.</returns>
    private int Open(Span<byte> frame)
    {
        if (IpOffset(_linkType, frame) is not { } at || !TryFindUdp(frame[at..], out var headerBytes, out var ipBytes))
            return frame.Length;
        _datagrams++;
        var ip = frame.Slice(at, ipBytes);
        var udp = ip[headerBytes..];
        if (!opener.TryOpen(udp[UdpBytes..], out var packet))
            return frame.Length;
        _opened++;
        packet.CopyTo(udp[UdpBytes..]);
        ip = ip[..(headerBytes + UdpBytes + packet.Length)];
        SetLengths(ip, headerBytes);
        return at + ip.Length;
    }

    /// <summary>Where IP's header is; null where there is none.</summary>
    private static int? IpOffset(uint linkType, ReadOnlySpan<byte> frame) => linkType switch
    {
        0 => 4,
        1 when frame.Length >= 18 => BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) switch
        {
            0x0800 or 0x86DD => 14,
            0x8100 => 18,
            _ => null,
        },
        101 or 12 or 228 or 229 => 0,
        113 when frame.Length >= 16 && BinaryPrimitives.ReadUInt16BigEndian(frame[14..]) is 0x0800 or 0x86DD => 16,
        276 when frame.Length >= 20 && BinaryPrimitives.ReadUInt16BigEndian(frame) is 0x0800 or 0x86DD => 20,
        _ => null,
    };

    /// <summary>A whole UDP datagram in one IP packet. kronosnet's are never fragments.</summary>
    private static bool TryFindUdp(ReadOnlySpan<byte> ip, out int headerBytes, out int ipBytes)
    {
        const int ipv4Min = 20, ipv6 = 40;
        (headerBytes, ipBytes) = (0, 0);
        if (ip.Length >= ipv4Min && ip[0] >> 4 == 4)
        {
            headerBytes = (ip[0] & 15) * 4;
            ipBytes = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
            if (ip[9] != UdpProtocol || (BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & 0x3FFF) != 0)
                return false;
        }
        else if (ip.Length >= ipv6 && ip[0] >> 4 == 6)
        {
            (headerBytes, ipBytes) = (ipv6, ipv6 + BinaryPrimitives.ReadUInt16BigEndian(ip[4..]));
            if (ip[6] != UdpProtocol)
                return false;
        }

        return headerBytes >= ipv4Min && ipBytes >= headerBytes + UdpBytes && ipBytes <= ip.Length;
    }

    private static void SetLengths(Span<byte> ip, int headerBytes)
    {
        var udp = ip[headerBytes..];
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        uint addresses;
        if (ip[0] >> 4 == 4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
            ip[10..12].Clear();
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..headerBytes], 0));
            addresses = Sum(ip[12..20]);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)udp.Length);
            addresses = Sum(ip[8..40]);
        }

        udp[6..8].Clear();
        var checksum = Checksum(udp, addresses + UdpProtocol + (uint)udp.Length);
        // 0 would say that there is none.
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], checksum == 0 ? ushort.MaxValue : checksum);
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes, uint more)
    {
        var sum = Sum(bytes) + more;
        while (sum > ushort.MaxValue)
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        return (ushort)~sum;
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        for (; bytes.Length >= 2; bytes = bytes[2..])
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return bytes.IsEmpty ? sum : sum + ((uint)bytes[0] << 8);
    }

    private uint Number(ReadOnlySpan<byte> bytes) => _isBigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private void SetNumber(Span<byte> bytes, uint number)
    {
        if (_isBigEndian)
            BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
    }
}
