using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Totem.Platform.Network;

/// <summary>
/// The addresses of this host. The system lists them, on Linux through a netlink socket, which a sandbox may forbid
/// (<c>RestrictAddressFamilies=</c>); then single ones are asked for otherwise.
/// </summary>
public static class HostAddresses
{
    private const string Version6Table = "/proc/net/if_inet6";

    /// <summary>Every address of every interface, without its scope, and the interface's index for
    /// IPv6 multicast.</summary>
    /// <returns>Null when the system does not list them.</returns>
    public static IReadOnlyList<(IPAddress Address, NetworkInterface Interface)>? TryList()
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces().SelectMany(
                    @interface => @interface.GetIPProperties().UnicastAddresses.Select(
                        unicast => (WithoutScope(unicast.Address), @interface))),
            ];
        }
        catch (Exception failure) when (failure is NetworkInformationException or SocketException or IOException
            or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether a socket of this host can be bound to an address, which is what is meant by
    /// owning it.</summary>
    public static bool CanBind(IPAddress address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The index of the interface that has an IPv6 address.</summary>
    /// <returns>Null when none has it, or the system does not say.</returns>
    public static int? InterfaceIndex(IPAddress address)
    {
        var wanted = WithoutScope(address);
        if (TryList() is { } list)
        {
            return list.Where(x => x.Address.Equals(wanted))
                .Select(x => (int?)x.Interface.GetIPProperties().GetIPv6Properties().Index)
                .FirstOrDefault();
        }

        try
        {
            // Address and index, in hexadecimal without punctuation, begin each line.
            var text = Convert.ToHexStringLower(wanted.GetAddressBytes());
            var line = File.ReadLines(Version6Table)
                .FirstOrDefault(x => x.StartsWith(text + " ", StringComparison.Ordinal));
            return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var index, ..]
                && int.TryParse(index, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
                ? number
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The address alone, which means the same on every link.</summary>
    public static IPAddress WithoutScope(IPAddress address)
        => address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes()) : address;
}
