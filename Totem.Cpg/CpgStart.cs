using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Cpg.Program;
using Totem.Cpg.Ring;

namespace Totem.Cpg;

/// <summary>How the ring of this process comes to be; <c>docs/how-to/libcpg.md</c> lists the
/// environment variables.</summary>
internal static class CpgStart
{
    private const string LoopbackName = "libcpg";
    private const string SystemConfiguration = "/etc/corosync/corosync.conf";

    /// <summary>Starts a member by <c>$TOTEM_CONFIG</c>, <c>/etc/corosync/corosync.conf</c>, or on
    /// the loopback.</summary>
    /// <exception cref="Exception">It cannot be started: the configuration, or the network.</exception>
    public static ICpgRing Ring()
    {
        var configured = ProgramEnvironment.Variable("TOTEM_CONFIG");
        var path = configured ?? (File.Exists(SystemConfiguration) ? SystemConfiguration : null);
        if (path is null or "loopback")
            return Loopback((int)(Number("TOTEM_PORT", IPEndPoint.MaxPort - UdpTransportOptions.LoopbackSlotCount + 1)
                ?? UdpTransportOptions.DefaultPort));
        var self = Number("TOTEM_NODE", uint.MaxValue) is { } id ? new ProcessorId(id) : (ProcessorId?)null;
        var options = TotemNodeOptions.FromCorosyncConf(path, self, StateDirectory());
        return Configured(options with { LoggerFactory = CpgLog.For(options.ConfiguredLogging) });
    }

    /// <summary>The address that the ring's socket is bound to, as a <c>struct sockaddr</c>.</summary>
    /// <returns>Its length; 0 when there is none.</returns>
    public static int BoundAddress(ICpgRing? ring, Span<byte> address)
    {
        if (ring is null or { Failure: not null }
            || ring.Nodes.FirstOrDefault(node => node.Id == ring.LocalNode) is not { EndPoint: { } endPoint })
            return 0;
        // struct sockaddr_in: family, port, address, zeros. sockaddr_in6: family, port, flow, address, scope.
        var isVersion4 = endPoint.AddressFamily == AddressFamily.InterNetwork;
        var length = isVersion4 ? 16 : 28;
        address[..length].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(address, isVersion4 ? (ushort)2 : (ushort)10);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)endPoint.Port);
        endPoint.Address.GetAddressBytes().CopyTo(address[(isVersion4 ? 4 : 8)..]);
        return length;
    }

    /// <summary>The lowest slot that is free.</summary>
    internal static ICpgRing Configured(TotemNodeOptions options)
    {
        // A multicast group has no slots: its sockets are shared, and a sender does not hear its own host.
        if (options.Transport.Kind == UdpTransportKind.Multicast)
            return Alone(options);
        var slots = new ProcessSlots(
            ForGroups(options), (int)(Number("TOTEM_PROCESSES", int.MaxValue) ?? ProcessSlots.MaxCount));
        return Ring(Blocking.Wait(slots.StartAsync()), slots.All, place: null);
    }

    /// <summary>The only process of this host. Its sockets would not tell, so a name in the network namespace does,
    /// which the kernel frees with the process.</summary>
    /// <exception cref="TransportException">There is one already.</exception>
    private static NodeRing Alone(TotemNodeOptions options)
    {
        Socket place;
        try
        {
            place = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        }
        catch (SocketException exception)
        {
            throw new TransportException("no Unix socket can be made, expected AF_UNIX to be permitted: "
                + $"{exception.Message}", exception);
        }

        try
        {
            var self = options.Transport.Peers.First(peer => peer.Id == options.Ring.Self);
            place.Bind(new UnixDomainSocketEndPoint($"\0totem-cpg/{self.EndPoint}"));
            return Started(options, options.Transport.Peers, place);
        }
        catch (SocketException exception)
        {
            place.Dispose();
            throw new TransportException("another process of this host is on the ring, and udp has one place a host; "
                + "use udpu", exception);
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    /// <summary>Programs on one daemon are on one ring whatever they are called, so the name is not
    /// the program's.</summary>
    private static NodeRing Loopback(int port)
    {
        var name = ProgramEnvironment.Variable("TOTEM_NAME") ?? LoopbackName;
        // Bytes that are no UTF-8 become this: two such names would be one ring.
        if (name.Contains('\uFFFD', StringComparison.Ordinal))
            throw new TransportException("TOTEM_NAME is no UTF-8, expected text");
        var options = TotemNodeOptions.Loopback(port, stateDirectory: StateDirectory(), name: name);
        return Started(options, options.GetPeers());
    }

    private static NodeRing Started(TotemNodeOptions options, IReadOnlyList<UdpPeer> peers, IDisposable? place = null)
        => Ring(Blocking.Wait(TotemNode.StartAsync(ForGroups(options))), peers, place);

    private static NodeRing Ring(TotemNode node, IEnumerable<UdpPeer> peers, IDisposable? place)
        => new(node, [.. peers.Select(peer => new CpgRingNode(peer.Id.Value, peer.EndPoint))], place);

    /// <summary>A message to the ring as a whole is not for groups. The ring's log goes where the file says, else to
    /// the system's log.</summary>
    private static TotemNodeOptions ForGroups(TotemNodeOptions options) => options with
    {
        OnDelivery = static (in Delivery _) => { },
        LoggerFactory = options.LoggerFactory ?? new CpgLoggerFactory(),
    };

    private static string? StateDirectory() => ProgramEnvironment.Variable("TOTEM_STATE");

    /// <exception cref="TransportException">It is not a number that is allowed.</exception>
    private static uint? Number(string name, uint most)
    {
        if (ProgramEnvironment.Variable(name) is not { } text)
            return null;
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= 1
            && value <= most
            ? value
            : throw new TransportException($"{name} is '{text}', expected a number from 1 to {most}");
    }
}
