namespace Totem.Tests.Captures;

/// <summary>One UDP datagram of a capture, put together again where IP had cut it.</summary>
/// <param name="FrameNumber">The number of the packet that completed it, from 1, as in the decoded text.</param>
/// <param name="Source">Address and port of the sender.</param>
/// <param name="Destination">Address and port it was sent to.</param>
/// <param name="Payload">The bytes that were captured.</param>
/// <param name="IsTruncated">True when the capture holds less than was sent.</param>
internal sealed record CapturedDatagram(
    int FrameNumber, string Source, string Destination, byte[] Payload, bool IsTruncated);
