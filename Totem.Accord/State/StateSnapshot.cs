using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Totem.Accord.Components;
using Totem.Accord.Store;

namespace Totem.Accord.State;

/// <summary>
/// A state as it was, which a conductor hands to another one while it goes on itself. Reading it is safe on any thread.
/// The format is one of blocks, each with its length and CRC-32C: a head, paths in order, an end that says how many
/// there were (ACCORD §14).
/// </summary>
internal sealed class StateSnapshot
{
    /// <summary>The version of the format.</summary>
    public const uint Version = 1;

    /// <summary>A block is closed when it has so many bytes.</summary>
    public const int BlockBytes = 256 << 10;

    /// <summary>The length and the checksum before a block.</summary>
    public const int BlockHeaderBytes = 8;

    /// <summary>The most bytes of a block: one path with its value may be longer than a block should be.</summary>
    public const int BlockBytesMax = BlockBytes + AccordLimits.PathBytesMax + AccordLimits.ValueBytesMax + 16;

    private readonly byte[] _head;
    private readonly StoreSnapshot _store;

    /// <summary>Takes it: at once, however much there is.</summary>
    public StateSnapshot(ReplicatedState state)
    {
        Component = state.Component;
        _store = state.Store.TakeSnapshot();
        var output = new ArrayBufferWriter<byte>();
        var writer = new FieldWriter(output);
        writer.Byte((byte)BlockKind.Head);
        writer.UInt32(Version);
        writer.Component(state.Component);
        writer.UInt64(state.Position);
        writer.UInt64(state.EntryCount);
        writer.UInt32((uint)state.VotersWanted);
        writer.Conductors(state.Voters);
        writer.Conductors([.. state.Conductors.Select(x => new ConductorId(x.Key, x.Value))]);
        writer.Conductors([.. state.ClientCounters.Select(x => new ConductorId(x.Key, x.Value))]);
        writer.UInt32((uint)state.Clients.Count);
        foreach (var client in state.Clients)
            writer.UInt64(client);
        _head = output.WrittenSpan.ToArray();
    }

    /// <summary>The component with whose beginning it was taken.</summary>
    public ComponentId Component { get; }

    /// <summary>All blocks, one after the other. A block is valid until the next one.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Blocks()
    {
        var output = new ArrayBufferWriter<byte>(BlockBytes);
        Begin(output);
        output.Write(_head);
        yield return Close(output);
        Begin(output);
        new FieldWriter(output).Byte((byte)BlockKind.Paths);
        var cursor = _store.All();
        while (cursor.MoveNext())
        {
            var value = cursor.Value;
            new FieldWriter(output).Bytes(cursor.Key);
            new FieldWriter(output).UInt32((uint)value.LengthBytes);
            value.CopyTo(0, output.GetSpan(value.LengthBytes)[..value.LengthBytes]);
            output.Advance(value.LengthBytes);
            if (output.WrittenCount < BlockBytes)
                continue;
            yield return Close(output);
            Begin(output);
            new FieldWriter(output).Byte((byte)BlockKind.Paths);
        }

        yield return Close(output);
        Begin(output);
        new FieldWriter(output).Byte((byte)BlockKind.End);
        new FieldWriter(output).UInt64((ulong)_store.Count);
        yield return Close(output);
    }

    /// <summary>The CRC-32C (Castagnoli) of bytes.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        var longs = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var x in longs)
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? x : BinaryPrimitives.ReverseEndianness(x));
        foreach (var x in bytes[(longs.Length * sizeof(ulong))..])
            crc = BitOperations.Crc32C(crc, x);
        return ~crc;
    }

    private static void Begin(ArrayBufferWriter<byte> output)
    {
        output.ResetWrittenCount();
        output.GetSpan(BlockHeaderBytes)[..BlockHeaderBytes].Clear();
        output.Advance(BlockHeaderBytes);
    }

    private static ReadOnlyMemory<byte> Close(ArrayBufferWriter<byte> output)
    {
        var bytes = MemoryMarshal.AsMemory(output.WrittenMemory);
        var content = bytes.Span[BlockHeaderBytes..];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.Span, content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Span[4..], Checksum(content));
        return bytes;
    }
}

/// <summary>The kinds of blocks of a snapshot.</summary>
internal enum BlockKind : byte
{
    /// <summary>Everything but paths.</summary>
    Head = 1,

    /// <summary>Paths with their values.</summary>
    Paths = 2,

    /// <summary>How many there were.</summary>
    End = 3,
}
