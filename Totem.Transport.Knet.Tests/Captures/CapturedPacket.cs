using Totem.Transport.Knet.Links;

namespace Totem.Transport.Knet.Tests.Captures;

/// <summary>One UDP datagram of a capture.</summary>
/// <param name="Frame">The number of the packet in its file, from 1.</param>
/// <param name="Source">The sender's address.</param>
/// <param name="Destination">The receiver's address.</param>
/// <param name="IpBytes">The length of the IP packet.</param>
/// <param name="Payload">The bytes that UDP carries.</param>
internal sealed record CapturedPacket(
    int Frame, KnetAddress Source, KnetAddress Destination, int IpBytes, byte[] Payload);
