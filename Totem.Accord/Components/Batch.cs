using System.Buffers.Binary;

namespace Totem.Accord.Components;

/// <summary>The kinds of entries of a batch.</summary>
internal enum EntryKind : byte
{
    /// <summary>A client's request, as it came.</summary>
    Request = 1,

    /// <summary>A client of the old dialect came to the sender.</summary>
    Joined = 2,

    /// <summary>A client of the sender has gone: 64 bits of id.</summary>
    Left = 3,

    /// <summary>A part of a long request: 32 bits of the whole length, then bytes; the first one of a sender begins it,
    /// and it is complete when it has so many.</summary>
    Part = 4,

    /// <summary>The sender has the whole state: its life.</summary>
    CaughtUp = 5,

    /// <summary>The sender's state after so many entries: 64 bits of that, and 64 of hash.</summary>
    Digest = 6,

    /// <summary>A conductor shall vote: its node and life.</summary>
    AddVoter = 7,

    /// <summary>A conductor shall vote no more: its node and life.</summary>
    RemoveVoter = 8,
}

/// <summary>The beginning of a batch: kind, the component that it was accepted in, its name, how
/// many entries.</summary>
internal readonly record struct BatchHeader(ComponentId Component, ulong Number, uint EntryCount)
{
    /// <summary>All have this length.</summary>
    public const int LengthBytes = 36;

    /// <summary>An entry has a kind, three bytes of zero and a length before it.</summary>
    public const int EntryHeaderBytes = 8;

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> bytes)
    {
        bytes[..LengthBytes].Clear();
        bytes[0] = ConductorMessage.Version;
        bytes[1] = (byte)ConductorMessageKind.Batch;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[4..], Component.Number);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[12..], Component.Ring.Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], Component.Ring.Representative.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], Number);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[32..], EntryCount);
    }

    /// <summary>Reads it; false for something else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out BatchHeader header)
    {
        header = default;
        if (message.Length < LengthBytes || !ConductorMessage.TryReadKind(message, out var kind)
            || kind != ConductorMessageKind.Batch)
            return false;
        var ring = new RingId(
            new ProcessorId(BinaryPrimitives.ReadUInt32LittleEndian(message[20..])),
            BinaryPrimitives.ReadUInt64LittleEndian(message[12..]));
        header = new BatchHeader(
            new ComponentId(BinaryPrimitives.ReadUInt64LittleEndian(message[4..]), ring),
            BinaryPrimitives.ReadUInt64LittleEndian(message[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(message[32..]));
        return true;
    }
}

/// <summary>Goes over the entries of a batch. It stops where one is malformed: all conductors stop there.</summary>
internal ref struct EntryReader(ReadOnlySpan<byte> batch)
{
    private ReadOnlySpan<byte> _rest = batch[BatchHeader.LengthBytes..];

    /// <summary>The kind of the entry.</summary>
    public EntryKind Kind { get; private set; }

    /// <summary>Its content.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>False at the end, and where the rest is malformed.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < BatchHeader.EntryHeaderBytes)
            return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_rest[4..]);
        if (length > (uint)(_rest.Length - BatchHeader.EntryHeaderBytes))
            return false;
        Kind = (EntryKind)_rest[0];
        Content = _rest.Slice(BatchHeader.EntryHeaderBytes, (int)length);
        _rest = _rest[(BatchHeader.EntryHeaderBytes + (int)length)..];
        return true;
    }
}
