using System.Buffers.Binary;
using Totem.Accord.Components;
using Totem.Accord.Store;

namespace Totem.Accord.State;

/// <summary>
/// Makes a state of the bytes of a snapshot, as they come. Every byte is checked: the lengths, the checksums, the order
/// of the paths, the count at the end.
/// </summary>
internal sealed class SnapshotReader
{
    private byte[] _block = new byte[StateSnapshot.BlockBytes * 2];
    private int _filled;
    private byte[] _lastPath = [];
    private bool _hasHead;

    /// <summary>The state, whole when <see cref="IsComplete"/>.</summary>
    public ReplicatedState State { get; } = new();

    /// <summary>It has come to its end.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Takes the next bytes; false when something is wrong with them, and for good then.</summary>
    public bool Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (IsComplete)
                return false;
            var wanted = _filled < StateSnapshot.BlockHeaderBytes ? StateSnapshot.BlockHeaderBytes : BlockEnd;
            if (wanted < 0)
                return false;
            if (_block.Length < wanted)
                Array.Resize(ref _block, Math.Max(wanted, _block.Length * 2));
            var count = Math.Min(wanted - _filled, bytes.Length);
            bytes[..count].CopyTo(_block.AsSpan(_filled));
            bytes = bytes[count..];
            _filled += count;
            if (_filled < StateSnapshot.BlockHeaderBytes || _filled != BlockEnd)
                continue;
            _filled = 0;
            if (!TakeBlock())
                return false;
        }

        return true;
    }

    // -1 when the length cannot be.
    private int BlockEnd
    {
        get
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(_block);
            return length is 0 or > StateSnapshot.BlockBytesMax ? -1 : StateSnapshot.BlockHeaderBytes + (int)length;
        }
    }

    private bool TakeBlock()
    {
        var content = _block.AsSpan(
            StateSnapshot.BlockHeaderBytes, (int)BinaryPrimitives.ReadUInt32LittleEndian(_block));
        if (StateSnapshot.Checksum(content) != BinaryPrimitives.ReadUInt32LittleEndian(_block.AsSpan(4)))
            return false;
        var reader = new FieldReader(content);
        var kind = (BlockKind)reader.Byte();
        switch (kind)
        {
            case BlockKind.Head when !_hasHead:
                return _hasHead = TakeHead(reader);
            case BlockKind.Paths when _hasHead:
                return TakePaths(reader);
            case BlockKind.End when _hasHead:
                IsComplete = reader.UInt64() == (ulong)State.Store.Count && reader.IsAtEnd;
                return IsComplete;
            default:
                return false;
        }
    }

    private bool TakeHead(FieldReader reader)
    {
        if (reader.UInt32() != StateSnapshot.Version)
            return false;
        State.Component = reader.Component();
        State.Position = reader.UInt64();
        State.EntryCount = reader.UInt64();
        State.VotersWanted = (int)Math.Clamp(reader.UInt32(), 1, ConductorMessage.ConductorsMax);
        State.Voters = reader.Conductors(ConductorMessage.ConductorsMax);
        foreach (var conductor in reader.Conductors(ConductorMessage.ConductorsMax))
            State.Conductors[conductor.Node] = conductor.Life;
        // Every node that ever had a client of the old dialect.
        foreach (var counter in reader.Conductors(max: 1 << 16))
            State.ClientCounters[counter.Node] = (uint)counter.Life;
        for (var count = reader.Count(AccordLimits.OldClientsMax, bytesEach: sizeof(ulong)); count > 0; count--)
            State.AddClient(reader.UInt64());
        return reader.IsAtEnd;
    }

    private bool TakePaths(FieldReader reader)
    {
        while (!reader.IsAtEnd)
        {
            var path = reader.Bytes(AccordLimits.PathBytesMax);
            var value = reader.Bytes(AccordLimits.ValueBytesMax);
            if (!reader.IsIntact || !Wire.ArgumentReader.IsPath(path) || path.SequenceCompareTo(_lastPath) <= 0)
                return false;
            State.Store.Set(path, StoredValue.Of(value));
            _lastPath = path.ToArray();
        }

        return true;
    }
}
