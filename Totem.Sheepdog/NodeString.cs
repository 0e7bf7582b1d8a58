using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;

namespace Totem.Sheepdog;

/// <summary>The name of a node where names are texts, as sheep's tools know it: <c>IPv4 ip:127.0.0.1
/// port:7000</c>.</summary>
public static class NodeString
{
    private const int AddressBytes = 16;
    private const int IdentityBytes = AddressBytes + sizeof(ushort);

    /// <summary>The longest; longer identities are called by their hash.</summary>
    private const int LengthMax = 255;

    /// <summary>A node whose identity is 16 bytes of address (IPv4 behind twelve zeros) and a port, little-endian, has
    /// sheep's own string; any other identity is written in hexadecimal. Two nodes have the same string when they have
    /// the same identity.</summary>
    public static string Of(SheepNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var identity = node.Identity;
        if (identity.Length != IdentityBytes)
            return identity.Length * 2 <= LengthMax ? Convert.ToHexString(identity)
                : Convert.ToHexString(SHA256.HashData(identity));
        var isVersion4 = IsVersion4(identity);
        var address = new IPAddress(isVersion4 ? identity[12..AddressBytes] : identity[..AddressBytes]);
        var port = BinaryPrimitives.ReadUInt16LittleEndian(identity[AddressBytes..]);
        return string.Create(
            CultureInfo.InvariantCulture, $"{(isVersion4 ? "IPv4" : "IPv6")} ip:{address} port:{port}");
    }

    /// <summary>For lines of a log: address and port.</summary>
    internal static string Short(SheepNode node)
    {
        var identity = node.Identity;
        if (identity.Length != IdentityBytes)
            return Of(node);
        var address = new IPAddress(IsVersion4(identity) ? identity[12..AddressBytes] : identity[..AddressBytes]);
        return new IPEndPoint(address, BinaryPrimitives.ReadUInt16LittleEndian(identity[AddressBytes..])).ToString();
    }

    /// <summary>Whether 16 bytes of address hold an IPv4 address, as sheep sees it.</summary>
    public static bool IsVersion4(ReadOnlySpan<byte> address) =>
        address[..12].IndexOfAnyExcept((byte)0) < 0 && address[12] != 0;
}
