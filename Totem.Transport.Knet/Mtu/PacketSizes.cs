using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Mtu;

/// <summary>
/// How much of a message fits an IP packet (KNET §11.1). All arithmetic uses the largest header of any packet, as
/// libknet's does.
/// </summary>
internal static class PacketSizes
{
    /// <summary>The largest IP packet that the length field can name.</summary>
    public const int IpBytesMax = 65_535;

    /// <summary>The smallest that a path is taken to carry without a search.</summary>
    public const int FloorIPv4 = 576;
    public const int FloorIPv6 = 1280;

    /// <summary>Bytes for UDP of the packets that are sent while nothing is known of any path (KNET §11.2): 576 less
    /// the header of IPv6 and that of SCTP, whatever the links are.</summary>
    private const int UnknownPathBytes = 576 - 40 - 28;

    public static int IpHeaderBytes(bool isIPv6) => isIPv6 ? 48 : 28;

    public static int FloorIpBytes(bool isIPv6) => isIPv6 ? FloorIPv6 : FloorIPv4;

    /// <summary>Bytes of a message in a full packet.</summary>
    /// <param name="ipBytes">The length of an IP packet that the path carries.</param>
    /// <param name="isIPv6">IPv6 or IPv4.</param>
    /// <param name="shape">The bytes that sealing adds.</param>
    public static int DataBytes(int ipBytes, bool isIPv6, SealShape shape) =>
        shape.PlainBytes(ipBytes - IpHeaderBytes(isIPv6)) - KnetFormat.LargestHeaderBytes;

    /// <summary>The same while nothing is known.</summary>
    public static int DataBytesMin(SealShape shape) =>
        shape.PlainBytes(UnknownPathBytes) - KnetFormat.LargestHeaderBytes;

    /// <summary>The contents of a probe that is as long as the longest packet with that much data.</summary>
    public static int ProbePlainBytes(int dataBytes) => dataBytes + KnetFormat.LargestHeaderBytes;

    /// <summary>The longest probe that a path of this size carries: padding leaves some lengths out.</summary>
    public static int ProbeIpBytes(int ipBytes, bool isIPv6, SealShape shape) =>
        IpHeaderBytes(isIPv6) + shape.SealedBytes(ProbePlainBytes(DataBytes(ipBytes, isIPv6, shape)));
}
