using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Totem.Transport.Udp;

namespace Totem;

/// <summary>How frames travel.</summary>
public enum UdpTransportKind
{
    /// <summary>corosync's <c>udpu</c>: a multicast is one datagram for each configured peer. Works
    /// on every network.</summary>
    Unicast,

    /// <summary>corosync's <c>udp</c>: a multicast is one datagram to an IP multicast (or broadcast) address.</summary>
    Multicast,

    /// <summary>
    /// Several processes of one host, without configuration: a process takes the lowest free of
    /// <see cref="UdpTransportOptions.LoopbackSlotCount"/> ports on the loopback address, and that
    /// slot is its identity.
    /// </summary>
    Loopback,

    /// <summary>corosync's default, <c>knet</c>: encrypted packets on up to eight links
    /// (<see cref="KnetTransportOptions"/>).</summary>
    Knet,
}

/// <summary>Which system calls move the datagrams.</summary>
public enum DatagramPath
{
    /// <summary>Batches on 64-bit Linux, the portable path elsewhere.</summary>
    Auto,

    /// <summary><c>recvmmsg</c>, <c>sendmmsg</c> and <c>ppoll</c>; an error where they do not exist.</summary>
    LinuxBatches,

    /// <summary>.NET's <see cref="Socket"/>, one datagram a call.</summary>
    Portable,
}

/// <summary>A processor and where its datagrams go.</summary>
/// <param name="Id">The peer.</param>
/// <param name="EndPoint">Its address and port; no wildcard address.</param>
/// <remarks>In a configuration it is a text, <c>2=10.0.0.2:5405</c> or <c>2=10.0.0.2</c> with
/// <see cref="UdpTransportOptions.DefaultPort"/>.</remarks>
[TypeConverter(typeof(UdpPeerConverter))]
public sealed record UdpPeer(ProcessorId Id, IPEndPoint EndPoint)
{
    /// <summary>The error that a configuration has instead of a peer; null for a peer.</summary>
    internal string? Unreadable { get; init; }
}

/// <summary>The sockets of a member. Immutable; what it means on the wire is in
/// <c>docs/reference/transport.md</c>.</summary>
public sealed record UdpTransportOptions
{
    /// <summary>corosync's port.</summary>
    public const int DefaultPort = 5405;

    /// <summary>Slots of the zero-configuration loopback mode: the largest supported ring.</summary>
    public const int LoopbackSlotCount = 14;

    /// <summary>The longest <see cref="LoopbackName"/>, in UTF-8.</summary>
    public const int MaxLoopbackNameBytes = 128;

    /// <summary>How frames travel. Default <see cref="UdpTransportKind.Knet"/>, encrypted with the key that
    /// <see cref="Knet"/> names. The kinds that send in clear, so that everybody on the network can read and send, have
    /// to be named.</summary>
    public UdpTransportKind Kind { get; init; } = UdpTransportKind.Knet;

    /// <summary>Kronosnet: key, cipher, links.</summary>
    public KnetTransportOptions Knet { get; init; } = new();

    /// <summary>Every configured member, this one included; its entry is also what its sockets are bound to. Must stay
    /// empty for <see cref="UdpTransportKind.Loopback"/>, which knows its peers by rule.</summary>
    public IReadOnlyList<UdpPeer> Peers { get; init; } = [];

    /// <summary>Loopback: the port of slot 0; slot n takes the port n above it. Default 5405. Processes that shall meet
    /// need the same; test runs that shall not meet need bases at least <see cref="LoopbackSlotCount"/>
    /// apart.</summary>
    public int LoopbackPort { get; init; } = DefaultPort;

    /// <summary>Loopback: which ring of those with the same port; up to <see cref="MaxLoopbackNameBytes"/> bytes.
    /// Empty, the default here, is one name of many. Rings of different names do not hear each other, since the slots'
    /// address follows from the name.</summary>
    public string LoopbackName { get; init; } = "";

    /// <summary>Multicast: the group, or 255.255.255.255 for broadcast. Required for that kind, of
    /// the peers' family.</summary>
    public IPAddress? Group { get; init; }

    /// <summary>The same as a text, for configuration systems, which know no <see cref="IPAddress"/>.</summary>
    /// <exception cref="FormatException">It is set to something else than an address.</exception>
    public string? GroupAddress
    {
        get => Group?.ToString();
        init => Group = value is null ? null
            : IPAddress.TryParse(value, out var address) ? address
            : throw new FormatException($"'{value}' is no IP address");
    }

    /// <summary>Multicast: the port of the group. Default 5405. Frames are sent from the port below
    /// it, as corosync does.</summary>
    public int GroupPort { get; init; } = DefaultPort;

    /// <summary>Multicast: how many routers a frame may pass, and one. Default 1, corosync's: it
    /// stays on the link.</summary>
    public int MulticastTtl { get; init; } = 1;

