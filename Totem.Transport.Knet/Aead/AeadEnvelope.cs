using System.Buffers.Binary;

namespace Totem.Transport.Knet.Aead;

/// <summary>How a packet in the format of our own is encrypted and authenticated, with the numbers on the
/// wire.</summary>
internal enum AeadAlgorithm : byte
{
    Aes256Gcm = 1,

    /// <summary>Where the processor has no instructions for AES.</summary>
    ChaCha20Poly1305 = 2,
}

/// <summary>
/// The bytes in clear in front of a packet in the format of our own
/// (docs/design/knet.md, "AEAD: a format of our own, among ourselves").
/// They are authenticated with the rest, and choose the key and the nonce. Behind them come the packet, encrypted, and
/// a tag of 16 bytes.
/// </summary>
/// <param name="Algorithm">The algorithm that encrypts.</param>
/// <param name="Node">The sender.</param>
/// <param name="Life">A random number of the sender's process: no two of its lives have the same keys.</param>
/// <param name="Counter">Of the packets of this life, from 1. 64 bits: 58,000 years at 10 million a second.</param>
internal readonly record struct AeadEnvelope(AeadAlgorithm Algorithm, ushort Node, ulong Life, ulong Counter)
{
    public const int Bytes = 20;
    public const int TagBytes = 16;
    public const int NonceBytes = 12;

    /// <summary>The first byte. A packet of libknet's format begins with it by chance in one of 256 cases, so it proves
    /// nothing.</summary>
    public const byte Marker = 0xAE;

    /// <summary>Packets under one key: after 2³² of them the next is derived, far from where GCM becomes
    /// weak.</summary>
    public uint Epoch => (uint)(Counter >> 32);

    public static bool TryRead(ReadOnlySpan<byte> datagram, out AeadEnvelope envelope)
    {
        envelope = default;
        if (datagram.Length <= Bytes + TagBytes || datagram[0] != Marker)
            return false;
        envelope = new AeadEnvelope(
            (AeadAlgorithm)datagram[1], BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            BinaryPrimitives.ReadUInt64BigEndian(datagram[4..]), BinaryPrimitives.ReadUInt64BigEndian(datagram[12..]));
        return envelope.Algorithm is AeadAlgorithm.Aes256Gcm or AeadAlgorithm.ChaCha20Poly1305;
    }

    public void Write(Span<byte> datagram)
    {
        datagram[0] = Marker;
        datagram[1] = (byte)Algorithm;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], Node);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[4..], Life);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[12..], Counter);
    }

    /// <summary>The counter, in 12 bytes: unique under a key, because a key is of one life of one sender.</summary>
    public void WriteNonce(Span<byte> nonce)
    {
        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], Counter);
    }
}
