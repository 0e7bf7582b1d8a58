using System.Net.Sockets;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>The sockets of all links, and what the ring's thread sleeps on.</summary>
internal sealed class LinkSockets : IDisposable
{
    private readonly UdpTransportOptions _options;
    private readonly ProcessorId _self;
    private readonly byte[] _arena;
    private readonly NodeCounters _counters;
    private NeighbourWatch? _watch;

    private LinkSockets(UdpTransportOptions options, ProcessorId self, byte[] arena, NodeCounters counters)
    {
        (_options, _self, _arena, _counters) = (options, self, arena, counters);
        Path = OpenSockets.Choose(options.Path);
        Poller = OpenSockets.CreatePoller(Path, [], [], null);
    }

    public DatagramPath Path { get; }

    /// <summary>By the links' numbers, upward. A reload makes another list.</summary>
    public LinkSocket[] All { get; private set; } = [];

    /// <summary>It stays when links come and go: somebody may be about to wake it.</summary>
    public IPoller Poller { get; }

    public string? SmallBuffers { get; private set; }

    /// <summary>Opens a socket for each link.</summary>
    /// <exception cref="TransportException">One cannot be bound.</exception>
    public static LinkSockets Open(UdpTransportOptions options, ProcessorId self, byte[] arena, NodeCounters counters)
    {
        var plan = LinkPlan.Of([], options.Knet.Complete(options.Peers), options, self);
        LinkSockets? sockets = null;
        try
        {
            sockets = new LinkSockets(options, self, arena, counters);
            sockets.Use(plan);
            return sockets;
        }
        catch
        {
            plan.Dispose();
            sockets?.Dispose();
            throw;
        }
    }

    /// <summary>From now on the links are these. The sockets of those that are gone are closed; nothing waits to be
    /// sent.</summary>
    public void Use(LinkPlan plan)
    {
        SmallBuffers ??= plan.SmallBuffers;
        var before = All;
        var watchesAnew = before.Length == 0 || plan.Links[0] is not { IsAsBefore: true }
            || plan.Links[0].Link.Number != before[0].Number;
        if (watchesAnew)
            RenewWatch(plan.Links[0].Peers.All.Length);
        var next = new LinkSocket[plan.Links.Count];
        for (var i = 0; i < next.Length; i++)
            next[i] = Place(plan.Links[i], before, i == 0 ? _watch : null, isWatchNew: i == 0 && watchesAnew);
        foreach (var link in before)
        {
            if (Array.IndexOf(next, link) < 0)
                link.Dispose();
        }

        All = next;
        Poller.Use([.. next.Select(x => x.Bound)], [.. next.Select(x => x.Socket)], _watch);
    }

    public void Dispose()
    {
        Poller.Dispose();
        foreach (var link in All)
            link.Dispose();
        // Last: a member that is hung up on asks for the port at once, and shall find it closed.
        if (OperatingSystem.IsLinux())
            _watch?.Dispose();
    }

    /// <summary>The watch notices dead processes of this host, on the first link, whose peers it knows by their
    /// indexes. Those that watch us are hung up on, ask, and find us there.</summary>
    private void RenewWatch(int peerCount)
    {
        if (OperatingSystem.IsLinux())
            _watch?.Dispose();
        _watch = OpenSockets.CreateWatch(Path, _options, peerCount);
    }

    private LinkSocket Place(PlannedLink planned, LinkSocket[] before, NeighbourWatch? watch, bool isWatchNew)
    {
        if (planned.Bound is { } bound)
        {
            var socket = CreateSocket(bound, planned.Peers);
            return new LinkSocket(planned.Link, planned.Peers, bound, socket, new SendBatch(_arena),
                CreateLiveness(planned.Peers, socket, watch));
        }

        var link = Array.Find(before, x => x.Number == planned.Link.Number)!;
        if (!planned.IsAsBefore || isWatchNew)
            link.Use(planned.Peers, CreateLiveness(planned.Peers, link.Socket, watch));
        return link;
    }

    private Liveness CreateLiveness(PeerTable peers, IDatagramSocket socket, NeighbourWatch? watch) =>
        new(_options, peers, _self, socket, watch, strangers: null);

    private IDatagramSocket CreateSocket(Socket socket, PeerTable peers)
    {
        var destinations = LinkSocket.EndPointsOf(peers);
        return Path == DatagramPath.LinuxBatches && OperatingSystem.IsLinux()
            ? new LinuxDatagramSocket(socket, destinations, _options, _counters, mayFragment: false)
            : new PortableDatagramSocket(socket, destinations);
    }
}
