using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Corosync;

/// <summary>The <c>totem</c> section and the <c>interface</c> in it (WIRE §3 and §7; corosync's
/// totemconfig.c).</summary>
internal sealed class ConfTotem
{
    /// <summary>The least that corosync demands of every time but the hold, in ms.</summary>
    private const int TimeMin = 30;

    private const int HoldMin = 14;

    /// <summary>An hour: what is longer is another unit.</summary>
    private const int TokenMax = 3_600_000;

    /// <summary>The most that the receive window has room for.</summary>
    private const int WindowMax = 8000;

    private const int NetMtuMin = 576;
    private const int NetMtuMax = 65_000;
    private const int KnetMtuMax = 65_536;

    private readonly ConfMap _map;
    private readonly ConfReader _totem;
    private readonly ConfReader _interface;
    private readonly ConfProblems _problems;
    private readonly List<(int Line, string Text)> _notices;

    public ConfTotem(ConfMap map, ConfProblems problems, List<(int Line, string Text)> notices)
    {
        (_map, _problems, _notices) = (map, problems, notices);
        _totem = new ConfReader(map, problems, "totem");
        _interface = new ConfReader(map, problems, "totem.interface.0", "interface");
        ClusterName = _totem.Text("cluster_name") ?? "";
        if (!map.Has("totem"))
            problems.Add(0, "the section totem is missing, expected 'totem { version: 2 … }'");
        else if (_totem.Number("version") != 2)
            _totem.Wrong("version", "2");
        Kind = ReadTransport();
        if (Kind != UdpTransportKind.Knet)
        {
            RejectCrypto();
            RejectLinks();
        }

        IpVersion = _totem.Text("ip_version") ?? (Kind == UdpTransportKind.Multicast ? "ipv4" : "ipv6-4");
        ClearHighBit = _totem.IsYes("clear_node_high_bit");
    }

    public UdpTransportKind Kind { get; }

    public string ClusterName { get; }

    public string IpVersion { get; }

    public bool ClearHighBit { get; }

    public RingOptions ReadRing(ProcessorId self, int nodeCount)
    {
        var perNode = _totem.Number("token_coefficient") ?? 650;
        var token = _totem.NumberOr("token", 3000) + (int.Max(0, nodeCount - 2) * perNode);
        var retransmits = _totem.NumberOr("token_retransmits_before_loss_const", 4);
        var retransmit = _totem.NumberOr("token_retransmit", (long)(token / (retransmits + 0.2)));
        var hold = _totem.NumberOr("hold", (long)((retransmit * 0.8) - 10));
        var join = _totem.NumberOr("join", 50);
        var consensus = _totem.NumberOr("consensus", (long)(float)(1.2 * token));
        var merge = _totem.NumberOr("merge", 200);
        CheckTimes(token, retransmits, retransmit, hold, join, consensus, merge);
        var window =
            Bounded("window_size", _totem.NumberOr("window_size", 50), WindowMax, "the most there is room for");
        var perVisit = Bounded("max_messages", _totem.NumberOr("max_messages", 17), window, "totem.window_size");
        // corosync's default on kronosnet is 64 KiB, and a lost packet then costs 47; frames that
        // fill a packet of Ethernet cost one.
        var mtu = _totem.NumberOr("netmtu", 1500);
        var mtuMax = Kind == UdpTransportKind.Knet ? KnetMtuMax : NetMtuMax;
        if (mtu < NetMtuMin || mtu > mtuMax)
            _totem.Wrong("netmtu", $"a number from {NetMtuMin} to {mtuMax}");
        mtu = long.Min(mtu, NetMtuMax);
        if (_problems.HasAny)
            return new RingOptions { Self = self };
        // A retransmission that comes with the loss of the token, or a hold that lasts as long as a
        // retransmission, is none.
        retransmit = Bounded("token_retransmit", retransmit, token - 1, "less than totem.token");
        hold = Bounded("hold", hold, retransmit - 1, "less than totem.token_retransmit");
        var options = RingOptions.ForNodes(self, nodeCount, Milliseconds(token), TimeSpan.Zero);
        return options with
        {
            TokenRetransmit = Milliseconds(retransmit),
            TokenHold = Milliseconds(hold),
            ConsensusTimeout = Milliseconds(consensus),
            AloneTimeout = Milliseconds(consensus) < options.AloneTimeout ? Milliseconds(consensus)
                : options.AloneTimeout,
            JoinInterval = Milliseconds(join),
            MergeDetectInterval = Milliseconds(merge),
            IdleVisitsBeforeHold = (int)long.Min(int.MaxValue, _totem.NumberOr("seqno_unchanged_const", 30)),
            WindowSize = (int)window,
            MaxMessagesPerVisit = (int)perVisit,
            NetMtu = (int)mtu,
        };
    }

