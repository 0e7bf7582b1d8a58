using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Totem.Transport.Udp.Sockets;

/// <summary>
/// An address and a port as a value, read straight from a <c>sockaddr</c>, so that looking up a datagram's source
/// allocates nothing. IPv4 stands in its mapped IPv6 form; scopes are left out: peers are configured, not discovered.
/// </summary>
internal readonly record struct NetAddress(ulong High, ulong Low, ushort Port)
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    public static NetAddress Of(IPEndPoint endPoint) => Read(endPoint.Serialize().Buffer.Span, endPoint.AddressFamily);

    /// <summary>Reads what follows the family field, whose place and size is all that differs
    /// between systems.</summary>
    public static NetAddress Read(ReadOnlySpan<byte> sockaddr, AddressFamily family)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(sockaddr[2..]);
        return family == AddressFamily.InterNetwork
            ? new NetAddress(0, MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(sockaddr[4..]), port)
            : new NetAddress(BinaryPrimitives.ReadUInt64BigEndian(sockaddr[8..]),
                BinaryPrimitives.ReadUInt64BigEndian(sockaddr[16..]), port);
    }

    /// <summary>The same address with any port: corosync sends its copies from ports of its own choice.</summary>
    public NetAddress AnyPort => this with { Port = 0 };

    /// <summary>Sends a datagram there, if there is room now. A datagram that does not go out is lost as on the
    /// network.</summary>
    public void TrySend(Socket from, ReadOnlySpan<byte> datagram)
    {
        try
        {
            if (from.Poll(0, SelectMode.SelectWrite))
                from.SendTo(datagram, SocketFlags.None, ToEndPoint());
        }
        catch (SocketException)
        {
            // No way there, or a report about an earlier datagram.
        }
    }

    /// <summary>For people.</summary>
    public override string ToString() => ToEndPoint().ToString();

    private IPEndPoint ToEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        var address = new IPAddress(bytes);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, Port);
    }
}
