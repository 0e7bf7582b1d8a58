using System.Net;
using Totem.Platform.Network;

namespace Totem.Transport.Udp.Host;

/// <summary>Links of IPv6 addresses that are in a list of members.</summary>
internal static class PeerScopes
{
    /// <summary>
    /// A link-local address means nothing without its link. Members that say none are on the link of this member's own
    /// address, as they must be to hear it.
    /// </summary>
    public static IReadOnlyList<UdpPeer> WithScopes(IReadOnlyList<UdpPeer> peers, ProcessorId self)
    {
        var own = peers.FirstOrDefault(peer => peer.Id == self)?.EndPoint.Address;
        if (own is not { IsIPv6LinkLocal: true } || !peers.Any(peer => IsWithoutScope(peer.EndPoint.Address)))
            return peers;
        var scope = own.ScopeId != 0 ? own.ScopeId : HostAddresses.InterfaceIndex(own) ?? 0;
        return scope == 0 ? peers : [.. peers.Select(peer => IsWithoutScope(peer.EndPoint.Address)
            ? peer with { EndPoint =
                new IPEndPoint(new IPAddress(peer.EndPoint.Address.GetAddressBytes(), scope), peer.EndPoint.Port) }
            : peer)];
    }

    private static bool IsWithoutScope(IPAddress address) => address is { IsIPv6LinkLocal: true, ScopeId: 0 };
}
