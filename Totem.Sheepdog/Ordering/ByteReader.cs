using System.Buffers.Binary;

namespace Totem.Sheepdog.Ordering;

/// <summary>Reads what <see cref="ByteWriter"/> wrote. Fails once and stays failed, so nothing in
/// between needs a check.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public bool HasFailed { get; private set; }

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly int RestLength => _rest.Length;

    public byte Byte() => Take(1) is [var value] ? value : (byte)0;

    public ulong Number(ulong max)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            if (shift == 63 && next > 1)
                break;
            value |= (ulong)(next & 0x7F) << shift;
            if ((next & 0x80) == 0)
                return value <= max ? value : Fail();
        }

        return Fail();
    }

    public int Count(int max) => (int)Number((ulong)max);

    public PeerId Peer()
    {
        var span = Take(8);
        return span.Length == 8
            ? new PeerId(
                BinaryPrimitives.ReadUInt32LittleEndian(span), BinaryPrimitives.ReadUInt32LittleEndian(span[4..]))
            : default;
    }

    public ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    public SheepNode? Node()
    {
        var length = Count(SheepNode.MaxBytes);
        var identity = Count(length);
        var span = Take(length);
        if (HasFailed || length == 0 || identity == 0)
        {
            Fail();
            return null;
        }

        return new SheepNode(span, identity);
    }

    public Opaque Opaque()
    {
        var length = Count(ClusterLimits.MaxOpaqueBytes);
        var used = Count(length);
        return new Opaque(Take(used).ToArray(), length);
    }

    public ReadOnlySpan<byte> Raw(int count) => Take(count);

    public ulong Fail()
    {
        HasFailed = true;
        _rest = default;
        return 0;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (HasFailed || count > _rest.Length)
        {
            Fail();
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
