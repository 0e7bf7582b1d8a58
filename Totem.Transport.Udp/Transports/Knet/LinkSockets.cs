using System.Net.Sockets;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>The sockets of all links, and what the ring's thread sleeps on.</summary>
internal sealed class LinkSockets : IDisposable
{
    private LinkSockets(
        DatagramPath path, LinkSocket[] all, IPoller poller, NeighbourWatch? watch, string? smallBuffers) =>
        (Path, All, Poller, Watch, SmallBuffers) = (path, all, poller, watch, smallBuffers);

    public DatagramPath Path { get; }

    /// <summary>By the links' numbers, upward.</summary>
    public LinkSocket[] All { get; }

    public IPoller Poller { get; }

    /// <summary>Notices dead processes of this host, on the first link; null where that is not to be had.</summary>
    public NeighbourWatch? Watch { get; }

    public string? SmallBuffers { get; }

    /// <summary>Opens a socket for each link.</summary>
    /// <exception cref="TransportException">One cannot be bound.</exception>
    public static LinkSockets Open(UdpTransportOptions options, ProcessorId self, byte[] arena, NodeCounters counters)
    {
        var path = OpenSockets.Choose(options.Path);
        var links = options.Knet.Complete(options.Peers);
        var bound = new List<Socket>();
        try
        {
            string? smallBuffers = null;
            foreach (var link in links)
            {
                bound.Add(SocketOpener.OpenLink(link.Peers.First(x => x.Id == self).EndPoint));
                smallBuffers ??= SocketOpener.RequestBuffers(
                    bound[^1], options.ReceiveBufferBytes, options.SendBufferBytes);
            }

            var watch = OpenSockets.CreateWatch(path, options, links[0].Peers.Count);
            var isOnThisHost = new LocalHost();
            var all = new LinkSocket[links.Count];
            for (var i = 0; i < all.Length; i++)
            {
                var peers = new PeerTable(links[i].Peers, self, isOnThisHost.Owns);
                var socket = CreateSocket(path, bound[i], links[i], options, counters);
                var liveness = new Liveness(options, peers, self, socket, i == 0 ? watch : null, strangers: null);
                all[i] = new LinkSocket(links[i], peers, bound[i], socket, new SendBatch(arena), liveness);
            }

            return new LinkSockets(
                path, all, OpenSockets.CreatePoller(path, [.. bound], [.. all.Select(x => x.Socket)], watch), watch,
                smallBuffers);
        }
        catch
        {
            bound.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    public void Dispose()
    {
        Poller.Dispose();
        foreach (var link in All)
            link.Dispose();
        // Last: a member that is hung up on asks for the port at once, and shall find it closed.
        if (OperatingSystem.IsLinux())
            Watch?.Dispose();
    }

    private static IDatagramSocket CreateSocket(
        DatagramPath path, Socket socket, KnetLink link, UdpTransportOptions options, NodeCounters counters)
    {
        var destinations = link.Peers.Select(x => x.EndPoint).ToArray();
        return path == DatagramPath.LinuxBatches && OperatingSystem.IsLinux()
            ? new LinuxDatagramSocket(socket, destinations, options, counters, mayFragment: false)
            : new PortableDatagramSocket(socket, destinations);
    }
}
