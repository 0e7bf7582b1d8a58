using System.Security.Cryptography;

namespace Totem.Transport.Knet.Aead;

/// <summary>The key of one life of one sender. Encrypting and decrypting allocate nothing.</summary>
internal sealed class AeadKey : IDisposable
{
    /// <summary>Packets that must open before the fast way is taken again. A key begins with the careful one.</summary>
    private const int QuietCount = 1000;

    private readonly AesGcm? _gcm;
    private readonly ChaCha20Poly1305? _chaCha;
    private int _forgeriesExpected = QuietCount;

    public AeadKey(AeadAlgorithm algorithm, ReadOnlySpan<byte> key)
    {
        if (algorithm == AeadAlgorithm.Aes256Gcm)
            _gcm = new AesGcm(key, AeadEnvelope.TagBytes);
        else
            _chaCha = new ChaCha20Poly1305(key);
    }

    /// <summary>Fills the rest of a datagram whose envelope has been written.</summary>
    public void Seal(in AeadEnvelope envelope, ReadOnlySpan<byte> packet, Span<byte> datagram) => Encrypt(
        in envelope, datagram[..AeadEnvelope.Bytes], packet, datagram.Slice(AeadEnvelope.Bytes, packet.Length),
        datagram.Slice(AeadEnvelope.Bytes + packet.Length, AeadEnvelope.TagBytes));

    /// <summary>Opens a datagram.</summary>
    /// <param name="envelope">The bytes in front of it.</param>
    /// <param name="datagram">All of it.</param>
    /// <param name="packet">As long as the datagram without envelope and tag; what it holds after a failure must not be
    /// used.</param>
    /// <param name="scratch">Room for as much.</param>
    /// <returns>False when it was not sealed with this key.</returns>
    public bool TryOpen(in AeadEnvelope envelope, ReadOnlySpan<byte> datagram, Span<byte> packet, Span<byte> scratch)
    {
        if (_forgeriesExpected > 0)
            return TryOpenQuietly(in envelope, datagram, packet, scratch);
        Span<byte> nonce = stackalloc byte[AeadEnvelope.NonceBytes];
        envelope.WriteNonce(nonce);
        var head = datagram[..AeadEnvelope.Bytes];
        var body = datagram[AeadEnvelope.Bytes..^AeadEnvelope.TagBytes];
        var tag = datagram[^AeadEnvelope.TagBytes..];
        try
        {
            if (_gcm is not null)
                _gcm.Decrypt(nonce, body, tag, packet, head);
            else
                _chaCha!.Decrypt(nonce, body, tag, packet, head);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            _forgeriesExpected = QuietCount;
            return false;
        }
    }

    /// <summary>
    /// The library says by an exception that a tag is wrong, which costs many times the work itself, and somebody who
    /// forges packets would have us throw one for each. So a while after a forgery the tag is calculated and compared
    /// here: both ciphers decrypt by the same operation by which they encrypt, and encrypting the result once more
    /// gives the tag that should have come.
    /// </summary>
    private bool TryOpenQuietly(
        in AeadEnvelope envelope, ReadOnlySpan<byte> datagram, Span<byte> packet, Span<byte> scratch)
    {
        var head = datagram[..AeadEnvelope.Bytes];
        var body = datagram[AeadEnvelope.Bytes..^AeadEnvelope.TagBytes];
        Span<byte> tag = stackalloc byte[AeadEnvelope.TagBytes];
        Encrypt(in envelope, head, body, packet, tag);
        Encrypt(in envelope, head, packet, scratch[..body.Length], tag);
        if (!CryptographicOperations.FixedTimeEquals(tag, datagram[^AeadEnvelope.TagBytes..]))
        {
            _forgeriesExpected = QuietCount;
            packet.Clear();
            return false;
        }

        _forgeriesExpected--;
        return true;
    }

    private void Encrypt(
        in AeadEnvelope envelope, ReadOnlySpan<byte> head, ReadOnlySpan<byte> source, Span<byte> target, Span<byte> tag)
    {
        Span<byte> nonce = stackalloc byte[AeadEnvelope.NonceBytes];
        envelope.WriteNonce(nonce);
        if (_gcm is not null)
            _gcm.Encrypt(nonce, source, target, tag, head);
        else
            _chaCha!.Encrypt(nonce, source, target, tag, head);
    }

    public void Dispose()
    {
        _gcm?.Dispose();
        _chaCha?.Dispose();
    }
}
