using System.Buffers.Binary;

namespace Totem.Core.Wire;

/// <summary>Writes a frame field by field, little-endian. The caller's buffer must be large enough:
/// a too small one is our bug.</summary>
internal ref struct WireWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    public int WrittenBytes { get; private set; }

    public void U8(byte value) => _buffer[WrittenBytes++] = value;

    public void U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[WrittenBytes..], value);
        WrittenBytes += 2;
    }

    public void U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[WrittenBytes..], value);
        WrittenBytes += 4;
    }

    public void U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer[WrittenBytes..], value);
        WrittenBytes += 8;
    }

    public void ProcessorId(ProcessorId id) => U32(id.Value);

    public void Seq(Seq seq) => U32(seq.Value);

    public void RingId(RingId ring)
    {
        ProcessorId(ring.Representative);
        U64(ring.Sequence);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer[WrittenBytes..]);
        WrittenBytes += bytes.Length;
    }
}