    /// <summary>Unicast: whether datagrams of addresses that are no peer's are read. Default false (corosync's
    /// <c>block_unlisted_ips: yes</c>); they are counted as ignored. A multicast ring never checks,
    /// as corosync.</summary>
    public bool AcceptUnlistedSources { get; init; }

    /// <summary>
    /// Requested for each receiving socket; the kernel may grant less, which is logged once. Default 8 MiB. Linux
    /// charges a datagram of any size with 2304 bytes or more, with over 4 KiB where the interface puts each into a
    /// page, against twice what is granted here: that is room for 3,800 to 7,200 datagrams, several windows of a
    /// thousand. Less loses frames when the process is not scheduled, and the window grows no further than to what the
    /// smallest buffer granted holds (<c>RingOptions.MaxWindowSize</c>). Only what is in use takes memory.
    /// </summary>
    public int ReceiveBufferBytes { get; init; } = 8 << 20;

    /// <summary>Requested for the sending socket. Default 2 MiB. A full buffer drops frames, which
    /// the protocol repairs late.</summary>
    public int SendBufferBytes { get; init; } = 2 << 20;

    /// <summary>
    /// How soon silence towards the successor is broken by an empty datagram while it runs on this host, so that the
    /// kernel can say that its port is gone. Default 25 ms: a dead process is noticed well within 100 ms. On Linux
    /// members of one host also notice at once when a connection between them breaks, and probe less often while it
    /// stands. Zero turns both off. Receivers ignore empty datagrams.
    /// </summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Which system calls are used. Default <see cref="DatagramPath.Auto"/>.</summary>
    public DatagramPath Path { get; init; } = DatagramPath.Auto;

    /// <summary>
    /// Whether a burst goes to and comes from the kernel as one piece where Linux can do that (UDP_SEGMENT since 4.18,
    /// UDP_GRO since 5.0): much less work for each datagram, and the same datagrams on the wire. Default true; an
    /// interface that refuses is noticed and spared. False is for one that accepts and does it wrong.
    /// </summary>
    public bool SegmentationOffload { get; init; } = true;

    /// <summary>
    /// How long the ring's thread looks for datagrams before it sleeps: when the token is expected in about that time,
    /// while a rotation takes at most twice as long; and when the token has just left, while a rotation takes up to 2
    /// ms. Default 100 µs. Falling asleep and waking up take longer than everything else a member of a small ring does,
    /// and cost as much of the processor; between two looks any other thread that wants the core has it. Zero sleeps at
    /// once. A ring that is silent or has much to send is not concerned; milliseconds make every busy ring one that
    /// never sleeps, which takes a core for each member.
    /// </summary>
    public TimeSpan BusyPoll { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>Tests: the error number with which segmented sends are refused; 0 asks the kernel.</summary>
    internal int SegmentationRefusal { get; init; }

    /// <summary>Unicast: most of <see cref="Peers"/> are places for processes that do not run, so as on the loopback,
    /// who was not heard gets only what introduces us. Default false: corosync's way.</summary>
    internal bool HasSparsePeers { get; init; }

    /// <summary>The configuration file's name for the ring, for people.</summary>
    internal string ClusterName { get; init; } = "";

    /// <summary>The name of the ring, for people; empty when it has none.</summary>
    internal string Cluster => Kind == UdpTransportKind.Loopback ? LoopbackName : ClusterName;

    /// <summary>On Linux: processes of one host notice the end of each other at once, by a connection between them.
    /// Default true; measurements compare a ring without it.</summary>
    public bool IsWatchAllowed { get; init; } = true;

    /// <summary>Whether processes of this host are watched, where the system can.</summary>
    internal bool WatchesNeighbours => IsWatchAllowed && ProbeInterval > TimeSpan.Zero;

    /// <summary>Tests lose and duplicate datagrams here; null leaves them alone.</summary>
    public DatagramFilter? ReceiveFilter { get; init; }

    /// <summary>Every problem of these options at once; empty when they can be used.</summary>
    /// <param name="self">The member they are for; nobody when <see cref="UdpTransportKind.Loopback"/> chooses.</param>
    public IReadOnlyList<string> Validate(ProcessorId self)
    {
        var problems = new List<string>();
        Require(ReceiveBufferBytes >= 1 << 16, $"{nameof(ReceiveBufferBytes)} is {ReceiveBufferBytes}, expected 65536 "
            + "or more");
        Require(SendBufferBytes >= 1 << 16, $"{nameof(SendBufferBytes)} is {SendBufferBytes}, expected 65536 or more");
        Require(ProbeInterval == TimeSpan.Zero || ProbeInterval >= TimeSpan.FromMilliseconds(1),
            $"{nameof(ProbeInterval)} is {ProbeInterval}, expected 0 or at least 1 ms");
        Require(BusyPoll >= TimeSpan.Zero && BusyPoll <= TimeSpan.FromHours(1), $"{nameof(BusyPoll)} is {BusyPoll}, "
            + "expected 0 to an hour");
        if (Kind == UdpTransportKind.Loopback)
            ValidateLoopback(self, Require);
        else
            ValidatePeers(self, Require);
        if (Kind == UdpTransportKind.Multicast)
            ValidateGroup(Require);
        if (Kind == UdpTransportKind.Knet)
            Knet.Validate(Peers, self, Require);
        return problems;

        void Require(bool holds, string problem)
        {
            if (!holds)
                problems.Add(problem);
        }
    }

    private void ValidateLoopback(ProcessorId self, Action<bool, string> require)
    {
        const int highest = IPEndPoint.MaxPort - LoopbackSlotCount + 1;
        require(Peers.Count == 0, $"{nameof(Peers)} has {Peers.Count} entries, expected none: loopback peers follow "
            + $"from {nameof(LoopbackPort)}");
        require(
            LoopbackPort is >= 1 and <= highest, $"{nameof(LoopbackPort)} is {LoopbackPort}, expected 1 to {highest}");
        var nameBytes = Encoding.UTF8.GetByteCount(LoopbackName);
        require(nameBytes <= MaxLoopbackNameBytes, $"{nameof(LoopbackName)} has {nameBytes} bytes, expected at most "
            + $"{MaxLoopbackNameBytes}");
        require(
            Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(LoopbackName)) == LoopbackName,
            $"{nameof(LoopbackName)} has half of a surrogate pair, expected text that UTF-8 can say");
        require(self.Value <= LoopbackSlotCount, $"the loopback id is {self}, expected 1 to {LoopbackSlotCount}, or 0 "
            + "for any free one");
    }

