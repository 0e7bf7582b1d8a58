using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Totem.Platform.Network;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Sockets;

/// <summary>Makes, sets up and binds the sockets that WIRE §3 describes. Errors name the address.</summary>
internal static class SocketOpener
{
    private const int PriorityOfTokens = 6;

    /// <summary>IPTOS_LOWDELAY.</summary>
    private const int LowDelay = 0x10;

    /// <summary>A socket for everything on a unicast ring, or the token socket of a multicast ring.</summary>
    public static Socket OpenBound(IPEndPoint local, bool shared)
    {
        try
        {
            return Open(local, shared);
        }
        catch (SocketException exception)
        {
            var holder = exception.SocketErrorCode == SocketError.AddressAlreadyInUse ? PortHolder.Describe(local) : "";
            throw new TransportException($"cannot bind to {local}: {exception.Message}{holder}", exception);
        }
    }

    /// <summary>A link's socket, as libknet's: its packets are never fragmented, and its address
    /// need not be there yet (KNET §3).</summary>
    public static Socket OpenLink(IPEndPoint local)
    {
        try
        {
            return Open(local, shared: false, SetUpLink);
        }
        catch (SocketException exception)
        {
            var holder = exception.SocketErrorCode == SocketError.AddressAlreadyInUse ? PortHolder.Describe(local) : "";
            throw new TransportException($"cannot bind to {local}: {exception.Message}{holder}", exception);
        }
    }

    private static void SetUpLink(Socket socket)
    {
        var isVersion4 = socket.AddressFamily == AddressFamily.InterNetwork;
        if (!OperatingSystem.IsLinux())
        {
            if (isVersion4)
                socket.DontFragment = true;
            return;
        }

        var (level, discover, early) = isVersion4
            ? (LinuxNative.SOL_IP, LinuxNative.IP_MTU_DISCOVER, LinuxNative.IP_FREEBIND)
            : (LinuxNative.SOL_IPV6, LinuxNative.IPV6_MTU_DISCOVER, LinuxNative.IPV6_FREEBIND);
        socket.SetRawSocketOption(level, discover, BitConverter.GetBytes(LinuxNative.MtuProbe));
        socket.SetRawSocketOption(level, early, BitConverter.GetBytes(1));
        if (isVersion4)
            socket.SetRawSocketOption(level, LinuxNative.IP_TOS, BitConverter.GetBytes(LowDelay));
    }

    /// <summary>
    /// The sockets of a multicast ring are shared, as corosync's are, so two nodes of one address would bind them both.
    /// This asks whether somebody has the address already.
    /// </summary>
    /// <exception cref="TransportException">Somebody has.</exception>
    public static void RequireUnused(IPEndPoint local) => OpenBound(local, shared: false).Dispose();

