using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Totem.Core.Wire;

/// <summary>Reads a frame field by field. Once it has run off the end it stays failed, so callers
/// check once, at the end.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> frame, bool swapped)
{
    private ReadOnlySpan<byte> _rest = frame;

    public bool Failed { get; private set; }

    public readonly int RemainingBytes => _rest.Length;

    public readonly bool Swapped => swapped;

    public byte U8()
    {
        var bytes = Take(1);
        return bytes.IsEmpty ? (byte)0 : bytes[0];
    }

    public ushort U16()
    {
        var bytes = Take(2);
        if (bytes.IsEmpty)
            return 0;
        return swapped ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    public uint U32()
    {
        var bytes = Take(4);
        if (bytes.IsEmpty)
            return 0;
        return swapped ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public ulong U64()
    {
        var bytes = Take(8);
        if (bytes.IsEmpty)
            return 0;
        return swapped ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    public ProcessorId ProcessorId() => new(U32());

    public Seq Seq() => new(U32());

    public RingId RingId() => new(ProcessorId(), U64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            Failed = true;
            _rest = default;
            return default;
        }

        var bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }
}
