using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Microsoft.Win32.SafeHandles;
using Totem.Platform.Files;

namespace Totem.Transport.Udp.Storage;

/// <summary>
/// The ring sequence on stable storage, in <c>ringid_&lt;node id&gt;</c>, mode 0600 or the group's too (WIRE §6.3). A
/// ring id is unique only because this number survives every crash. The file is made whole once, at the start; from
/// then on a number overwrites one of two slots in place, so that a member that runs needs no new block, file or
/// descriptor, and a write that a crash tears leaves the other slot. The first 8 bytes are the number as corosync keeps
/// it, in native byte order. Used by one thread at a time.
/// </summary>
internal sealed class RingSequenceFile : IDisposable
{
    /// <summary>Slots lie in sectors of their own: a write that fails spoils one.</summary>
    private const int SectorBytes = 512;

    private const int FileBytes = 3 * SectorBytes;

    /// <summary>Magic, generation, sequence, checksum.</summary>
    private const int SlotBytes = 4 * sizeof(ulong);

    /// <summary>"TOTEMSEQ".</summary>
    private const ulong SlotMagic = 0x5145_534D_4554_4F54;

    /// <summary>A number of corosync's that lies further ahead of ours is none of its.</summary>
    private const ulong CorosyncAheadMax = 1UL << 32;

    /// <summary>No ring came so far. Its file has no checksum, and what was erased is all ones: the
    /// next ring would begin again at 0.</summary>
    private const ulong CorosyncNumberMax = (1UL << 63) - 1;

    private readonly string _name;
    private readonly string _path;
    private readonly StateDirectory _directory;
    private readonly bool _survivesPowerLoss;
    private SafeFileHandle? _handle;
    private ulong _generation;

    /// <summary>Names the file; the directory is created when it does not exist.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="self">The owner's id.</param>
    /// <param name="survivesPowerLoss">False where the whole ring runs on this host: when the host dies nobody
    /// remembers its rings, so the number has to outlive only the process, which needs no flush.</param>
    /// <param name="group">Root shares the directory with this group.</param>
    /// <exception cref="IOException">The directory cannot be created, or another user can write in it.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be created.</exception>
    public RingSequenceFile(string directory, ProcessorId self, bool survivesPowerLoss = true, uint? group = null)
    {
        _survivesPowerLoss = survivesPowerLoss;
        _name = string.Create(CultureInfo.InvariantCulture, $"ringid_{self.Value}");
        _path = Path.Combine(directory, _name);
        _directory = StateDirectory.Open(directory, group);
    }

    private string TemporaryName => _name + ".new";

    /// <summary>The number that was stored last; 0 when there is no file.</summary>
    /// <exception cref="InvalidDataException">The file is not one of ours. Starting from 0 instead
    /// could repeat a ring id.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public ulong Read()
    {
        // A file that was not finished before a crash: it was never acknowledged, so nothing depends on it.
        _directory.Remove(TemporaryName);
        using var file = _directory.TryOpen(_name, FileAccess.Read);
        if (file is null)
            return 0;
        // A longer file is none of ours, whatever its end says.
        var length = RandomAccess.GetLength(file);
        var bytes = new byte[Math.Min(length, FileBytes + 1)];
        if (RandomAccess.Read(file, bytes, 0) != bytes.Length)
            throw new IOException($"{_path} became shorter while it was read");
        ulong? found = bytes.Length == sizeof(ulong) && CorosyncNumber(bytes) <= CorosyncNumberMax
            ? CorosyncNumber(bytes)
            : null;
        if (bytes.Length == FileBytes)
        {
            for (var slot = 0; slot < 2; slot++)
            {
                if (TryReadSlot(bytes.AsSpan(SlotOffset(slot), SlotBytes), out var generation, out var sequence))
                {
                    found = Math.Max(found ?? 0, sequence);
                    _generation = Math.Max(_generation, generation);
                }
            }
        }

        if (found is not { } stored)
        {
            throw new InvalidDataException($"{_path} has {length} bytes and no ring sequence, expected {FileBytes} "
                + "bytes with one of ours, or 8 of "
                + "corosync's, below 2^63. If the ring was never larger than this processor, delete the file; else "
                + "write a number above every ring sequence seen.");
        }

        // A daemon that ran here meanwhile has written its own.
        var others = CorosyncNumber(bytes);
        return others > stored && others - stored < CorosyncAheadMax ? others : stored;
    }

    /// <summary>Returns when the number would survive a crash: of the host, or of this process if
    /// that is all that is asked for.</summary>
    /// <exception cref="IOException">It could not be stored; the number before is still there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be stored.</exception>
    public void Write(ulong ringSequence)
    {
        _generation++;
        if (_handle is null)
        {
            Create(ringSequence);
            return;
        }

        Span<byte> slot = stackalloc byte[SlotBytes];
        WriteSlot(slot, ringSequence);
        RandomAccess.Write(_handle, slot, SlotOffset((int)(_generation % 2)));
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        BitConverter.TryWriteBytes(number, ringSequence);
        RandomAccess.Write(_handle, number, 0);
        if (_survivesPowerLoss)
            RandomAccess.FlushToDisk(_handle);
    }

    public void Dispose()
    {
        _handle?.Dispose();
        _directory.Dispose();
    }

    private static ulong CorosyncNumber(ReadOnlySpan<byte> bytes) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            : BinaryPrimitives.ReadUInt64BigEndian(bytes);

    private static int SlotOffset(int slot) => SectorBytes * (1 + slot);

    private static bool TryReadSlot(ReadOnlySpan<byte> slot, out ulong generation, out ulong sequence)
    {
        generation = BinaryPrimitives.ReadUInt64LittleEndian(slot[8..]);
        sequence = BinaryPrimitives.ReadUInt64LittleEndian(slot[16..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(slot) == SlotMagic
            && BinaryPrimitives.ReadUInt64LittleEndian(slot[24..]) == Checksum(generation, sequence);
    }

    private static ulong Checksum(ulong generation, ulong sequence)
    {
        var checksum = BitOperations.Crc32C(
            BitOperations.Crc32C(BitOperations.Crc32C(~0u, SlotMagic), generation), sequence);
        return ((ulong)~checksum << 32) | checksum;
    }

    private void WriteSlot(Span<byte> slot, ulong ringSequence)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(slot, SlotMagic);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[8..], _generation);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[16..], ringSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[24..], Checksum(_generation, ringSequence));
    }

    /// <summary>The whole file, beside the old one and renamed over it; its descriptor stays open.</summary>
    private void Create(ulong ringSequence)
    {
        var bytes = new byte[FileBytes];
        BitConverter.TryWriteBytes(bytes, ringSequence);
        WriteSlot(bytes.AsSpan(SlotOffset((int)(_generation % 2)), SlotBytes), ringSequence);
        using (var file = _directory.Create(TemporaryName))
        {
            RandomAccess.Write(file, bytes, 0);
            if (_survivesPowerLoss)
                RandomAccess.FlushToDisk(file);
        }

        _directory.Rename(TemporaryName, _name);
        if (_survivesPowerLoss)
            _directory.Flush();
        _handle = _directory.TryOpen(_name, FileAccess.Write) ?? throw new IOException($"{_path} was removed at once");
    }
}
