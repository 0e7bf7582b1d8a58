using System.IO.Compression;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Sequence;

/// <summary>Methods by their numbers on the wire (KNET §13). We have the first.</summary>
internal enum CompressionMethod : byte
{
    None = 0,
    Zlib = 1,
    Lz4 = 2,
    Lz4Hc = 3,
    Lzo2 = 4,
    Lzma = 5,
    Bzip2 = 6,
    Zstd = 7,
}

/// <summary>
/// Compresses and decompresses whole messages. Unlike everything else here it allocates for a message: the library has
/// streams only.
/// </summary>
internal sealed class MessageCompression
{
    private readonly byte[] _result = GC.AllocateUninitializedArray<byte>(KnetFormat.MessageBytesMax);
    private readonly byte[] _work = GC.AllocateUninitializedArray<byte>(KnetFormat.MessageBytesMax);

    /// <summary>Compresses with zlib.</summary>
    /// <param name="message">A message.</param>
    /// <param name="level">As in <c>knet_compression_level</c>: 1 is fast, 9 is small, 0 leaves it to the
    /// library.</param>
    /// <param name="compressed">Valid until the next call.</param>
    /// <returns>False when it would not become smaller.</returns>
    public bool TryCompress(ReadOnlySpan<byte> message, int level, out ReadOnlySpan<byte> compressed)
    {
        compressed = default;
        using var target = new MemoryStream(_result);
        var chosen = level switch
        {
            0 => CompressionLevel.Optimal,
            <= 3 => CompressionLevel.Fastest,
            _ => CompressionLevel.SmallestSize,
        };
        try
        {
            using var zlib = new ZLibStream(target, chosen, leaveOpen: true);
            zlib.Write(message);
        }
        catch (NotSupportedException)
        {
            // It grew beyond the largest message: the stream's memory cannot.
            return false;
        }

        if (target.Position >= message.Length)
            return false;
        compressed = _result.AsSpan(0, (int)target.Position);
        return true;
    }

    /// <summary>Decompresses what somebody sent. It may be anything.</summary>
    /// <param name="compressed">All fragments together.</param>
    /// <param name="message">Valid until the next call.</param>
    /// <returns>False for what is no zlib stream, or more than a message may have.</returns>
    public bool TryDecompress(ReadOnlySpan<byte> compressed, out ReadOnlySpan<byte> message)
    {
        message = default;
        if (compressed.Length > _work.Length)
            return false;
        compressed.CopyTo(_work);
        using var source = new MemoryStream(_work, 0, compressed.Length, writable: false);
        using var zlib = new ZLibStream(source, CompressionMode.Decompress);
        try
        {
            var length = zlib.ReadAtLeast(_result, _result.Length, throwOnEndOfStream: false);
            if (length == 0 || (length == _result.Length && zlib.ReadByte() >= 0))
                return false;
            message = _result.AsSpan(0, length);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
