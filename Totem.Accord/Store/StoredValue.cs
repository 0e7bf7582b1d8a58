using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Totem.Accord.Store;

/// <summary>
/// A value. It never changes, so a snapshot and an undo keep it by keeping the reference. A long one lies in chunks,
/// and a value made of it shares those that did not change: a write of four bytes in 64 MiB copies one chunk and the
/// list of them.
/// </summary>
internal sealed class StoredValue
{
    /// <summary>A value that is longer lies in chunks of this length; the last one may be shorter.</summary>
    public const int ChunkBytes = 64 << 10;

    private readonly byte[]?[] _chunks;
    private readonly ulong[] _chunkHashes;

    private StoredValue(byte[]?[] chunks, ulong[] chunkHashes, int length)
    {
        _chunks = chunks;
        _chunkHashes = chunkHashes;
        LengthBytes = length;
        Hash = HashOf(chunkHashes, length);
    }

    private StoredValue(byte[] single)
    {
        _chunks = null!;
        Single = single;
        _chunkHashes = null!;
        LengthBytes = single.Length;
        Hash = XxHash3.HashToUInt64(single);
    }

    /// <summary>The value without bytes.</summary>
    public static StoredValue Empty { get; } = new([]);

    /// <summary>How long it is.</summary>
    public int LengthBytes { get; }

    /// <summary>A hash of its bytes, the same at all conductors.</summary>
    public ulong Hash { get; }

    private byte[]? Single { get; }

    /// <summary>A value of these bytes, which are copied.</summary>
    public static StoredValue Of(ReadOnlySpan<byte> bytes) => Empty.Write(0, bytes, keepsRest: false);

    /// <summary>
    /// A value with these bytes at this place. A gap before them is zeros; what lay behind them stays or goes.
    /// </summary>
    public StoredValue Write(int offset, ReadOnlySpan<byte> bytes, bool keepsRest)
    {
        var length = checked(offset + bytes.Length);
        if (keepsRest)
            length = Math.Max(length, LengthBytes);
        if (length == 0)
            return Empty;
        if (length <= ChunkBytes)
        {
            var single = length == bytes.Length ? bytes.ToArray() : new byte[length];
            if (length != bytes.Length)
            {
                CopyTo(0, single.AsSpan(0, Math.Min(length, LengthBytes)));
                bytes.CopyTo(single.AsSpan(offset));
            }

            return new StoredValue(single);
        }

        return WriteChunks(offset, bytes, length);
    }

    /// <summary>Copies bytes from this place on, as many as the span has room for; there must be as many.</summary>
    public void CopyTo(int offset, Span<byte> destination)
    {
        if (Single is { } single)
        {
            single.AsSpan(offset, destination.Length).CopyTo(destination);
            return;
        }

        while (!destination.IsEmpty)
        {
            var inChunk = offset % ChunkBytes;
            var count = Math.Min(destination.Length, ChunkBytes - inChunk);
            if (_chunks[offset / ChunkBytes] is { } chunk)
                chunk.AsSpan(inChunk, count).CopyTo(destination);
            else
                destination[..count].Clear();
            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>Whether these are its bytes.</summary>
    public bool Equals(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != LengthBytes)
            return false;
        if (Single is { } single)
            return bytes.SequenceEqual(single);
        for (var i = 0; i < _chunks.Length; i++)
        {
            var part = bytes.Slice(i * ChunkBytes, Math.Min(ChunkBytes, bytes.Length - i * ChunkBytes));
            if (!ChunkEquals(_chunks[i], part))
                return false;
        }

        return true;
    }

    /// <summary>Whether another value has the same bytes.</summary>
    public bool SameBytes(StoredValue other)
    {
        if (LengthBytes != other.LengthBytes || Hash != other.Hash)
            return false;
        if (other.Single is { } single)
            return Equals(single);
        for (var i = 0; i < _chunks.Length; i++)
        {
            if (ReferenceEquals(_chunks[i], other._chunks[i]))
                continue;
            var length = Math.Min(ChunkBytes, LengthBytes - i * ChunkBytes);
            if (!ChunkEquals(_chunks[i], (other._chunks[i] ?? ZeroChunk).AsSpan(0, length)))
                return false;
        }

        return true;
    }

    /// <summary>A copy of its bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[LengthBytes];
        CopyTo(0, bytes);
        return bytes;
    }

    private static byte[] ZeroChunk { get; } = new byte[ChunkBytes];

    private static ulong ZeroChunkHash { get; } = XxHash3.HashToUInt64(ZeroChunk);

    // A chunk of zeros that nobody wrote takes no memory: a write at a high offset into nothing is cheap.
    private static bool ChunkEquals(byte[]? chunk, ReadOnlySpan<byte> bytes) =>
        chunk is null ? bytes.IndexOfAnyExcept((byte)0) < 0 : bytes.SequenceEqual(chunk.AsSpan(0, bytes.Length));

    private StoredValue WriteChunks(int offset, ReadOnlySpan<byte> bytes, int length)
    {
        var count = (length + ChunkBytes - 1) / ChunkBytes;
        var chunks = new byte[]?[count];
        var hashes = new ulong[count];
        for (var i = 0; i < count; i++)
        {
            var from = i * ChunkBytes;
            var size = Math.Min(ChunkBytes, length - from);
            if (TryShare(i, size, offset, offset + bytes.Length, out chunks[i], out hashes[i]))
                continue;
            var chunk = new byte[size];
            var old = Math.Clamp(LengthBytes - from, 0, size);
            if (old > 0)
                CopyTo(from, chunk.AsSpan(0, old));
            var first = Math.Max(offset, from);
            var last = Math.Min(offset + bytes.Length, from + size);
            if (last > first)
                bytes[(first - offset)..(last - offset)].CopyTo(chunk.AsSpan(first - from));
            chunks[i] = chunk;
            hashes[i] = XxHash3.HashToUInt64(chunk);
        }

        return new StoredValue(chunks, hashes, length);
    }

    private bool TryShare(int index, int size, int writeFrom, int writeTo, out byte[]? chunk, out ulong hash)
    {
        var from = index * ChunkBytes;
        var isWritten = writeFrom < from + size && writeTo > from && writeTo > writeFrom;
        (chunk, hash) = (null, ZeroChunkHash);
        if (isWritten)
            return false;
        if (from >= LengthBytes)
            return size == ChunkBytes; // nothing but zeros
        if (Single is not null || Math.Min(ChunkBytes, LengthBytes - from) != size)
            return false;
        (chunk, hash) = (_chunks[index], _chunkHashes[index]);
        return true;
    }

    private static ulong HashOf(ulong[] hashes, int length) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes(hashes.AsSpan()), length);
}
