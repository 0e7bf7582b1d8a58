using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Core;
using Totem.Core.Model;

namespace Totem.Transport.Udp.Corosync;

/// <summary>The <c>totem</c> section and the <c>interface</c> in it (wire.md sections 3 and 7).</summary>
internal sealed class ConfTotem
{
    private readonly ConfReader _totem;
    private readonly ConfReader? _interface;
    private readonly ConfProblems _problems;
    private readonly int _retransmitsBeforeLoss;

    public ConfTotem(ConfSection root, List<ConfReader> readers, ConfProblems problems)
    {
        _problems = problems;
        var section = root.Named("totem").LastOrDefault();
        if (section is null)
            problems.Add(0, "the section totem is missing, expected 'totem { version: 2 … transport: udpu }'");
        _totem = new ConfReader(section ?? new ConfSection("totem", 0), problems);
        readers.Add(_totem);
        _interface = ReadInterface(readers);

        _totem.OneOf("version", "2");
        ClusterName = _totem.Text("cluster_name") ?? "";
        Kind = ReadTransport(section is not null);
        RejectCrypto();
        IpVersion = _totem.OneOf("ip_version", "ipv4", "ipv6", "ipv4-6", "ipv6-4")
            ?? (Kind == UdpTransportKind.Multicast ? "ipv4" : "ipv6-4");
        ClearHighBit = _totem.YesNo("clear_node_high_bit") ?? false;
        _retransmitsBeforeLoss = _totem.Number("token_retransmits_before_loss_const", 1, 1000) ?? 4;
        // Right to stand here, without effect on this implementation: counts of token visits that we judge by time or
        // not at all, the heartbeat that nobody switches on, and what belongs to kronosnet or to corosync's own logs.
        _totem.Accept(
            "config_version", "token_warning", "send_join", "downcheck", "fail_recv_const", "miss_count_const",
            "heartbeat_failures_allowed", "max_network_delay", "cancel_token_hold_on_retransmit", "crypto_model", "keyfile",
            "key", "link_mode", "ip_dscp", "interface", "nodeid", "rrp_mode", "threads", "knet_pmtud_interval", "knet_mtu",
            "knet_compression_model", "knet_compression_threshold", "knet_compression_level", "allow_knet_handle_fallback");
    }

    public UdpTransportKind Kind { get; }

    public string ClusterName { get; }

    public string IpVersion { get; }

    public bool ClearHighBit { get; }

    public int Line => _totem.Section.Line;

    public RingOptions ReadRing(ProcessorId self, int nodeCount)
    {
        var options = RingOptions.ForNodes(self, nodeCount, _totem.Milliseconds("token", 30), _totem.Milliseconds("token_coefficient", 0));
        // The derived values follow the configured ones, as in corosync: retransmit from token, hold from retransmit.
        var token = options.TokenTimeout.TotalMilliseconds;
        var retransmit = _totem.Milliseconds("token_retransmit", 30)
            ?? TimeSpan.FromMilliseconds(Math.Max(30, Math.Floor(token / (_retransmitsBeforeLoss + 0.2))));
        var hold = _totem.Milliseconds("hold", 14)
            ?? TimeSpan.FromMilliseconds(Math.Max(14, Math.Floor(0.8 * retransmit.TotalMilliseconds - 10)));
        var consensus = _totem.Milliseconds("consensus", 30) ?? options.ConsensusTimeout;
        options = options with
        {
            TokenRetransmit = retransmit,
            TokenHold = hold,
            ConsensusTimeout = consensus,
            AloneTimeout = consensus < options.AloneTimeout ? consensus : options.AloneTimeout,
            JoinInterval = _totem.Milliseconds("join", 30) ?? options.JoinInterval,
            MergeDetectInterval = _totem.Milliseconds("merge", 30) ?? options.MergeDetectInterval,
            IdleVisitsBeforeHold = _totem.Number("seqno_unchanged_const", 1, 1_000_000) ?? options.IdleVisitsBeforeHold,
            WindowSize = _totem.Number("window_size", 1, 8000) ?? options.WindowSize,
            MessagesPerVisitMax = _totem.Number("max_messages", 1, 8000) ?? options.MessagesPerVisitMax,
            NetMtu = _totem.Number("netmtu", 576, 65_000) ?? options.NetMtu,
        };
        return options;
    }

    /// <summary>Values that are right alone can be wrong together. Told in the file's words, at the line of one that stands in it.</summary>
    public void CheckTogether(RingOptions ring)
    {
        var (token, retransmit) = (ring.TokenTimeout.TotalMilliseconds, ring.TokenRetransmit.TotalMilliseconds);
        if (token > ConfReader.MillisecondsMax)
        {
            _problems.Add(_totem.LineOf("token"), string.Create(
                CultureInfo.InvariantCulture, $"totem.token is {token} ms with token_coefficient, expected at most {ConfReader.MillisecondsMax} ms"));
        }

        CheckBelow("token_retransmit", retransmit, "token", token, " ms");
        CheckBelow("hold", ring.TokenHold.TotalMilliseconds, "token_retransmit", retransmit, " ms");
        CheckBelow("join", ring.JoinInterval.TotalMilliseconds, "consensus", ring.ConsensusTimeout.TotalMilliseconds, " ms", orEqual: true);
        CheckBelow("max_messages", ring.MessagesPerVisitMax, "window_size", ring.WindowSize, "", orEqual: true);
    }

