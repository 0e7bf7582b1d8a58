using Totem.Transport.Knet.Crypto;

namespace Totem.Transport.Knet.Aead;

/// <summary>This member's life: a random number, and a counter that only grows, over all changes of keys.</summary>
internal sealed class AeadLife(ushort node, ulong life)
{
    private ulong _counter;

    /// <summary>The bytes in front of the next packet.</summary>
    public AeadEnvelope Next(AeadAlgorithm algorithm) => new(algorithm, node, life, ++_counter);

    /// <summary>The bytes in front of the last one.</summary>
    public AeadEnvelope Last(AeadAlgorithm algorithm) => new(algorithm, node, life, _counter);
}

/// <summary>Seals what this member sends in the format of our own.</summary>
internal sealed class AeadSender(AeadMaster master, AeadLife life, AeadAlgorithm algorithm) : PacketSealer
{
    private AeadKey _key = master.Derive(life.Last(algorithm));
    private uint _epoch = life.Last(algorithm).Epoch;

    /// <summary>The bytes that sealing adds to a packet.</summary>
    public static SealShape AeadShape { get; } = new(AeadEnvelope.Bytes, AeadEnvelope.TagBytes, IsPadded: false);

    public override SealShape Shape => AeadShape;

    public override int Seal(ReadOnlySpan<byte> packet, Span<byte> destination)
    {
        var envelope = life.Next(algorithm);
        if (envelope.Epoch != _epoch)
        {
            _key.Dispose();
            (_key, _epoch) = (master.Derive(in envelope), envelope.Epoch);
        }

        var datagram = destination[..Shape.SealedBytes(packet.Length)];
        envelope.Write(datagram);
        _key.Seal(in envelope, packet, datagram);
        return datagram.Length;
    }

    public override void Dispose() => _key.Dispose();
}
