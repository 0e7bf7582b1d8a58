using System.Buffers.Binary;

namespace Totem.Core.Packing;

/// <summary>The groups a message is addressed to stand before it (wire.md section 12.2).</summary>
internal static class GroupAddress
{
    /// <summary>Cuts the addresses off; false when none of them is ours, or they run over the message.</summary>
    public static bool TryStrip(ReadOnlySpan<byte> message, bool swapped, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        // Nearly every message has exactly our prefix.
        if (!swapped && message.StartsWith(PacketFormat.GroupPrefix))
        {
            payload = message[PacketFormat.GroupPrefix.Length..];
            return true;
        }

        if (message.Length < 2)
            return false;
        var groups = U16(message, swapped);
        var position = 2 + 2 * groups;
        if (message.Length < position)
            return false;
        var ours = false;
        for (var i = 0; i < groups; i++)
        {
            var length = U16(message[(2 + 2 * i)..], swapped);
            if (message.Length < position + length)
                return false;
            ours |= message.Slice(position, length).SequenceEqual(PacketFormat.GroupPrefix[4..]);
            position += length;
        }

        payload = message[position..];
        return ours;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, bool swapped) =>
        swapped ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
