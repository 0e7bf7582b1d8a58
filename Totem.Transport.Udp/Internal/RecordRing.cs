using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Totem.Transport.Udp.Internal;

/// <summary>
/// A bounded queue of records, each a header and bytes, in one array that is allocated once: neither side allocates for a record. One
/// thread writes at a time and one reads at a time; the two need no lock between them. A record lies in one piece,
/// so that both sides can work on a span of it.
/// </summary>
internal sealed class RecordRing<THeader> where THeader : unmanaged
{
    /// <summary>Records start at multiples of this, so that a length always fits where a record could start.</summary>
    private const int Alignment = 8;

    /// <summary>In place of a length: the rest of the array is skipped.</summary>
    private const int SkipMark = -1;

    private static readonly int PrefixBytes = Align(sizeof(int) + Unsafe.SizeOf<THeader>());

    private readonly byte[] _bytes;
    private readonly long _mask;
    private readonly int _capacity;

    // Positions that only grow; the place in the array is the position modulo its length, a power of two, because dividing takes as
    // long as everything else here. 63 bits: 29 years at 10 GB/s.
    private long _written;
    private long _read;

    /// <param name="capacityBytes">At least twice the largest record with its overhead; up to a gigabyte.</param>
    public RecordRing(int capacityBytes)
    {
        _capacity = capacityBytes;
        _bytes = GC.AllocateUninitializedArray<byte>((int)Math.Min(1u << 30, BitOperations.RoundUpToPowerOf2((uint)capacityBytes)));
        _mask = _bytes.Length - 1;
    }

    /// <summary>What a record of that many bytes takes.</summary>
    public static int RecordBytes(int payloadBytes) => PrefixBytes + Align(payloadBytes);

    /// <summary>True when there is nothing to read. Either side.</summary>
    public bool IsEmpty => Volatile.Read(ref _written) == Volatile.Read(ref _read);

    /// <summary>Bytes that are taken. Either side.</summary>
    public long UsedBytes => Volatile.Read(ref _written) - Volatile.Read(ref _read);

    /// <summary>Whether a payload of that size could be written now. The writer.</summary>
    public bool HasRoom(int payloadBytes)
    {
        var needed = RecordBytes(payloadBytes);
        var rest = _bytes.Length - (int)(_written & _mask);
        return UsedBytes + (rest < needed ? rest + needed : needed) <= _capacity;
    }

    /// <summary>Adds a record. The writer.</summary>
    /// <returns>False when there is no room; nothing has changed then.</returns>
    public bool TryWrite(in THeader header, ReadOnlySpan<byte> payload)
    {
        if (!HasRoom(payload.Length))
            return false;
        var needed = RecordBytes(payload.Length);
        var place = (int)(_written & _mask);
        var written = _written;
        if (_bytes.Length - place < needed)
        {
            MemoryMarshal.Write(_bytes.AsSpan(place), SkipMark);
            written += _bytes.Length - place;
            place = 0;
        }

        MemoryMarshal.Write(_bytes.AsSpan(place), payload.Length);
        MemoryMarshal.Write(_bytes.AsSpan(place + sizeof(int)), in header);
        payload.CopyTo(_bytes.AsSpan(place + PrefixBytes));
        Volatile.Write(ref _written, written + needed);
        return true;
    }

    /// <summary>Looks at the oldest record; it stays, and its bytes stay valid, until <see cref="Advance"/>. The reader.</summary>
    public bool TryPeek(out THeader header, out ReadOnlySpan<byte> payload)
    {
        header = default;
        payload = default;
        if (IsEmpty)
            return false;
        var place = SkipToRecord();
        header = MemoryMarshal.Read<THeader>(_bytes.AsSpan(place + sizeof(int)));
        payload = _bytes.AsSpan(place + PrefixBytes, MemoryMarshal.Read<int>(_bytes.AsSpan(place)));
        return true;
    }

    /// <summary>Removes the record that <see cref="TryPeek"/> showed. The reader.</summary>
    public void Advance()
    {
        var place = SkipToRecord();
        Volatile.Write(ref _read, _read + RecordBytes(MemoryMarshal.Read<int>(_bytes.AsSpan(place))));
    }

    private int SkipToRecord()
    {
        var place = (int)(_read & _mask);
        if (MemoryMarshal.Read<int>(_bytes.AsSpan(place)) != SkipMark)
            return place;
        Volatile.Write(ref _read, _read + _bytes.Length - place);
        return 0;
    }

    private static int Align(int bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
