using System.Net;
using System.Net.Sockets;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Sockets;

/// <summary>
/// The sockets of one member by what they are for (WIRE §3.2 and §3.3). On a unicast ring one socket is everything;
/// on a multicast ring three have a part each.
/// </summary>
internal sealed class OpenSockets : IDisposable
{
    /// <summary>The least that Linux charges for a datagram of any size.</summary>
    private const int SmallestCharge = 2304;

    /// <summary>The room of the smallest receive buffer, the kernel's bookkeeping among it.</summary>
    private readonly int _chargeableBytes;

    private OpenSockets(
        DatagramPath path, IPoller poller, NeighbourWatch? watch, IDatagramSocket sender, IDatagramSocket receiver,
        IDatagramSocket? groupReceiver, string? smallBuffers, int chargeableBytes)
    {
        Path = path;
        Poller = poller;
        Watch = watch;
        Sender = sender;
        Receiver = receiver;
        GroupReceiver = groupReceiver;
        SmallBuffers = smallBuffers;
        _chargeableBytes = chargeableBytes;
    }

    public DatagramPath Path { get; }

    public IPoller Poller { get; }

    /// <summary>Notices dead processes of this host; null where that is not to be had.</summary>
    public NeighbourWatch? Watch { get; }

    /// <summary>Sends everything, and is told of closed ports.</summary>
    public IDatagramSocket Sender { get; }

    /// <summary>Receives what is for this member alone; on a unicast ring everything.</summary>
    public IDatagramSocket Receiver { get; }

    /// <summary>Receives what is for the group; null on a unicast ring.</summary>
    public IDatagramSocket? GroupReceiver { get; }

    /// <summary>Keeps the sockets in their group; null on a unicast ring, for a broadcast, and
    /// where it is not known how.</summary>
    public MulticastWatch? Multicast { get; private init; }

    public string? SmallBuffers { get; }

    /// <summary>How many frames of this size a receive buffer of ours holds, one datagram each.</summary>
    public int FramesHeld(int frameBytes) => _chargeableBytes / ChargeOf(frameBytes);

    /// <summary>The kernel's charge for a datagram that waits.</summary>
    public static int ChargeOf(int bytes) => Math.Max(SmallestCharge, bytes + (bytes / 4));

    public static OpenSockets Open(UdpTransportOptions options, ProcessorId self, NodeCounters counters)
    {
        var local = options.Peers.First(peer => peer.Id == self).EndPoint;
        if (options.Kind != UdpTransportKind.Multicast)
            return Around(options, SocketOpener.OpenBound(local, shared: false), options.Peers, counters);

        var opened = new List<Socket>();
        try
        {
            var group = options.Group!;
            SocketOpener.RequireUnused(local);
            opened.Add(SocketOpener.OpenMulticastSender(
                new IPEndPoint(local.Address, options.GroupPort - 1), group, options.MulticastTtl));
            opened.Add(SocketOpener.OpenBound(local, shared: true));
            opened.Add(SocketOpener.OpenMulticastReceiver(group, options.GroupPort, local.Address));
            var destinations = EndPoints(options.Peers).Append(new IPEndPoint(group, options.GroupPort)).ToArray();
            var watch = OperatingSystem.IsLinux() && !group.Equals(IPAddress.Broadcast)
                ? new MulticastWatch(opened[0], opened[2], group, local.Address) : null;
            return Wrap(options, opened, destinations, counters, watch);
        }
        catch
        {
            opened.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    /// <summary>One socket for everything.</summary>
    public static OpenSockets Around(
        UdpTransportOptions options, Socket socket, IReadOnlyList<UdpPeer> peers, NodeCounters counters)
        => Wrap(options, [socket], EndPoints(peers).ToArray(), counters);

    public void Dispose()
    {
        Poller.Dispose();
        Sender.Dispose();
        Receiver.Dispose();
        GroupReceiver?.Dispose();
        // Last: whoever is hung up on asks for the port at once, and shall find it closed.
        if (OperatingSystem.IsLinux())
            Watch?.Dispose();
    }

    private static IEnumerable<IPEndPoint> EndPoints(IReadOnlyList<UdpPeer> peers) =>
        peers.Select(peer => peer.EndPoint);

    private static OpenSockets Wrap(
        UdpTransportOptions options, List<Socket> sockets, IPEndPoint[] destinations, NodeCounters counters,
        MulticastWatch? multicast = null)
    {
        string? smallBuffers = null;
        foreach (var socket in sockets)
            smallBuffers ??= SocketOpener.RequestBuffers(socket, options.ReceiveBufferBytes, options.SendBufferBytes);

        // Only the sender needs the destinations, but a table of addresses is small and one shape is simpler than two.
        var path = Choose(options.Path);
        var wrapped = sockets.ConvertAll(socket => CreateSocket(path, socket, destinations, options, counters))
            .ToArray();
        var watch = CreateWatch(path, options, destinations.Length);
        var poller = CreatePoller(path, [.. sockets], wrapped, watch);
        return new OpenSockets(
            path, poller, watch, wrapped[0], wrapped.Length == 1 ? wrapped[0] : wrapped[1],
            wrapped.Length == 1 ? null : wrapped[2], smallBuffers, sockets.Min(SocketOpener.ChargeableBytes))
        {
            Multicast = multicast,
        };
    }

    /// <summary>Which system calls move the datagrams here.</summary>
    /// <exception cref="TransportException">Those that are wanted do not exist.</exception>
    public static DatagramPath Choose(DatagramPath wanted)
    {
        var canBatch = OperatingSystem.IsLinux() && Environment.Is64BitProcess && BitConverter.IsLittleEndian;
        if (wanted == DatagramPath.LinuxBatches && !canBatch)
            throw new TransportException($"{nameof(DatagramPath)}.{wanted} needs 64-bit Linux; use "
                + $"{DatagramPath.Auto}");
        return wanted == DatagramPath.Auto ? canBatch ? DatagramPath.LinuxBatches : DatagramPath.Portable : wanted;
    }

    private static IDatagramSocket CreateSocket(
        DatagramPath path, Socket socket, IPEndPoint[] destinations, UdpTransportOptions options, NodeCounters counters)
        => path == DatagramPath.LinuxBatches && OperatingSystem.IsLinux()
            ? new LinuxDatagramSocket(socket, destinations, options, counters)
            : new PortableDatagramSocket(socket, destinations);

    /// <summary>Notices dead processes of this host; null where that is not to be had, or not wanted.</summary>
    public static NeighbourWatch? CreateWatch(DatagramPath path, UdpTransportOptions options, int peerCount)
        => path == DatagramPath.LinuxBatches && OperatingSystem.IsLinux() && options.WatchesNeighbours
            ? NeighbourWatch.TryCreate(peerCount)
            : null;

    /// <summary>Makes the place where the ring's thread sleeps.</summary>
    public static IPoller CreatePoller(
        DatagramPath path, ReadOnlySpan<Socket> descriptors, IDatagramSocket[] sockets, NeighbourWatch? watch)
        => path == DatagramPath.LinuxBatches && OperatingSystem.IsLinux()
            ? new LinuxPoller(descriptors, sockets, watch)
            : new PortablePoller(descriptors);
}
