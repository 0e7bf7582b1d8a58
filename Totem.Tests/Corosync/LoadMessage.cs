using System.Buffers.Binary;

namespace Totem.Tests.Corosync;

/// <summary>The bytes of a numbered message, the same as in <c>Native/cpg_load.c</c>, where the
/// format is described.</summary>
internal static class LoadMessage
{
    private const int HeaderBytes = 16;
    private const int WordBytes = 8;
    private const int NumberBytes = 4;

    /// <summary>Composes a message.</summary>
    public static byte[] Compose(uint number, GroupMember sender, int length)
    {
        // Whole words are written, and what is behind the length cut off.
        var message = new byte[HeaderBytes + length + WordBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(message, number);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), sender.Node);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), sender.Pid);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(12), (uint)length);
        var state = unchecked((((ulong)number << 32) | sender.Node) * 0x9E3779B97F4A7C15UL + sender.Pid
            + (ulong)length + 1);
        for (var at = HeaderBytes; at < length; at += WordBytes)
        {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(at), unchecked(state * 2685821657736338717UL));
        }

        return message[..length];
    }

    /// <summary>The number in a message; null when it is too short for one.</summary>
    public static uint? NumberIn(ReadOnlySpan<byte> message)
        => message.Length >= NumberBytes ? BinaryPrimitives.ReadUInt32LittleEndian(message) : null;
}
