using System.Buffers.Binary;
using System.Numerics;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The kinds of records of the order; a byte in the file.</summary>
internal enum OrderKind : byte
{
    /// <summary>A message, which lies in its sender's file.</summary>
    Message = 1,

    /// <summary>Another session has ended.</summary>
    Gone = 2,

    /// <summary>The order goes on in the next segment; whatever stands behind this record does not count.</summary>
    Seal = 3,
}

/// <summary>
/// One place of the order: 32 bytes, little-endian. Since the size divides that of a page and of a file system's block,
/// the single write that appends it happens as a whole or not at all, also when its writer is killed in the middle or
/// the disk is full.
/// </summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Sender">The session that wrote it.</param>
/// <param name="Sequence">The sender's number for it. Only compared for equality with the next
/// expected one, so it may wrap.</param>
/// <param name="Length">Message: how many bytes.</param>
/// <param name="First">Message: where in the sender's file. Gone: the seat of who is gone.</param>
/// <param name="Second">Message: the checksum of its bytes. Gone: the instance.</param>
internal readonly record struct OrderRecord(
    OrderKind Kind, PeerId Sender, uint Sequence, uint Length = 0, uint First = 0, uint Second = 0)
{
    public const int Bytes = 32;

    private const uint Seed = 0x746F746D;

    /// <summary>Gone: who.</summary>
    public PeerId Subject => new(First, Second);

    public static uint CheckOf(ReadOnlySpan<byte> bytes)
    {
        var check = Seed;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            check = BitOperations.Crc32C(check, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var rest in bytes)
            check = BitOperations.Crc32C(check, rest);
        return check;
    }

    public void Write(Span<byte> record)
    {
        record[..Bytes].Clear();
        record[4] = (byte)Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], Sender.Seat);
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], Sender.Instance);
        BinaryPrimitives.WriteUInt32LittleEndian(record[16..], Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(record[20..], Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[24..], First);
        BinaryPrimitives.WriteUInt32LittleEndian(record[28..], Second);
        BinaryPrimitives.WriteUInt32LittleEndian(record, CheckOf(record[4..Bytes]));
    }

    /// <returns>False when these bytes are not a record.</returns>
    public static bool TryRead(ReadOnlySpan<byte> record, out OrderRecord read)
    {
        read = default;
        if (record.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(record) != CheckOf(record[4..Bytes]))
            return false;
        var kind = (OrderKind)record[4];
        if (kind is not (OrderKind.Message or OrderKind.Gone or OrderKind.Seal))
            return false;
        read = new OrderRecord(
            kind,
            new PeerId(BinaryPrimitives.ReadUInt32LittleEndian(record[8..]),
                BinaryPrimitives.ReadUInt32LittleEndian(record[12..])),
            BinaryPrimitives.ReadUInt32LittleEndian(record[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[28..]));
        return true;
    }
}
