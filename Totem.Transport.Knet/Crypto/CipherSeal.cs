using System.Security.Cryptography;
using Totem.Core.Diagnostics;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Crypto;

/// <summary>
/// IV, AES-CBC of the packet with PKCS#7 padding, MAC of both (KNET §12.1): encrypt, then authenticate.
/// </summary>
/// <remarks>
/// One encryptor and one decryptor are kept, because making them costs more than a token. They chain from one call to
/// the next, so the IV is not given to them: the encryptor is fed a random block before the packet, and what comes out
/// of it is uniformly random whatever it was chained with, and is the IV. The decryptor is fed the IV as its first
/// block, and what comes out of it is thrown away.
/// </remarks>
internal sealed class CipherSeal : PacketSeal
{
    public const int BlockBytes = 16;

    private const int WorkBytes = KnetFormat.DatagramBytesMax + (2 * BlockBytes);

    private readonly PacketMac _mac;
    private readonly RandomPool _random;
    private readonly ICryptoTransform _encryptor;
    private readonly ICryptoTransform _decryptor;
    private readonly byte[] _in = GC.AllocateUninitializedArray<byte>(WorkBytes, pinned: true);
    private readonly byte[] _out = GC.AllocateUninitializedArray<byte>(WorkBytes, pinned: true);

    public CipherSeal(CipherSuite suite, KnetKey key, RandomPool random)
    {
        Invariant.That(suite is { Cipher: not KnetCipher.None, Hash: not KnetHash.None }, "a cipher comes with a hash");
        Shape = suite.Shape;
        _mac = new PacketMac(suite, key);
        _random = random;
        using var aes = Aes.Create();
        aes.Mode = CipherMode.CBC;
        aes.Padding = PaddingMode.None;
        aes.SetKey(key.Bytes[..suite.CipherKeyBytes]);
        aes.IV = new byte[BlockBytes];
        _encryptor = aes.CreateEncryptor();
        _decryptor = aes.CreateDecryptor();
    }

    public override SealShape Shape { get; }

    public override int Seal(ReadOnlySpan<byte> packet, Span<byte> destination)
    {
        var padding = BlockBytes - (packet.Length % BlockBytes);
        var length = BlockBytes + packet.Length + padding;
        Invariant.That(
            length + _mac.Bytes <= KnetFormat.DatagramBytesMax + BlockBytes, "a packet is no longer than a datagram");
        _random.Take(BlockBytes).CopyTo(_in);
        packet.CopyTo(_in.AsSpan(BlockBytes));
        _in.AsSpan(BlockBytes + packet.Length, padding).Fill((byte)padding);
        Transform(_encryptor, length);
        _out.AsSpan(0, length).CopyTo(destination);
        _mac.Sign(_out.AsSpan(0, length), destination.Slice(length, _mac.Bytes));
        return length + _mac.Bytes;
    }

    public override bool TryOpen(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        if (!_mac.TryVerify(datagram, out var body))
            return false;
        if (body.Length < 2 * BlockBytes || body.Length % BlockBytes != 0)
            return false;
        body.CopyTo(_in);
        Transform(_decryptor, body.Length);
        return TryRemovePadding(_out.AsSpan(BlockBytes, body.Length - BlockBytes), out packet);
    }

    public override void Dispose()
    {
        _mac.Dispose();
        _encryptor.Dispose();
        _decryptor.Dispose();
        CryptographicOperations.ZeroMemory(_in);
        CryptographicOperations.ZeroMemory(_out);
    }

    private void Transform(ICryptoTransform transform, int bytes)
    {
        var written = transform.TransformBlock(_in, 0, bytes, _out, 0);
        Invariant.That(written == bytes, "whole blocks come out as they went in");
    }

    /// <summary>PKCS#7. The MAC was checked before, so what is wrong here was sealed so by a holder of the
    /// key.</summary>
    private static bool TryRemovePadding(ReadOnlySpan<byte> padded, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        var count = padded[^1];
        if (count is 0 or > BlockBytes || padded[^count..].ContainsAnyExcept(count))
            return false;
        packet = padded[..^count];
        return true;
    }
}
