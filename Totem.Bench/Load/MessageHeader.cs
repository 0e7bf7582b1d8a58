using System.Buffers.Binary;

namespace Totem.Bench.Load;

/// <summary>The purposes of a message of the bench.</summary>
internal enum MessageKind : uint
{
    /// <summary>It is counted.</summary>
    Data = 1,

    /// <summary>The measured window begins behind it, at every node.</summary>
    WindowBegins = 2,

    /// <summary>The measured window ends before it, at every node.</summary>
    WindowEnds = 3,
}

/// <summary>The beginning of each message: what it is, whose, which, and when.</summary>
/// <param name="Kind">Its purpose.</param>
/// <param name="Sender">The node that sent it.</param>
/// <param name="Sequence">Its number among those of the sender, from 1.</param>
/// <param name="Ticks">When it was sent, or should have been; of the clock that all processes of a host share.</param>
internal readonly record struct MessageHeader(MessageKind Kind, uint Sender, ulong Sequence, long Ticks)
{
    /// <summary>Its length, and the shortest message.</summary>
    public const int Bytes = 24;

    /// <summary>Writes it to the beginning of a message.</summary>
    public void Write(Span<byte> message)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(message[4..], Sender);
        BinaryPrimitives.WriteUInt64LittleEndian(message[8..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(message[16..], Ticks);
    }

    /// <summary>Reads it.</summary>
    public static MessageHeader Read(ReadOnlySpan<byte> message) => new(
        (MessageKind)BinaryPrimitives.ReadUInt32LittleEndian(message),
        BinaryPrimitives.ReadUInt32LittleEndian(message[4..]),
        BinaryPrimitives.ReadUInt64LittleEndian(message[8..]),
        BinaryPrimitives.ReadInt64LittleEndian(message[16..]));
}
