namespace Totem.Transport.Knet.Crypto;

/// <summary>
/// Seals packets. Each is used by one thread at a time, keeps what it needs and allocates nothing for a packet.
/// Disposing wipes the keys.
/// </summary>
internal abstract class PacketSealer : IDisposable
{
    /// <summary>The bytes that sealing adds.</summary>
    public abstract SealShape Shape { get; }

    /// <summary>Seals a packet.</summary>
    /// <param name="packet">Header and payload in clear; not part of <paramref name="destination"/>.</param>
    /// <param name="destination">Room for <see cref="SealShape.SealedBytes"/>.</param>
    /// <returns>The bytes written.</returns>
    public abstract int Seal(ReadOnlySpan<byte> packet, Span<byte> destination);

    /// <summary>Wipes the keys.</summary>
    public abstract void Dispose();
}

/// <summary>Seals packets in libknet's format, and opens them.</summary>
internal abstract class PacketSeal : PacketSealer
{
    /// <summary>Opens what somebody sealed with the same key. It may be anything.</summary>
    /// <param name="datagram">The bytes of the network.</param>
    /// <param name="packet">The packet, valid until the next call, or as long as the datagram.</param>
    /// <returns>False when it was not sealed with this key.</returns>
    public abstract bool TryOpen(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet);
}

/// <summary>No key: packets are as they are.</summary>
internal sealed class ClearSeal : PacketSeal
{
    public override SealShape Shape => default;

    public override void Dispose()
    {
    }

    public override int Seal(ReadOnlySpan<byte> packet, Span<byte> destination)
    {
        packet.CopyTo(destination);
        return packet.Length;
    }

    public override bool TryOpen(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet)
    {
        packet = datagram;
        return true;
    }
}
