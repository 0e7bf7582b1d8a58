using System.Buffers;
using System.Buffers.Binary;

namespace Totem.Sheepdog.Ordering;

/// <summary>Writes a message of the drivers: little-endian, numbers of seven bits a byte where they
/// are mostly small.</summary>
internal sealed class ByteWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public ByteWriter Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
        return this;
    }

    public ByteWriter Number(ulong value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        return Byte((byte)value);
    }

    public ByteWriter Peer(PeerId peer)
    {
        var span = _buffer.GetSpan(8);
        BinaryPrimitives.WriteUInt32LittleEndian(span, peer.Seat);
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], peer.Instance);
        _buffer.Advance(8);
        return this;
    }

    public ByteWriter Raw(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        return this;
    }

    public ByteWriter Node(SheepNode node) =>
        Number((ulong)node.Bytes.Length).Number((ulong)node.IdentityLength).Raw(node.Bytes);

    /// <summary>A buffer without the zeros at its end, which the reader restores.</summary>
    public ByteWriter Opaque(ReadOnlySpan<byte> bytes)
    {
        var used = bytes.LastIndexOfAnyExcept((byte)0) + 1;
        return Number((ulong)bytes.Length).Number((ulong)used).Raw(bytes[..used]);
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();
}
