using System.Buffers.Binary;
using Totem.Core.Ordering;

namespace Totem.Core.Packing;

/// <summary>
/// The group names a message is addressed to stand before it (WIRE §12.2). We know four; corosync knows
/// <c>a</c> and <c>sync</c>, and ignores the others.
/// </summary>
internal static class MessageAddress
{
    /// <summary>The bytes before a message to the readers of the ring.</summary>
    public static ReadOnlySpan<byte> Ring => [1, 0, 1, 0, (byte)'t'];

    /// <summary>The bytes before a message of corosync's services.</summary>
    public static ReadOnlySpan<byte> Services => [1, 0, 1, 0, (byte)'a'];

    /// <summary>The bytes before a message of our own group encoding.</summary>
    public static ReadOnlySpan<byte> Groups => [1, 0, 1, 0, (byte)'g'];

    /// <summary>The bytes before a message of service synchronisation.</summary>
    public static ReadOnlySpan<byte> Sync => [1, 0, 4, 0, (byte)'s', (byte)'y', (byte)'n', (byte)'c'];

    /// <summary>A message to nobody: a group without a name.</summary>
    public static ReadOnlySpan<byte> Nobody => [1, 0, 0, 0];

    /// <summary>The bytes before a message on this channel.</summary>
    public static ReadOnlySpan<byte> Of(MessageChannel channel) => channel switch
    {
        MessageChannel.Ring => Ring,
        MessageChannel.Services => Services,
        MessageChannel.Groups => Groups,
        MessageChannel.Sync => Sync,
        _ => Nobody,
    };

    /// <summary>Cuts the addresses off.</summary>
    /// <returns>The channel; none when no name is known here, or the addresses run over the message.</returns>
    public static MessageChannel Strip(ReadOnlySpan<byte> message, bool swapped, out ReadOnlySpan<byte> payload)
    {
        // Nearly every message has exactly one name of one byte.
        if (!swapped && message.Length >= Ring.Length && message.StartsWith(Ring[..^1]))
        {
            payload = message[Ring.Length..];
            return Named(message.Slice(Ring.Length - 1, 1));
        }

        payload = default;
        if (message.Length < 2)
            return MessageChannel.None;
        var groups = U16(message, swapped);
        var position = 2 + 2 * groups;
        if (message.Length < position)
            return MessageChannel.None;
        var channel = MessageChannel.None;
        for (var i = 0; i < groups; i++)
        {
            var length = U16(message[(2 + 2 * i)..], swapped);
            if (message.Length < position + length)
                return MessageChannel.None;
            if (channel == MessageChannel.None)
                channel = Named(message.Slice(position, length));
            position += length;
        }

        payload = message[position..];
        return channel;
    }

    private static MessageChannel Named(ReadOnlySpan<byte> name) => name switch
    {
        [(byte)'t'] => MessageChannel.Ring,
        [(byte)'g'] => MessageChannel.Groups,
        [(byte)'a'] => MessageChannel.Services,
        [(byte)'s', (byte)'y', (byte)'n', (byte)'c'] => MessageChannel.Sync,
        _ => MessageChannel.None,
    };

    private static ushort U16(ReadOnlySpan<byte> bytes, bool swapped) =>
        swapped ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
