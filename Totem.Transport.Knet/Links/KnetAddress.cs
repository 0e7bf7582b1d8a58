using System.Buffers.Binary;
using System.Net;

namespace Totem.Transport.Knet.Links;

/// <summary>An IP address as a value; IPv4 stands in its mapped IPv6 form. Ports are not compared
/// (KNET §6, step 6).</summary>
internal readonly record struct KnetAddress(ulong High, ulong Low)
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    public bool IsIPv6 => High != 0 || (Low & 0xFFFF_FFFF_0000_0000) != MappedPrefix;

    public static KnetAddress Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        return new KnetAddress(
            BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
    }
}