    private void CheckBelow(string low, double lowValue, string high, double highValue, string unit, bool orEqual = false)
    {
        if (lowValue < highValue || (orEqual && lowValue <= highValue))
            return;
        var isLow = _totem.Text(low) is not null;
        var (key, value, other, bound) = isLow ? (low, lowValue, high, highValue) : (high, highValue, low, lowValue);
        var relation = (isLow, orEqual) switch
        {
            (true, false) => "less than",
            (true, true) => "at most",
            (false, false) => "more than",
            _ => "at least",
        };
        _problems.Add(
            _totem.LineOf(key),
            string.Create(CultureInfo.InvariantCulture, $"totem.{key} is {value}{unit}, expected {relation} totem.{other}, which is {bound}{unit}"));
    }

    public UdpTransportOptions ReadTransport(List<ConfNode> nodes)
    {
        var port = _interface?.Number("mcastport", 2, IPEndPoint.MaxPort) ?? UdpTransportOptions.DefaultPort;
        return new UdpTransportOptions
        {
            Kind = Kind,
            Peers = [.. nodes.Select(node => new UdpPeer(node.Id, new IPEndPoint(node.Address, port)))],
            Group = Kind == UdpTransportKind.Multicast ? ReadGroup(nodes) : null,
            GroupPort = port,
            MulticastTtl = _interface?.Number("ttl", 0, 255) ?? 1,
            AcceptUnlistedSources = !(_totem.YesNo("block_unlisted_ips") ?? true),
        };
    }

    private ConfReader? ReadInterface(List<ConfReader> readers)
    {
        ConfReader? first = null;
        foreach (var section in _totem.Section.Named("interface"))
        {
            var reader = new ConfReader(section, _problems);
            readers.Add(reader);
            var number = reader.Number("linknumber", 0, 7) ?? reader.Number("ringnumber", 0, 7) ?? 0;
            if (number != 0 || first is not null)
                _problems.Add(section.Line, $"interface {number}: udp and udpu have one link, expected one interface with linknumber 0");
            else
                first = reader;
            // All of them are looked at here, so that none is called unknown because of the transport. The address to bind
            // to is the node list's, which is exact; bindnetaddr only had to find it.
            reader.Address("bindnetaddr");
            reader.Accept("mcastport", "ttl", "mcastaddr", "broadcast", "knet_link_priority", "knet_ping_interval",
                "knet_ping_timeout", "knet_ping_precision", "knet_pong_count", "knet_transport");
        }

        return first;
    }

    private UdpTransportKind ReadTransport(bool present)
    {
        var text = _totem.Text("transport");
        if (present && text is null or "knet")
        {
            _totem.Wrong("transport", "udpu or udp: kronosnet, corosync's default, wraps frames in packets of its own; "
                + "write 'transport: udpu' on every node of the cluster");
            return UdpTransportKind.Unicast;
        }

        return present && _totem.OneOf("transport", "udpu", "udp") == "udp" ? UdpTransportKind.Multicast : UdpTransportKind.Unicast;
    }

    private void RejectCrypto()
    {
        foreach (var key in (ReadOnlySpan<string>)["crypto_cipher", "crypto_hash"])
        {
            if (_totem.Text(key) is not (null or "none"))
                _totem.Wrong(key, "none: udp and udpu carry frames in the clear, in corosync too");
        }

        if (_totem.YesNo("secauth") == true)
            _totem.Wrong("secauth", "off: udp and udpu carry frames in the clear, in corosync too");
    }

    private IPAddress ReadGroup(List<ConfNode> nodes)
    {
        var family = nodes.Count > 0 ? nodes[0].Address.AddressFamily : AddressFamily.InterNetwork;
        var configured = _interface?.Address("mcastaddr");
        if (_interface?.YesNo("broadcast") == true)
        {
            if (configured is not null)
                _interface.Wrong("mcastaddr", "nothing beside 'broadcast: yes'");
            if (family != AddressFamily.InterNetwork)
                _interface.Wrong("broadcast", "no: IPv6 has no broadcast");
            return IPAddress.Broadcast;
        }

        var derived = MulticastAddress.Derive(ClusterName, family);
        if (configured is null || (UdpTransportOptions.IsGroup(configured) && configured.AddressFamily == family))
            return configured ?? derived;
        var name = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
        _interface!.Wrong("mcastaddr", $"a multicast address of the nodes' family ({name})");
        return derived;
    }
}
