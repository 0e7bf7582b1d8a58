using System.Buffers.Binary;
using Totem.Accord.Components;

namespace Totem.Accord.Server.Transfers;

/// <summary>How a conductor asks another one for its state: 24 bytes; the answer is a snapshot, or nothing.</summary>
internal static class TransferProtocol
{
    /// <summary>The length of a request.</summary>
    public const int RequestBytes = 24;

    private const uint Magic = 0x31585441; // "ATX1"

    /// <summary>A request for the state with which a component began.</summary>
    public static byte[] Encode(ComponentId component)
    {
        var bytes = new byte[RequestBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(4), component.Number);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(12), component.Ring.Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(20), component.Ring.Representative.Value);
        return bytes;
    }

    /// <summary>Reads a request; false for something else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ComponentId component)
    {
        component = default;
        if (bytes.Length != RequestBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
            return false;
        component = new ComponentId(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[4..]),
            new RingId(
                new ProcessorId(BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..])),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[12..])));
        return true;
    }
}
