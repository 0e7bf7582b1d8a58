using System.Net;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Totem.Platform.Network;
using static Totem.Transport.Udp.Host.LinuxNative;

namespace Totem.Transport.Udp.Host;

/// <summary>A process of this host, as the kernel names it to whoever is connected to its Unix socket.</summary>
/// <param name="Pid">Its number; 0 when it is in a process namespace that we do not see.</param>
/// <param name="User">The user that runs it.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct HostProcess(int Pid, uint User)
{
    /// <summary>The path of its program; null when the system does not say, which it does of the
    /// own user's and to root only.</summary>
    public string? Program
    {
        get
        {
            try
            {
                return Pid == 0 ? null : File.ResolveLinkTarget($"/proc/{Pid}/exe", returnFinalTarget: false)?.FullName;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>Our member at an address and port, by the name at which its neighbours connect.</summary>
    public static HostProcess? Member(IPEndPoint endPoint) => Behind(NeighbourName.Of(endPoint));

    /// <summary>The corosync daemon, by the socket of its service for process groups. libqb pads the name.</summary>
    public static HostProcess? Daemon()
    {
        const int familyBytes = 2;
        const int pathBytes = 108;
        var address = new byte[familyBytes + pathBytes];
        address[0] = AF_UNIX;
        "cpg"u8.CopyTo(address.AsSpan(familyBytes + 1));
        if (Behind(address) is { } found)
            return found;
        // With /etc/libqb/force-filesystem-sockets it is a file.
        address.AsSpan(familyBytes).Clear();
        "/run/cpg"u8.CopyTo(address.AsSpan(familyBytes));
        return Behind(address);
    }

    /// <summary>Whether Unix sockets are to be had at all.</summary>
    public static bool CanAsk()
    {
        var socket = CreateUnixSocket();
        if (socket >= 0)
            _ = Close(socket);
        return socket >= 0;
    }

    public override string ToString() =>
        Program is { } program ? $"process {Pid} ({program}) of user {User}" : $"process {Pid} of user {User}";

    private static unsafe HostProcess? Behind(ReadOnlySpan<byte> name)
    {
        var socket = CreateUnixSocket();
        if (socket < 0)
            return null;
        try
        {
            fixed (byte* address = name)
            {
                if (Connect(socket, address, (uint)name.Length) == 0)
                    return Of(socket);
                // It listens and has not taken those before yet.
                return Marshal.GetLastPInvokeError() == EAGAIN ? new HostProcess(0, 0) : null;
            }
        }
        finally
        {
            _ = Close(socket);
        }
    }

    /// <summary>The process at the other end of a connection.</summary>
    public static unsafe HostProcess Of(int socket)
    {
        var credentials = stackalloc uint[3];
        uint length = 3 * sizeof(uint);
        return GetSockOpt(socket, SOL_SOCKET, SO_PEERCRED, credentials, &length) == 0
            ? new HostProcess((int)credentials[0], credentials[1]) : default;
    }
}
