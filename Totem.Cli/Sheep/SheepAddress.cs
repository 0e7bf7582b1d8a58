using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Totem.Sheepdog;

namespace Totem.Cli.Sheep;

/// <summary>A node as the stand-in describes it: 16 bytes of address, the port, and how many
/// virtual nodes. The first two are its identity.</summary>
internal static class SheepAddress
{
    private const int IdentityBytes = 18;

    public static SheepNode Node(ReadOnlySpan<byte> address, int port, int virtualNodes)
    {
        Span<byte> bytes = stackalloc byte[IdentityBytes + 2];
        address.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[16..], (ushort)port);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[IdentityBytes..], (ushort)virtualNodes);
        return new SheepNode(bytes, IdentityBytes);
    }

    public static string Text(SheepNode node)
    {
        // Other programs may be in the group; their nodes are whatever they are.
        if (node.Bytes.Length != IdentityBytes + 2)
            return node.ToString();
        var bytes = node.Bytes;
        var isVersion4 = bytes[..12].IndexOfAnyExcept((byte)0) < 0 && bytes[12] != 0;
        var address = new IPAddress(isVersion4 ? bytes.Slice(12, 4) : bytes[..16]);
        var port = BinaryPrimitives.ReadUInt16LittleEndian(bytes[16..]);
        var virtualNodes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[IdentityBytes..]);
        return string.Create(CultureInfo.InvariantCulture, $"{new IPEndPoint(address, port)}:{virtualNodes}");
    }
}
