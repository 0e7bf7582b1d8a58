using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Totem.Cpg.Ring;

namespace Totem.Cpg;

/// <summary>How the ring of this process comes to be.</summary>
internal static class CpgStart
{
    /// <summary>Starts a member by <c>$TOTEM_CONFIG</c>, <c>/etc/corosync/corosync.conf</c>, or on the loopback.</summary>
    public static ICpgRing Ring() => new AloneRing();

    /// <summary>The address that the ring's socket is bound to, as a <c>struct sockaddr</c>.</summary>
    /// <returns>Its length; 0 when there is none.</returns>
    public static int BoundAddress(ICpgRing? ring, Span<byte> address)
    {
        if (ring is null || ring.Nodes.FirstOrDefault(node => node.Id == ring.LocalNode) is not { EndPoint: { } endPoint })
            return 0;
        // struct sockaddr_in: family, port, address, zeros. sockaddr_in6: family, port, flow, address, scope.
        var isVersion4 = endPoint.AddressFamily == AddressFamily.InterNetwork;
        var length = isVersion4 ? 16 : 28;
        address[..length].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(address, isVersion4 ? (ushort)2 : (ushort)10);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)endPoint.Port);
        endPoint.Address.GetAddressBytes().CopyTo(address[(isVersion4 ? 4 : 8)..]);
        return length;
    }
}
