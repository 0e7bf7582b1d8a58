using System.Buffers.Binary;

namespace Totem.Simulation.Traces;

/// <summary>
/// Test messages that say who they are: a header that names the message, then filler that follows from the name, all of
/// it under a hash. A receiver can tell which message it is and whether every byte arrived. Little-endian:
/// <code>
///  0 magic "TPL1"   8 sender         16 number (8 bytes)   32 filler ...
///  4 length         12 incarnation   24 hash of bytes 0..24 and of the filler
/// </code>
/// </summary>
public static class MessagePayload
{
    /// <summary>The shortest payload there can be: the header alone.</summary>
    public const int MinSizeBytes = FillerAt;

    private const uint Magic = 0x314C_5054;
    private const int LengthAt = 4;
    private const int SenderAt = 8;
    private const int IncarnationAt = 12;
    private const int NumberAt = 16;
    private const int HashAt = 24;
    private const int FillerAt = 32;

    /// <summary>Fills the whole span with the payload of a message. The same id and length always
    /// give the same bytes.</summary>
    /// <param name="payload">At least <see cref="MinSizeBytes"/> bytes.</param>
    /// <param name="id">The message.</param>
    /// <returns>The hash that <see cref="TryParse"/> will find:
    /// <see cref="TraceEvent.PayloadHash"/> of the send.</returns>
    /// <exception cref="ArgumentException">The span is too short.</exception>
    public static ulong Write(Span<byte> payload, MessageId id)
    {
        if (payload.Length < MinSizeBytes)
            throw new ArgumentException($"{payload.Length} bytes, at least {MinSizeBytes} expected", nameof(payload));
        BinaryPrimitives.WriteUInt32LittleEndian(payload, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(payload[LengthAt..], payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[SenderAt..], id.Sender.Value);
        BinaryPrimitives.WriteInt32LittleEndian(payload[IncarnationAt..], id.Incarnation);
        BinaryPrimitives.WriteInt64LittleEndian(payload[NumberAt..], id.Number);
        Fill(payload[FillerAt..], PayloadHash.Of(payload[..HashAt]));
        var hash = HashOf(payload);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[HashAt..], hash);
        return hash;
    }

    /// <summary>Reads the name of a message out of its payload and verifies every byte. Never throws.</summary>
    /// <param name="payload">The delivery.</param>
    /// <param name="id">The message it says it is.</param>
    /// <param name="hash">The hash over it: <see cref="TraceEvent.PayloadHash"/> of the delivery.</param>
    /// <returns>False when these are not the bytes that <see cref="Write"/> made.</returns>
    public static bool TryParse(ReadOnlySpan<byte> payload, out MessageId id, out ulong hash)
    {
        id = default;
        hash = 0;
        if (payload.Length < MinSizeBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(payload) != Magic
            || BinaryPrimitives.ReadInt32LittleEndian(payload[LengthAt..]) != payload.Length)
            return false;
        var computed = HashOf(payload);
        if (BinaryPrimitives.ReadUInt64LittleEndian(payload[HashAt..]) != computed)
            return false;
        hash = computed;
        id = new MessageId(
            new ProcessorId(BinaryPrimitives.ReadUInt32LittleEndian(payload[SenderAt..])),
            BinaryPrimitives.ReadInt32LittleEndian(payload[IncarnationAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(payload[NumberAt..]));
        return true;
    }

    private static ulong HashOf(ReadOnlySpan<byte> payload) =>
        PayloadHash.Of(payload[FillerAt..], seed: PayloadHash.Of(payload[..HashAt]));

    private static void Fill(Span<byte> filler, ulong seed)
    {
        while (filler.Length >= sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(filler, PayloadHash.Mix(++seed));
            filler = filler[sizeof(ulong)..];
        }

        var last = PayloadHash.Mix(++seed);
        for (var i = 0; i < filler.Length; i++)
            filler[i] = (byte)(last >> (8 * i));
    }
}
