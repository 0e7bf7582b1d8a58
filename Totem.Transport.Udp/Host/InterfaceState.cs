using System.Net;
using System.Net.NetworkInformation;
using Totem.Platform.Network;

namespace Totem.Transport.Udp.Host;

/// <summary>Whether the interfaces of this host carry anything.</summary>
internal static class InterfaceState
{
    /// <summary>None of these addresses is on an interface that is up.</summary>
    /// <returns>False too when the system does not say.</returns>
    public static bool IsDown(IReadOnlyList<IPAddress> addresses)
    {
        if (HostAddresses.TryList() is not { } list)
            return false;
        try
        {
            // The loopback says "unknown" and is up.
            return !addresses.Select(HostAddresses.WithoutScope).Any(address => list.Any(x =>
                x.Address.Equals(address) && x.Interface.OperationalStatus is not (OperationalStatus.Down
                    or OperationalStatus.NotPresent or OperationalStatus.LowerLayerDown)));
        }
        catch (NetworkInformationException)
        {
            return false;
        }
    }
}