    private void ValidatePeers(ProcessorId self, Action<bool, string> require)
    {
        require(Peers.Count <= ProcessorSet.MaxCount, $"{nameof(Peers)} has {Peers.Count} entries, expected at most "
            + $"{ProcessorSet.MaxCount}");
        require(Peers.Any(peer => peer.Id == self), $"{nameof(Peers)} has no entry for this processor ({self})");
        require(Peers.Select(peer => peer.EndPoint.AddressFamily).Distinct().Count() <= 1,
            $"{nameof(Peers)} mixes IPv4 and IPv6, expected one family");
        foreach (var group in Peers.GroupBy(peer => peer.Id).Where(group => group.Count() > 1))
            require(false, $"{nameof(Peers)} names processor {group.Key} {group.Count()} times, expected once");
        foreach (var group in Peers.GroupBy(peer => peer.EndPoint).Where(group => group.Count() > 1))
            require(false, $"{nameof(Peers)} names {group.Key} {group.Count()} times, expected once");
        foreach (var peer in Peers)
        {
            if (peer.Unreadable is { } text)
            {
                require(false, $"{nameof(Peers)}: '{text}' is no peer, expected ID=ADDRESS:PORT such as "
                    + "2=10.0.0.2:5405 or 2=[fd00::2]:5405");
                continue;
            }

            require(
                !peer.Id.IsNone, $"{nameof(Peers)} has an entry with id 0 ({peer.EndPoint}), expected ids from 1 up");
            require(peer.EndPoint.Port != 0, $"{nameof(Peers)}: the port of processor {peer.Id} is 0");
            require(!peer.EndPoint.Address.Equals(IPAddress.Any) && !peer.EndPoint.Address.Equals(IPAddress.IPv6Any),
                $"{nameof(Peers)}: processor {peer.Id} has the wildcard address, expected one that others can send to");
        }
    }

    private void ValidateGroup(Action<bool, string> require)
    {
        require(GroupPort is >= 2 and <= IPEndPoint.MaxPort, $"{nameof(GroupPort)} is {GroupPort}, expected 2 to "
            + $"{IPEndPoint.MaxPort}");
        require(MulticastTtl is >= 0 and <= 255, $"{nameof(MulticastTtl)} is {MulticastTtl}, expected 0 to 255");
        if (Group is null)
        {
            require(false, $"{nameof(Group)} is missing, expected a multicast address");
            return;
        }

        require(IsGroup(Group), $"{nameof(Group)} is {Group}, expected a multicast address or 255.255.255.255");
        require(Peers.All(peer => peer.EndPoint.AddressFamily == Group.AddressFamily),
            $"{nameof(Group)} is {Group}, expected the address family of {nameof(Peers)}");
    }

    /// <summary>Whether an address can be <see cref="Group"/>: one of multicast, or the broadcast
    /// of this network.</summary>
    public static bool IsGroup(IPAddress address)
        => address.AddressFamily == AddressFamily.InterNetworkV6
            ? address.IsIPv6Multicast
            : address.Equals(IPAddress.Broadcast) || (address.GetAddressBytes()[0] & 0xF0) == 0xE0;
}

/// <summary>A fault for tests: how many times a datagram that came in is handed on. 0 loses it, 2
/// duplicates it.</summary>
/// <param name="datagram">Valid during the call only, which is on the ring's thread.</param>
public delegate int DatagramFilter(ReadOnlySpan<byte> datagram);