    public UdpTransportOptions ReadTransport(List<ConfNode> nodes, ILocalHost host)
    {
        if (Kind == UdpTransportKind.Knet)
        {
            var knet = new ConfKnet(_map, _totem, _problems, _notices).Read(nodes);
            return new UdpTransportOptions
            {
                ClusterName = ClusterName, Kind = Kind, Peers = knet.Links.Count > 0 ? knet.Links[0].Peers : [],
                    Knet = knet,
            };
        }

        var port = (int)_interface.NumberOr("mcastport", UdpTransportOptions.DefaultPort);
        // A multicast is sent from the port below.
        var portMin = Kind == UdpTransportKind.Multicast ? 2 : 1;
        if (port < portMin)
            _interface.Wrong("mcastport", $"a number from {portMin} to {IPEndPoint.MaxPort}");
        var ttl = (int)(_interface.Number("ttl") ?? 1);
        if (ttl != 1 && Kind != UdpTransportKind.Multicast)
            _interface.Wrong("ttl", "1, or 'transport: udp': only multicasts have another");
        if (_interface.Number("knet_link_priority") is not (null or 1))
            _interface.Wrong("knet_link_priority", "1: only kronosnet has another");
        return new UdpTransportOptions
        {
            ClusterName = ClusterName,
            Kind = Kind,
            Peers = [.. nodes.Select(node => new UdpPeer(node.Id, new IPEndPoint(node.Address, port)))],
            Group = ReadGroup(nodes, host),
            GroupPort = port,
            MulticastTtl = ttl,
            AcceptUnlistedSources = _totem.Text("block_unlisted_ips") == "no",
        };
    }

    private void CheckTimes(
        long token, long retransmits, long retransmit, long hold, long join, long consensus, long merge)
    {
        if (token > TokenMax)
        {
            _problems.Add(_totem.LineOf("token"), string.Create(CultureInfo.InvariantCulture,
                $"totem.token is {token} ms with token_coefficient, expected at most {TokenMax} ms"));
        }

        if (token < TimeMin)
            _totem.TooSmall("token", token, TimeMin, " ms");
        else if (retransmit < TimeMin && _totem.Number("token_retransmit") is null or 0)
            TokenTooSmall(token, retransmits);
        else if (retransmit < TimeMin)
            _totem.TooSmall("token_retransmit", retransmit, TimeMin, " ms");
        else if (hold < HoldMin)
            _totem.TooSmall("hold", hold, HoldMin, " ms");
        foreach (var (key, value) in (ReadOnlySpan<(string, long)>)[("join", join), ("consensus", consensus),
            ("merge", merge),
            ("downcheck", _totem.NumberOr("downcheck", 1000)),
            ("max_network_delay", _totem.NumberOr("max_network_delay", 50))])
        {
            if (value < TimeMin)
                _totem.TooSmall(key, value, TimeMin, " ms");
        }

        if (_totem.Number("token_warning") is > 100)
            _totem.Wrong("token_warning", "a percentage from 0 to 100");
        if (consensus >= join)
            return;
        var isJoin = _totem.Number("join") is > 0;
        var text = isJoin
            ? FormattableString.Invariant(
                $"totem.join is {join} ms, expected at most totem.consensus, which is {consensus} ms")
            : FormattableString.Invariant(
                $"totem.consensus is {consensus} ms, expected at least totem.join, which is {join} ms");
        _problems.Add(_totem.LineOf(isJoin ? "join" : "consensus"), text);
    }

