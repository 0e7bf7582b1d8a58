namespace Totem.Transport.Knet;

/// <summary>Where a packet goes.</summary>
/// <param name="Peer">To whom.</param>
/// <param name="Link">Over which link: from its socket, to the peer's address on it.</param>
internal readonly record struct LinkDestination(ushort Peer, byte Link);

/// <summary>
/// Packets in a row that go to the same destinations. They lie one behind the other in the host's buffer, and all but
/// the last have one length.
/// </summary>
/// <param name="PacketCount">At least 1.</param>
/// <param name="PacketBytes">The length of each but the last, which may be shorter.</param>
/// <param name="TotalBytes">Of all together.</param>
/// <param name="IsProbe">It asks what the path carries, so it must leave as one datagram that nobody cuts.</param>
internal readonly record struct KnetBurst(int PacketCount, int PacketBytes, int TotalBytes, bool IsProbe);

/// <summary>A message that came.</summary>
internal readonly ref struct KnetMessage(ushort sender, byte link, bool isBroadcast, ReadOnlySpan<byte> bytes)
{
    public ushort Sender { get; } = sender;

    /// <summary>The link of the packet that completed it.</summary>
    public byte Link { get; } = link;

    /// <summary>Its sender says that it went to all.</summary>
    public bool IsBroadcast { get; } = isBroadcast;

    /// <summary>Valid until the next call of the machine.</summary>
    public ReadOnlySpan<byte> Bytes { get; } = bytes;
}