    private static Socket Open(IPEndPoint local, bool shared, Action<Socket>? setUp = null)
    {
        var socket = Create(local);
        try
        {
            if (shared)
                ShareAddress(socket);
            else if (OperatingSystem.IsWindows())
                socket.ExclusiveAddressUse = true;
            if (OperatingSystem.IsLinux())
                socket.SetRawSocketOption(
                    LinuxNative.SOL_SOCKET, LinuxNative.SO_PRIORITY, BitConverter.GetBytes(PriorityOfTokens));
            setUp?.Invoke(socket);
            socket.Bind(local);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Like <see cref="OpenBound"/> for one process only; null when another has the port.</summary>
    public static Socket? TryOpenExclusive(IPEndPoint local)
    {
        try
        {
            return Open(local, shared: false);
        }
        catch (SocketException exception)
            when (exception.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return null;
        }
        catch (SocketException exception)
        {
            throw new TransportException($"cannot bind to {local}: {exception.Message}", exception);
        }
    }

    /// <summary>The socket that sends on a multicast ring: own copies are not looped back, the core
    /// has them already.</summary>
    public static Socket OpenMulticastSender(IPEndPoint local, IPAddress group, int ttl)
    {
        var socket = OpenBound(local, shared: true);
        try
        {
            if (group.Equals(IPAddress.Broadcast))
            {
                socket.EnableBroadcast = true;
                return socket;
            }

            if (group.AddressFamily == AddressFamily.InterNetwork)
            {
                socket.SetSocketOption(
                    SocketOptionLevel.IP, SocketOptionName.MulticastInterface, local.Address.GetAddressBytes());
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, ttl);
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, false);
            }
            else
            {
                socket.SetSocketOption(
                    SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, InterfaceIndex(local.Address));
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, ttl);
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, false);
            }

            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new TransportException($"cannot send to {group} from {local}: {exception.Message}", exception);
        }
    }

    /// <summary>The socket that hears the group, and nothing that was sent to another group on the same port.</summary>
    public static Socket OpenMulticastReceiver(IPAddress group, int port, IPAddress local)
    {
        // Windows cannot bind to a group; it delivers only joined groups to a socket bound to the wildcard.
        var wildcard = group.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        var socket = OpenBound(new IPEndPoint(OperatingSystem.IsWindows() ? wildcard : group, port), shared: true);
        try
        {
            if (group.AddressFamily == AddressFamily.InterNetworkV6)
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership,
                    new IPv6MulticastOption(group, InterfaceIndex(local)));
            else if (!group.Equals(IPAddress.Broadcast))
                socket.SetSocketOption(
                    SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(group, local));
            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new TransportException($"cannot join {group} on {local}: {exception.Message}", exception);
        }
    }

    /// <summary>Asks for buffers; of Linux beyond its limits, which a process with CAP_NET_ADMIN
    /// may (socket(7)).</summary>
    /// <returns>The size that the kernel granted where it is less than what was asked for, and what to do about it;
    /// null when all is well.</returns>
    public static string? RequestBuffers(Socket socket, int receiveBytes, int sendBytes)
    {
        if (!OperatingSystem.IsLinux() || !IsForced(socket, LinuxNative.SO_RCVBUFFORCE, receiveBytes))
            socket.ReceiveBufferSize = receiveBytes;
        if (!OperatingSystem.IsLinux() || !IsForced(socket, LinuxNative.SO_SNDBUFFORCE, sendBytes))
            socket.SendBufferSize = sendBytes;
        // Linux reports twice what it grants: its own bookkeeping counts.
        var factor = OperatingSystem.IsLinux() ? 2 : 1;
        var received = Shortage("receive", "net.core.rmem_max", socket.ReceiveBufferSize / factor, receiveBytes);
        var sent = Shortage("send", "net.core.wmem_max", socket.SendBufferSize / factor, sendBytes);
        return received is null ? sent : sent is null ? received : $"{received}; {sent}";
    }

    /// <summary>Bytes that the kernel keeps for a socket until they are read, its own bookkeeping among them.</summary>
    public static int ChargeableBytes(Socket socket) => socket.ReceiveBufferSize;

    [SupportedOSPlatform("linux")]
    private static bool IsForced(Socket socket, int option, int bytes)
        => LinuxNative.TrySetOption((int)socket.SafeHandle.DangerousGetHandle(), LinuxNative.SOL_SOCKET, option, bytes);

    private static string? Shortage(string buffer, string limit, int granted, int asked)
    {
        if (granted >= asked)
            return null;
        var remedy = OperatingSystem.IsLinux() ? $", raise {limit} to {asked}" : "";
        return $"{buffer} buffer {granted} bytes instead of {asked}{remedy}";
    }

    private static void ShareAddress(Socket socket)
    {
        // .NET's own option also sets SO_REUSEPORT on Linux, which would spread the datagrams over the sockets.
        if (OperatingSystem.IsLinux())
            socket.SetRawSocketOption(LinuxNative.SOL_SOCKET, LinuxNative.SO_REUSEADDR, BitConverter.GetBytes(1));
        else
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
    }

    private static int InterfaceIndex(IPAddress local) => HostAddresses.InterfaceIndex(local)
        ?? throw new TransportException($"no interface is known to have the address {local}, expected one for IPv6 "
            + "multicast");

    /// <summary>A sandbox may forbid the whole family.</summary>
    private static Socket Create(IPEndPoint local)
    {
        try
        {
            return new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        }
        catch (SocketException exception)
        {
            throw new TransportException($"no socket for {local} can be made: {exception.Message}", exception);
        }
    }
}