    private void TokenTooSmall(long token, long retransmits)
    {
        var key = _totem.Number("token_retransmits_before_loss_const") is > 0
            ? "token_retransmits_before_loss_const"
            : "token";
        _problems.Add(_totem.LineOf(key), string.Create(CultureInfo.InvariantCulture,
            $"totem.token_retransmit would be {(long)(token / (retransmits + 0.2))} ms, expected at least {TimeMin} "
            + $"ms: totem.token is {token} ms, "
            + $"expected at least {(long)Math.Ceiling(TimeMin * (retransmits + 0.2))} ms with "
            + $"token_retransmits_before_loss_const {retransmits}"));
    }

    private long Bounded(string key, long value, long max, string bound)
    {
        if (value <= max)
            return value;
        if (_totem.Find(key) is { } entry)
            _notices.Add((entry.Line,
                string.Create(CultureInfo.InvariantCulture, $"totem.{key} is {value} and counts as {max}: {bound}")));
        return max;
    }

    private static TimeSpan Milliseconds(long value) => TimeSpan.FromMilliseconds(value);

    private UdpTransportKind ReadTransport()
    {
        switch (_totem.Text("transport"))
        {
            case "udpu":
                return UdpTransportKind.Unicast;
            case "udp":
                return UdpTransportKind.Multicast;
            case null or "knet":
                return UdpTransportKind.Knet;
            default:
                _totem.Wrong("transport", "knet, udpu or udp");
                return UdpTransportKind.Unicast;
        }
    }

    private void RejectCrypto()
    {
        foreach (var key in (ReadOnlySpan<string>)["crypto_cipher", "crypto_hash"])
        {
            if (_totem.Text(key) is not (null or "none"))
                _totem.Wrong(key, "none: udp and udpu carry frames in the clear, in corosync too");
        }

        // crypto_cipher and crypto_hash win over it.
        if (_totem.Text("secauth") == "on"
            && (_totem.Text("crypto_cipher"), _totem.Text("crypto_hash")) is not ("none", "none"))
            _totem.Wrong("secauth", "off: udp and udpu carry frames in the clear, in corosync too");
    }

    /// <summary>Only kronosnet has more than one.</summary>
    private void RejectLinks()
    {
        foreach (var link in _map.Indices("totem.interface").Where(link => link > 0))
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"totem.interface.{link}");
            if (Kind == UdpTransportKind.Unicast || _map.Find($"{path}.bindnetaddr") is not null)
                _problems.Add(_map.LineOf(path), $"interface {link}: udp and udpu have one link, expected one "
                    + $"interface with linknumber 0");
            else
                _notices.Add((_map.LineOf(path), $"interface {link} has no effect without bindnetaddr, as in corosync: "
                    + "udp has one link, 0"));
        }
    }

    private IPAddress? ReadGroup(List<ConfNode> nodes, ILocalHost host)
    {
        var family = nodes.Count > 0 ? nodes[0].Address.AddressFamily : AddressFamily.InterNetwork;
        var configured = _interface.Text("mcastaddr") is { } text
            ? ConfNodeList.Choose(host.Resolve(text), ConfNodeList.Families(IpVersion))
            : null;
        if (_interface.Text("mcastaddr") is not null && configured is null)
            _interface.Wrong("mcastaddr", $"a multicast address (ip_version {IpVersion})");
        if (Kind != UdpTransportKind.Multicast)
            return null;
        if (_interface.IsYes("broadcast"))
        {
            if (configured is not null)
                _notices.Add((_interface.LineOf("mcastaddr"), "interface.mcastaddr has no effect beside 'broadcast: "
                    + "yes', as in corosync"));
            if (family != AddressFamily.InterNetwork)
                _interface.Wrong("broadcast", "no: IPv6 has no broadcast");
            return IPAddress.Broadcast;
        }

        if (_interface.Text("mcastaddr") is null && _totem.Text("cluster_name") is null && _map.Has("totem"))
            _totem.Wrong("cluster_name", "one, or interface.mcastaddr: 'transport: udp' takes its multicast address "
                + "from either");
        var derived = MulticastAddress.Derive(ClusterName, family);
        if (configured is null)
            return derived;
        var isGroup = UdpTransportOptions.IsGroup(configured) && !configured.Equals(IPAddress.Broadcast);
        if (isGroup && configured.AddressFamily == family)
            return configured;
        var name = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
        _interface.Wrong("mcastaddr", $"a multicast address of the nodes' family ({name})");
        return derived;
    }
}
