using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Totem.Transport.Udp.Corosync;

/// <summary>The multicast address corosync derives from the cluster's name when none is configured
/// (WIRE §3.1).</summary>
internal static class MulticastAddress
{
    public static IPAddress Derive(string clusterName, AddressFamily family)
    {
        var id = 0;
        // Bytes count as signed characters: names beyond ASCII subtract.
        foreach (var c in Encoding.UTF8.GetBytes(clusterName))
            id = unchecked((id << 1) + (sbyte)c);
        id &= 0xFFFF;

        // 255, not 256: corosync's own arithmetic, and what keeps the last octet below 255.
        return family == AddressFamily.InterNetwork
            ? new IPAddress([239, 192, (byte)(id >> 8), (byte)(id % 255)])
            : new IPAddress([0xFF, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(id >> 8), (byte)id]);
    }
}
