using System.Security.Cryptography;

namespace Totem.Transport.Knet.Crypto;

/// <summary>
/// The contents of a key file, in corosync's format: at least 128 random bytes, of which the first 4,096 count
/// (KNET §12.2). They lie in memory that the collector does not move, and are wiped when the key is disposed.
/// </summary>
internal sealed class KnetKey : IDisposable
{
    public const int BytesMin = 128;
    public const int BytesMax = 4096;

    private readonly byte[] _bytes;

    /// <param name="contents">The bytes of the file; the caller wipes its own copy.</param>
    /// <exception cref="ArgumentException">There are fewer than 128.</exception>
    public KnetKey(ReadOnlySpan<byte> contents)
    {
        if (contents.Length < BytesMin)
            throw new ArgumentException(
                $"the key has {contents.Length} bytes, expected at least {BytesMin}", nameof(contents));
        _bytes = GC.AllocateUninitializedArray<byte>(Math.Min(contents.Length, BytesMax), pinned: true);
        contents[.._bytes.Length].CopyTo(_bytes);
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Compares without telling by the time it takes where they differ.</summary>
    public bool Holds(ReadOnlySpan<byte> contents) =>
        CryptographicOperations.FixedTimeEquals(_bytes, contents[..Math.Min(contents.Length, BytesMax)]);

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);
}
