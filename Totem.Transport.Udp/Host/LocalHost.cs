using System.Net;
using System.Net.Sockets;
using Totem.Platform.Network;

namespace Totem.Transport.Udp.Host;

/// <summary>The facts that a configuration needs of the host it is read on. Tests answer from a table.</summary>
internal interface ILocalHost
{
    /// <summary>The host's name, perhaps with its domain.</summary>
    string Name { get; }

    /// <summary>True for an address of one of this host's interfaces.</summary>
    bool HasInterfaceOf(IPAddress address);

    /// <summary>The addresses of a name or literal, as the system's resolver orders them; empty
    /// when there are none.</summary>
    IReadOnlyList<IPAddress> Resolve(string nameOrAddress);
}

/// <summary>The host this process runs on.</summary>
internal sealed class LocalHost : ILocalHost
{
    private readonly HashSet<IPAddress>? _addresses = HostAddresses.TryList() is { } list
        ? [.. list.Select(x => x.Address)]
        : null;

    public string Name { get; } = Environment.MachineName;

    public bool HasInterfaceOf(IPAddress address) =>
        _addresses?.Contains(HostAddresses.WithoutScope(address)) ?? HostAddresses.CanBind(address);

    /// <summary>True for an address that a socket of this host can be bound to.</summary>
    public bool Owns(IPAddress address) => IPAddress.IsLoopback(address) || HasInterfaceOf(address);

    public IReadOnlyList<IPAddress> Resolve(string nameOrAddress)
    {
        if (OperatingSystem.IsLinux())
            return LinuxNames.Resolve(nameOrAddress);
        if (IPAddress.TryParse(nameOrAddress, out var literal))
            return [literal];
        try
        {
            return Dns.GetHostAddresses(nameOrAddress);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            return [];
        }
    }
}
