using System.Buffers;
using System.Buffers.Binary;

namespace Totem.Accord.Components;

/// <summary>Writes fields of our own formats, little-endian.</summary>
internal readonly ref struct FieldWriter(IBufferWriter<byte> output)
{
    /// <summary>A byte.</summary>
    public void Byte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    /// <summary>32 bits.</summary>
    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(sizeof(uint)), value);
        output.Advance(sizeof(uint));
    }

    /// <summary>64 bits.</summary>
    public void UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), value);
        output.Advance(sizeof(ulong));
    }

    /// <summary>A length of 32 bits, and the bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        UInt32((uint)bytes.Length);
        output.Write(bytes);
    }

    /// <summary>A ring.</summary>
    public void Ring(RingId ring)
    {
        UInt32(ring.Representative.Value);
        UInt64(ring.Sequence);
    }

    /// <summary>A component.</summary>
    public void Component(ComponentId component)
    {
        UInt64(component.Number);
        Ring(component.Ring);
    }

    /// <summary>A conductor.</summary>
    public void Conductor(ConductorId conductor)
    {
        UInt32(conductor.Node.Value);
        UInt64(conductor.Life);
    }

    /// <summary>How many, and each.</summary>
    public void Conductors(IReadOnlyCollection<ConductorId> conductors)
    {
        UInt32((uint)conductors.Count);
        foreach (var conductor in conductors)
            Conductor(conductor);
    }
}

/// <summary>Reads them. Once something is missing, everything after it is zero.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;
    private bool _failed;

    /// <summary>True when everything was read, and nothing was missing.</summary>
    public readonly bool IsAtEnd => !_failed && _rest.IsEmpty;

    /// <summary>True while nothing was missing.</summary>
    public readonly bool IsIntact => !_failed;

    /// <summary>A byte.</summary>
    public byte Byte() => Take(1) is [var value] ? value : (byte)0;

    /// <summary>32 bits.</summary>
    public uint UInt32() =>
        Take(sizeof(uint)) is { Length: sizeof(uint) } span ? BinaryPrimitives.ReadUInt32LittleEndian(span) : 0;

    /// <summary>64 bits.</summary>
    public ulong UInt64() =>
        Take(sizeof(ulong)) is { Length: sizeof(ulong) } span ? BinaryPrimitives.ReadUInt64LittleEndian(span) : 0;

    /// <summary>A length, and so many bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int max) => Take(Count(max, bytesEach: 1));

    /// <summary>A count, of which the bytes that follow have room for.</summary>
    public int Count(int max, int bytesEach)
    {
        var count = UInt32();
        if (count <= (uint)max && count <= (uint)(_rest.Length / bytesEach))
            return (int)count;
        _failed = true;
        return 0;
    }

    /// <summary>A ring.</summary>
    public RingId Ring() => new(new ProcessorId(UInt32()), UInt64());

    /// <summary>A component.</summary>
    public ComponentId Component() => new(UInt64(), Ring());

    /// <summary>A conductor.</summary>
    public ConductorId Conductor() => new(new ProcessorId(UInt32()), UInt64());

    /// <summary>How many, and each.</summary>
    public ConductorId[] Conductors(int max)
    {
        var conductors = new ConductorId[Count(max, bytesEach: 12)];
        for (var i = 0; i < conductors.Length; i++)
            conductors[i] = Conductor();
        return conductors;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_failed || count > _rest.Length)
        {
            _failed = true;
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
