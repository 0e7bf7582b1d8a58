namespace Totem.Transport.Knet.Crypto;

/// <summary>A hash without a cipher: the packet in clear, then its MAC.</summary>
internal sealed class HashSeal(CipherSuite suite, KnetKey key) : PacketSeal
{
    private readonly PacketMac _mac = new(suite, key);

    public override SealShape Shape { get; } = suite.Shape;

    public override int Seal(ReadOnlySpan<byte> packet, Span<byte> destination)
    {
        packet.CopyTo(destination);
        _mac.Sign(packet, destination.Slice(packet.Length, _mac.Bytes));
        return packet.Length + _mac.Bytes;
    }

    public override bool TryOpen(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet) =>
        _mac.TryVerify(datagram, out packet);

    public override void Dispose() => _mac.Dispose();
}
