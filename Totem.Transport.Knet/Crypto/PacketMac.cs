using System.Security.Cryptography;

namespace Totem.Transport.Knet.Crypto;

/// <summary>HMAC with all bytes of the key (KNET §12.1). The long key is hashed once.</summary>
internal sealed class PacketMac(CipherSuite suite, KnetKey key) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHMAC(suite.HashName, key.Bytes);

    public int Bytes { get; } = suite.MacBytes;

    /// <summary>Writes the MAC of the bytes.</summary>
    public void Sign(ReadOnlySpan<byte> bytes, Span<byte> mac)
    {
        _hash.AppendData(bytes);
        _hash.GetHashAndReset(mac);
    }

    /// <summary>True when the datagram ends with the MAC of what stands before it; the time it takes does not tell
    /// where it differs.</summary>
    public bool TryVerify(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> body)
    {
        body = default;
        if (datagram.Length <= Bytes)
            return false;
        Span<byte> expected = stackalloc byte[Bytes];
        Sign(datagram[..^Bytes], expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, datagram[^Bytes..]))
            return false;
        body = datagram[..^Bytes];
        return true;
    }

    public void Dispose() => _hash.Dispose();
}
