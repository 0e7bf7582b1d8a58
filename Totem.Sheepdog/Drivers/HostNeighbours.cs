using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Totem.Platform.Network;

namespace Totem.Sheepdog.Drivers;

/// <summary>Processes of this host that could be on the same ring: those whose name for their neighbours is taken,
/// whether or not they run at the moment. Only where neighbours are watched, on Linux.</summary>
internal sealed class HostNeighbours
{
    private readonly UdpPeer[] _others;

    public HostNeighbours(TotemNodeOptions options, ProcessorId self)
    {
        var peers = options.GetPeers();
        var own = peers.FirstOrDefault(x => x.Id == self);
        _others = own is not null ? [.. peers.Where(x => x != own && x.EndPoint.Address.Equals(own.EndPoint.Address))]
            : [];
    }

    /// <summary>Somebody else is there.</summary>
    public bool AnyBut(ProcessorSet members)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        foreach (var other in _others)
        {
            if (!members.Contains(other.Id) && IsThere(other))
                return true;
        }

        return false;
    }

    [SupportedOSPlatform("linux")]
    private static bool IsThere(UdpPeer peer)
    {
        const int familyBytes = 2;
        try
        {
            using var socket =
                new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
            socket.Connect(new UnixDomainSocketEndPoint(
                Encoding.ASCII.GetString(NeighbourName.Of(peer.EndPoint).AsSpan(familyBytes))));
            return true;
        }
        catch (SocketException failure)
        {
            // It listens and has not taken those before yet: it is there all the same.
            return failure.SocketErrorCode == SocketError.WouldBlock;
        }
    }
}
