using System.Buffers.Binary;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>
/// The field of a frame that names a processor (WIRE §4). On kronosnet real daemons drop a frame for one node in which
/// the field names another (KNET §15), and members of this engine announce in it where the token is to rest
/// (docs/design/token.md). Ids of kronosnet have 16 bits, so both go into its 32: a number up to 65,535 is the node
/// that the frame is for, and a larger one is, less 65,536, what the sender's ring had written there.
/// </summary>
internal static class FrameTarget
{
    private const int Offset = 9;
    private const int End = Offset + sizeof(uint);
    private const uint Announced = 1 << 16;

    /// <summary>Before a frame for one node leaves.</summary>
    public static void Mark(Span<byte> frame, ProcessorId destination)
    {
        if (frame.Length < End)
            return;
        var target = BinaryPrimitives.ReadUInt32LittleEndian(frame[Offset..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[Offset..], target == 0 ? destination.Value : target + Announced);
    }

    /// <summary>The field holds something else than the sender's ring had written there.</summary>
    public static bool IsMarked(ReadOnlySpan<byte> frame) =>
        frame.Length >= End && BinaryPrimitives.ReadUInt32LittleEndian(frame[Offset..]) != 0;

    /// <summary>After a frame has come that <see cref="IsMarked"/>: the field is as the sender's ring had written
    /// it.</summary>
    public static void Unmark(Span<byte> frame)
    {
        var target = BinaryPrimitives.ReadUInt32LittleEndian(frame[Offset..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[Offset..], target < Announced ? 0 : target - Announced);
    }
}
