using System.Net;
using Microsoft.Extensions.Logging;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Host;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>WIRE §3 and §7; corosync.conf(5).</summary>
public sealed class CorosyncConfTests
{
    private const string ThreeNodes = """
        nodelist {
            node {
                ring0_addr: 10.88.0.1
                name: a
                nodeid: 1
            }
            node {
                ring0_addr: 10.88.0.2
                name: b
                nodeid: 2
            }
            node {
                ring0_addr: 10.88.0.3
                nodeid: 3
            }
        }
        """;

    /// <summary>The lines that every file needs and no line of a test is about stand behind it, in sections that add to
    /// the first.</summary>
    private static CorosyncConf Parse(string totem, string rest = ThreeNodes, HostTable? host = null, uint? self = null)
    {
        var behind = $"\n{totem}".Contains("\nversion:", StringComparison.Ordinal) ? "" : "version: 2\n";
        behind += totem.Contains("cluster_name:", StringComparison.Ordinal) ? "" : "cluster_name: wf\n";
        return CorosyncConf.Parse(
            $"# a comment\ntotem {{\n{totem}\n}}\n{rest}\ntotem {{\n{behind}}}\n", "c.conf",
            self is { } id ? new ProcessorId(id) : null, host ?? new HostTable("h", "10.88.0.2"));
    }

    private static IReadOnlyList<string> Problems(
        string totem, string rest = ThreeNodes, HostTable? host = null, uint? self = null)
        => Assert.Throws<CorosyncConfException>(() => Parse(totem, rest, host, self)).Problems;

    [Fact]
    public void Defaults_are_those_of_corosync_for_three_nodes()
    {
        var conf = Parse("version: 2\ntransport: udpu\ncluster_name: wf");

        Assert.Equal(new ProcessorId(2), conf.Ring.Self);
        Assert.Equal(ProcessorSet.Of(new ProcessorId(1), new ProcessorId(2), new ProcessorId(3)), conf.Ring.Allowed);
        Assert.Equal(3650, conf.Ring.TokenTimeout.TotalMilliseconds);
        Assert.Equal(869, conf.Ring.TokenRetransmit.TotalMilliseconds);
        Assert.Equal(685, conf.Ring.TokenHold.TotalMilliseconds);
        Assert.Equal(4380, conf.Ring.ConsensusTimeout.TotalMilliseconds);
        Assert.Equal(50, conf.Ring.JoinInterval.TotalMilliseconds);
        Assert.Equal(200, conf.Ring.MergeDetectInterval.TotalMilliseconds);
        Assert.Equal(UdpTransportKind.Unicast, conf.Transport.Kind);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("10.88.0.3"), 5405), conf.Transport.Peers[2].EndPoint);
        Assert.False(conf.Transport.AcceptUnlistedSources);
        Assert.Empty(conf.Notices);
    }

    [Theory]
    [InlineData("", true, null)]
    [InlineData("sched_rr: yes", true, null)]
    [InlineData("sched_rr: no", false, null)]
    [InlineData("sched_rr: no\npriority: max", false, -20)]
    [InlineData("sched_rr: no\npriority: min", false, 19)]
    [InlineData("sched_rr: no\npriority: -5", false, -5)]
    [InlineData("priority: 7\nsched_rr: no\nmove_to_root_cgroup: auto\nqb_ipc_type: shm\nstate_dir: /x", false, 7)]
    // corosync.conf(5): valid only when sched_rr is no.
    [InlineData("sched_rr: yes\npriority: min", true, null)]
    public void The_system_section_schedules_the_rings_thread(string system, bool isRealTime, int? niceness)
    {
        var conf = Parse("version: 2\ntransport: udpu", $"{ThreeNodes}\nsystem {{\n{system}\n}}");
        Assert.Equal((isRealTime, niceness), (conf.Scheduling.IsRealTime, conf.Scheduling.Niceness));
        Assert.Empty(conf.Notices);
    }

    [Fact]
    public void The_values_of_the_system_section_are_told()
    {
        var problems =
            Problems("version: 2\ntransport: udpu", $"system {{\nsched_rr: maybe\npriority: high\n}}\n{ThreeNodes}");
        Assert.Equal(
            ["c.conf:7: system.sched_rr is 'maybe', expected yes or no", "c.conf:8: system.priority is 'high', "
                + "expected max, min or a niceness from -20 to 19"],
            problems);
    }

    [Theory]
    [InlineData(1, 3000, 714, 561, 3600)]
    [InlineData(2, 3000, 714, 561, 3600)]
    [InlineData(3, 3650, 869, 685, 4380)]
    [InlineData(4, 4300, 1023, 808, 5160)]
    [InlineData(5, 4950, 1178, 932, 5940)]
    [InlineData(8, 6900, 1642, 1303, 8280)]
    public void Timeouts_follow_the_number_of_nodes(int nodes, int token, int retransmit, int hold, int consensus)
    {
        var list = string.Concat(Enumerable.Range(1, nodes)
            .Select(n => $"node {{\nring0_addr: 10.0.0.{n}\nnodeid: {n}\n}}\n"));

        var ring = Parse("transport: udpu", $"nodelist {{\n{list}}}", self: 1).Ring;

        Assert.Equal((token, retransmit, hold, consensus), (
            (int)ring.TokenTimeout.TotalMilliseconds, (int)ring.TokenRetransmit.TotalMilliseconds,
            (int)ring.TokenHold.TotalMilliseconds, (int)ring.ConsensusTimeout.TotalMilliseconds));
    }

    [Fact]
    public void Configured_numbers_win_and_the_derived_ones_follow_them()
    {
        var ring = Parse("""
            transport: udpu
            token: 1000
            token_coefficient: 0
            token_retransmits_before_loss_const: 9
            join: 60
            merge: 300
            window_size: 80
            max_messages: 20
            netmtu: 9000
            seqno_unchanged_const: 7
            """).Ring;

        Assert.Equal(1000, ring.TokenTimeout.TotalMilliseconds);
        Assert.Equal(Math.Floor(1000 / 9.2), ring.TokenRetransmit.TotalMilliseconds);
        Assert.Equal(Math.Floor(0.8 * 108 - 10), ring.TokenHold.TotalMilliseconds);
        Assert.Equal(1200, ring.ConsensusTimeout.TotalMilliseconds);
        Assert.Equal((60, 300), (ring.JoinInterval.TotalMilliseconds, ring.MergeDetectInterval.TotalMilliseconds));
        Assert.Equal(
            (80, 20, 9000, 7), (ring.WindowSize, ring.MaxMessagesPerVisit, ring.NetMtu, ring.IdleVisitsBeforeHold));
    }

    [Fact]
    public void Explicit_retransmit_hold_and_consensus_are_taken()
    {
        var ring = Parse("transport: udpu\ntoken_retransmit: 400\nhold: 100\nconsensus: 5000").Ring;

        Assert.Equal((400, 100, 5000), (
            ring.TokenRetransmit.TotalMilliseconds, ring.TokenHold.TotalMilliseconds,
            ring.ConsensusTimeout.TotalMilliseconds));
    }

    [Theory]
    [InlineData("wf", "239.192.1.85")] // WIRE §3.1: 119·2+102 = 340 = 0x0154, 340 mod 255 = 85
    [InlineData("", "239.192.0.0")]
    [InlineData("é", "239.192.255.47")] // signed bytes: -61·2-87 = -209 = 0xFF2F, 65327 mod 255 = 47
    public void Multicast_address_follows_from_the_cluster_name(string name, string expected)
        => Assert.Equal(
            expected, MulticastAddress.Derive(name, System.Net.Sockets.AddressFamily.InterNetwork).ToString());

    [Fact]
    public void Multicast_address_of_ipv6_ends_with_the_same_number()
        => Assert.Equal("ff15::154", MulticastAddress.Derive("wf", System.Net.Sockets.AddressFamily.InterNetworkV6)
            .ToString());

    [Fact]
    public void Udp_has_a_group_and_udpu_has_none()
    {
        var udp = Parse("transport: udp\ncluster_name: wf\ninterface {\nlinknumber: 0\nmcastport: 6000\nttl: "
            + "3\n}").Transport;

        Assert.Equal((UdpTransportKind.Multicast, "239.192.1.85", 6000, 3),
            (udp.Kind, udp.Group!.ToString(), udp.GroupPort, udp.MulticastTtl));
        Assert.Equal(6000, udp.Peers[0].EndPoint.Port);
        Assert.Null(Parse("transport: udpu").Transport.Group);
        Assert.Equal("255.255.255.255",
            Parse("transport: udp\ninterface {\nbroadcast: yes\n}").Transport.Group!.ToString());
        Assert.Equal("239.1.2.3", Parse("transport: udp\ninterface {\nmcastaddr: 239.1.2.3\nbindnetaddr: "
            + "10.88.0.0\n}").Transport.Group!.ToString());
    }

    [Fact]
    public void Ids_follow_from_ipv4_addresses()
    {
        const string list = "nodelist {\nnode {\nring0_addr: 200.88.0.1\n}\n}";

        Assert.Equal(0xC8580001u, Parse("transport: udpu", list, new HostTable("h", "200.88.0.1")).Ring.Self.Value);
        Assert.Equal(0x48580001u,
            Parse("transport: udpu\nclear_node_high_bit: yes", list, new HostTable("h", "200.88.0.1")).Ring.Self.Value);
    }

    private const string TwoLinks = """
        nodelist {
            node {
                nodeid: 1
                name: a
                ring0_addr: 10.88.0.1
                ring3_addr: fd00::1
            }
            node {
                nodeid: 2
                name: b
                ring0_addr: 10.88.0.2
                ring3_addr: fd00::2
            }
        }
        """;

    [Fact]
    public void Kronosnet_is_the_default_and_all_its_keys_are_read()
    {
        var transport = Parse(
            "secauth: on\nlink_mode: active\nkeyfile: /k\nknet_pmtud_interval: 60\nknet_mtu: "
            + "1400\nknet_compression_model: zlib\n"
            + "knet_compression_threshold: 200\nknet_compression_level: 3\naead: no\ninterface {\nlinknumber: "
            + "3\nmcastport: 6000\nknet_link_priority: 5\n"
            + "knet_ping_interval: 300\nknet_ping_timeout: 900\nknet_ping_precision: 10\nknet_pong_count: 4\n}",
            TwoLinks, new HostTable("a")).Transport;
        Assert.Equal(UdpTransportKind.Knet, transport.Kind);
        var knet = transport.Knet;
        Assert.Equal((PacketCipher.Aes256, PacketHash.Sha256, AeadRule.Refused, LinkPolicy.Active),
            (knet.Cipher, knet.Hash, knet.Aead, knet.Policy));
        Assert.Equal(("/k", 60, 1400), (knet.KeyFile, knet.PathMtuInterval.TotalSeconds, knet.FixedMtu));
        Assert.Equal(
            (PacketCompression.Zlib, 200, 3), (knet.Compression, knet.CompressionThreshold, knet.CompressionLevel));
        Assert.Equal(["10.88.0.1:5405", "10.88.0.2:5405"], transport.Peers.Select(x => x.EndPoint.ToString()));
        Assert.Equal([0, 3], knet.Links.Select(x => x.Number));
        Assert.Equal((1, null, null), (knet.Links[0].Priority, knet.Links[0].PingInterval, knet.Links[0].PingTimeout));
        Assert.Equal(["[fd00::1]:6000", "[fd00::2]:6000"], knet.Links[1].Peers.Select(x => x.EndPoint.ToString()));
        Assert.Equal((5, 300, 900, 10, 4), (knet.Links[1].Priority, knet.Links[1].PingInterval!.Value.TotalMilliseconds,
            knet.Links[1].PingTimeout!.Value.TotalMilliseconds, knet.Links[1].PingPrecision, knet.Links[1].PongCount));
    }

    [Theory]
    [InlineData("secauth: on", PacketCipher.Aes256, PacketHash.Sha256)]
    [InlineData("secauth: on\ncrypto_cipher: aes128\ncrypto_hash: sha1", PacketCipher.Aes128, PacketHash.Sha1)]
    [InlineData("crypto_hash: sha512", PacketCipher.None, PacketHash.Sha512)]
    [InlineData("secauth: on\ncrypto_cipher: none\ncrypto_hash: none", PacketCipher.None, PacketHash.None)]
    [InlineData("version: 2", PacketCipher.None, PacketHash.None)]
    public void The_keys_of_encryption_win_over_secauth(string totem, PacketCipher cipher, PacketHash hash)
    {
        var knet = Parse(totem, host: new HostTable("h", "10.88.0.1")).Transport.Knet;
        Assert.Equal((cipher, hash, hash == PacketHash.None ? null : "/etc/corosync/authkey"),
            (knet.Cipher, knet.Hash, knet.KeyFile));
    }

    [Theory]
    [InlineData("name: b", "name: ", "c.conf:14: node.name is")]
    [InlineData("ring3_addr: fd00::2", "ring2_addr: fd00::2", "c.conf:12: the node's links are ring0_addr, ring2_addr, "
        + "expected ring0_addr, ring3_addr as in line 6")]
    [InlineData("ring3_addr: fd00::2", "ring3_addr: fd00::1", "c.conf:12: node.ring3_addr fd00::1 stands in "
        + "line 6 too")]
    [InlineData("ring3_addr: fd00::2", "ring3_addr: 10.1.1.1", "c.conf:12: node.ring3_addr 10.1.1.1 is of another "
        + "address family")]
    [InlineData("ring3_addr: fd00::2", "ring8_addr: fd00::2", "c.conf:16: node.ring8_addr: expected ring0_addr to "
        + "ring7_addr")]
    [InlineData("nodeid: 2", "nodeid: 70000", "c.conf:13: node.nodeid is '70000', expected a number from 1 to 65535")]
    public void Links_that_do_not_fit_together_are_named(string good, string bad, string expected)
        => Assert.Contains(
            Problems("version: 2", TwoLinks.Replace(good, bad, StringComparison.Ordinal), new HostTable("a")),
            problem => problem.StartsWith(expected, StringComparison.Ordinal));

    [Fact]
    public void Host_name_wins_over_addresses_and_its_domain_does_not_matter()
    {
        Assert.Equal(1u,
            Parse("transport: udpu", host: new HostTable("a.example.org", "10.88.0.2", "10.88.0.3")).Ring.Self.Value);
        Assert.Equal(3u, Parse("transport: udpu", host: new HostTable("h", "10.88.0.3")).Ring.Self.Value);
        Assert.Equal(3u, Parse("transport: udpu", self: 3).Ring.Self.Value);
    }

    [Theory]
    [InlineData("udpu", "fd00::7")]
    [InlineData("udp", "10.0.0.7")]
    public void Names_are_resolved_to_the_family_the_transport_prefers(string transport, string expected)
    {
        var host = new HostTable("seven") { Names = { ["seven"] = ["10.0.0.7", "fd00::7"] } };

        var conf = Parse($"transport: {transport}", "nodelist {\nnode {\nring0_addr: seven\nnodeid: 7\n}\n}", host);

        Assert.Equal(expected, conf.Transport.Peers[0].EndPoint.Address.ToString());
    }

    /// <summary>Members talk in one family: a host whose own name has another address too does not
    /// stand alone.</summary>
    [Theory]
    [InlineData("udpu", "10.0.0.1 fe80::1", "10.0.0.2", "10.0.0.1 10.0.0.2")]
    [InlineData("udpu", "fd00::1 10.0.0.1", "fd00::2", "fd00::1 fd00::2")]
    [InlineData("udpu", "10.0.0.1 fd00::1", "10.0.0.2 fd00::2", "fd00::1 fd00::2")]
    [InlineData("udpu\nip_version: ipv4-6", "10.0.0.1 fd00::1", "fd00::2", "fd00::1 fd00::2")]
    public void The_family_follows_the_peers(string transport, string own, string other, string expected)
    {
        var host =
            new HostTable("n1", own.Split(' ')) { Names = { ["n1"] = own.Split(' '), ["n2"] = other.Split(' ') } };

        var conf = Parse($"transport: {transport}", "nodelist {\nnode {\nring0_addr: n1\nnodeid: 1\n}\nnode "
            + "{\nring0_addr: n2\nnodeid: 2\n}\n}", host);

        Assert.Equal(expected, string.Join(' ', conf.Transport.Peers.Select(peer => peer.EndPoint.Address)));
        Assert.Equal(1u, conf.Ring.Self.Value);
    }

    [Fact]
    public void Names_without_a_common_family_are_told_apart()
    {
        var host = new HostTable("n1", "10.0.0.1") { Names = { ["n1"] = ["10.0.0.1"], ["n2"] = ["fd00::2"] } };
        var problem = Assert.Single(Problems("transport: udpu", "nodelist {\nnode {\nring0_addr: n1\nnodeid: "
            + "1\n}\nnode {\nring0_addr: n2\nnodeid: 2\n}\n}", host));
        Assert.Equal("c.conf:10: node.ring0_addr n2, which is fd00::2, is of another address family than 10.0.0.1 in "
            + "line 6", problem);
    }

    /// <summary>Debian's /etc/hosts.</summary>
    [Fact]
    public void A_name_that_is_this_hosts_alone_is_told()
    {
        var host = new HostTable("n1", "10.0.0.1", "127.0.0.1") { Names = { ["n1"] = ["127.0.1.1"] } };
        var conf = Parse("transport: udpu", "nodelist {\nnode {\nring0_addr: n1\nnodeid: 1\n}\nnode {\nring0_addr: "
            + "10.0.0.2\nnodeid: 2\n}\n}", host);
        Assert.StartsWith("c.conf:6: node.ring0_addr n1, which is 127.0.1.1, is an address of this host alone: node 1 "
            + "and the other nodes will not hear each other",
            Assert.Single(conf.Notices), StringComparison.Ordinal);
    }

    /// <summary>Not by .NET's resolver, which adds every address of every interface to this host's own name.</summary>
    [LinuxFact]
    public void This_hosts_name_is_resolved_as_its_peers_resolve_it()
    {
        var (exitCode, said) = SystemCommand.TryRun($"getent ahosts {Environment.MachineName}");
        var expected = exitCode == 0 ? said.Split('\n').Select(line => line.Split(' ')[0])
            .Distinct(StringComparer.Ordinal) : [];
        Assert.Equal(expected.Order(StringComparer.Ordinal),
            new LocalHost().Resolve(Environment.MachineName).Select(address => address.ToString())
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Link_local_addresses_are_on_the_link_of_our_own()
    {
        UdpPeer[] peers = [Peer(1, "fe80::1%7"), Peer(2, "fe80::2"), Peer(3, "fe80::3%9"), Peer(4, "fd00::4")];
        Assert.Equal([7L, 7, 9, 0], PeerScopes.WithScopes(peers, new ProcessorId(1))
            .Select(peer => peer.EndPoint.Address.ScopeId));

        static UdpPeer Peer(uint id, string address) =>
            new(new ProcessorId(id), new IPEndPoint(IPAddress.Parse(address), 5405));
    }

    [Fact]
    public void Subsystems_have_levels_of_their_own()
    {
        var logging = Parse("transport: udpu", ThreeNodes + """

            logging {
                to_stderr: no
                debug: on
                syslog_facility: local6
                syslog_priority: warning
                timestamp: off
                logger_subsys {
                    subsys: TOTEM
                    logfile_priority: err
                    to_syslog: no
                }
            }
            """).Logging;
        Assert.Equal((LogLevel.Debug, LogLevel.Debug, 22, LogTimestamp.None),
            (logging.Level, logging.SyslogLevel, logging.SyslogFacility, logging.Timestamp));
        var totem = logging.For("TOTEM");
        Assert.Equal((LogLevel.Error, LogLevel.Information, false), (totem.Level, totem.SyslogLevel, totem.ToSyslog));
        Assert.Same(logging, logging.For("MAIN"));
    }

    [Fact]
    public void Logging_is_read()
    {
        var conf = Parse("transport: udpu", ThreeNodes + "\nlogging {\ndebug: on\nto_stderr: yes\nto_logfile: "
            + "yes\nlogfile: /l\n}");

        Assert.Equal((LogLevel.Debug, true, true, "/l"),
            (conf.Logging.Level, conf.Logging.ToStandardError, conf.Logging.ToSyslog, conf.Logging.LogFile));
    }

    [Fact]
    public void Unknown_keys_and_sections_are_named_once_each_with_their_line()
    {
        var conf = Parse("transport: udpu\ntokn: 5", ThreeNodes + "\nquorum {\nanything: 1\n}\nnodelst {\nnode "
            + "{\n}\n}");

        Assert.Equal("c.conf:4: unknown key 'totem.tokn', did you mean 'token'?|c.conf:23: "
            + "unknown key 'quorum.anything'|c.conf:25: unknown section 'nodelst', did you mean 'nodelist'?",
            string.Join('|', conf.Notices));
    }

    [Theory]
    [InlineData("transport: tcp", "c.conf:3: totem.transport is 'tcp', expected knet, udpu or udp")]
    [InlineData("crypto_cipher: aes256", "c.conf:2: totem.crypto_hash is missing, expected md5, sha1, sha256, sha384 "
        + "or sha512: crypto_cipher requires a hash")]
    [InlineData("knet_mtu: 100", "c.conf:3: totem.knet_mtu is '100', expected 0, or a number from 576 to 65535")]
    [InlineData("knet_compression_model: lz4", "c.conf:3: totem.knet_compression_model is 'lz4', expected zlib")]
    [InlineData("aead: only", "c.conf:3: totem.aead is 'only', expected yes or no")]
    [InlineData("interface {\nlinknumber: 9\nmcastport: 1\n}", "c.conf:3: interface.linknumber is 9, expected 0 to 7")]
    [InlineData("interface {\nknet_transport: sctp\n}", "c.conf:4: interface.knet_transport is 'sctp', expected udp")]
    [InlineData("interface {\nttl: 3\n}", "c.conf:4: interface.ttl is '3', expected 1")]
    [InlineData("crypto_hash: sha256\nkey: short", "c.conf:4: totem.key has 5 bytes, expected 128 or more")]
    [InlineData("transport: udpu\nversion: 1", "c.conf:4: totem.version is '1', expected 2")]
    [InlineData("transport: udpu\ncrypto_cipher: aes256", "c.conf:4: totem.crypto_cipher is 'aes256', expected none")]
    [InlineData("transport: udpu\ncrypto_hash: sha1", "c.conf:4: totem.crypto_hash is 'sha1', expected none")]
    [InlineData("transport: udpu\nsecauth: on", "c.conf:4: totem.secauth is 'on', expected off")]
    [InlineData("transport: udpu\ntoken: 3s", "c.conf:4: totem.token is '3s', expected a number from 0 to 4294967295")]
    [InlineData("transport: udpu\ntoken: -5", "c.conf:4: totem.token is '-5', expected a number from 0 to 4294967295")]
    [InlineData("transport: udpu\nip_version: 4", "c.conf:4: totem.ip_version is '4', expected ipv4, ipv6, ipv6-4 or "
        + "ipv4-6")]
    [InlineData("transport: udpu\nblock_unlisted_ips: maybe", "c.conf:4: totem.block_unlisted_ips is 'maybe', expected "
        + "yes or no")]
    [InlineData("transport: udp\ninterface {\nmcastaddr: 10.0.0.1\n}", "c.conf:5: interface.mcastaddr is '10.0.0.1', "
        + "expected a multicast")]
    [InlineData("transport: udp\ninterface {\nmcastaddr: ff15::1\n}", "c.conf:5: interface.mcastaddr is 'ff15::1', "
        + "expected a multicast")]
    [InlineData("transport: udp\ninterface {\nmcastport: 70000\n}", "c.conf:5: interface.mcastport is '70000', "
        + "expected a number from 0 to 65535")]
    [InlineData("transport: udpu\ninterface {\nlinknumber: 1\nmcastport: 5407\n}", "c.conf:4: interface 1: udp and "
        + "udpu have one link")]
    [InlineData("transport: udpu\ngarbage", "c.conf:4: 'garbage' is neither")]
    public void Wrong_values_name_file_line_and_what_was_expected(string totem, string expected)
        => Assert.StartsWith(expected, Assert.Single(Problems(totem)), StringComparison.Ordinal);

    [Theory]
    [InlineData("nodelist {\n}", "c.conf: nodelist is missing")]
    [InlineData("nodelist {\nnode {\nnodeid: 1\n}\n}", "c.conf:6: node.ring0_addr is missing")]
    [InlineData("nodelist {\nnode {\nring0_addr: nowhere\nnodeid: 1\n}\n}", "c.conf:7: node.ring0_addr is 'nowhere'")]
    [InlineData("nodelist {\nnode {\nring0_addr: fd00::1\n}\n}", "c.conf:6: node.nodeid is missing")]
    [InlineData("nodelist {\nnode {\nring0_addr: 10.88.0.2\nnodeid: one\n}\n}", "c.conf:8: node.nodeid is 'one'")]
    [InlineData("nodelist {\nnode {\nring0_addr: 10.88.0.2\nring1_addr: 10.89.0.2\nnodeid: 4\n}\n}", "c.conf:8: "
        + "node.ring1_addr: udp and udpu have one link")]
    [InlineData("nodelist {\nnode {\nring0_addr: 10.9.9.9\nnodeid: 4\n}\n}", "c.conf: no node of the list has the "
        + "name (h)")]
    [InlineData("nodelist {\nnode {\nring0_addr: 10.88.0.2\nnodeid: 4\n}\nnode {\nring0_addr: 10.88.0.9\nnodeid: "
        + "4\n}\n}", "c.conf:10: node.nodeid 4 stands in line 6 too")]
    [InlineData("nodelist {\nnode {\nring0_addr: 10.88.0.2\nnodeid: 4\n}\nnode {\nring0_addr: fd00::9\nnodeid: 5\n}\n}",
        "c.conf:10: node.ring0_addr fd00::9 is of another address family")]
    public void Wrong_node_lists_are_refused(string list, string expected)
        => Assert.Contains(
            Problems("transport: udpu", list), problem => problem.StartsWith(expected, StringComparison.Ordinal));

    [Fact]
    public void Two_nodes_of_one_host_need_a_choice()
    {
        var host = new HostTable("h", "10.88.0.1", "10.88.0.2");

        Assert.Contains("nodes 1, 2 all are this host", Assert.Single(Problems("transport: udpu", host: host)),
            StringComparison.Ordinal);
        Assert.Contains("no node 9, expected one of 1, 2, 3", Assert.Single(Problems("transport: udpu", self: 9)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Every_problem_is_reported_at_once_in_the_order_of_the_file()
        => Assert.Equal(
            "3 4 5 9 10",
            string.Join(' ', Problems("transport: nope\ntoken: x\njoin: 1", "nodelist {\nnode {\nnodeid: "
                + "zero\nring0_addr: nowhere\n}\n}")
                .Select(problem => problem.Split(':')[1])));

    [Theory]
    [InlineData("totem {\ntransport: udpu\n", "c.conf:1: section 'totem' is not closed")]
    [InlineData("}\n", "c.conf:1: '}' closes no section")]
    [InlineData("{\n}\n", "c.conf:1: '{' without a name")]
    [InlineData("totem {\n} extra\n", "c.conf:2: '} extra': expected nothing behind '}'")]
    public void Unbalanced_braces_are_named(string text, string expected)
        => Assert.Contains(
            Assert.Throws<CorosyncConfException>(() =>
                CorosyncConf.Parse(text, "c.conf", null, new HostTable("h"))).Problems,
            problem => problem.StartsWith(expected, StringComparison.Ordinal));

    /// <summary>In the file's words, at the line of a value that stands in it.</summary>
    [Theory]
    [InlineData("token: 30\ntoken_coefficient: 0\njoin: 30", "c.conf:5: totem.token_retransmit would be 7 ms, expected "
        + "at least 30 ms: totem.token is 30 ms, expected at least 126 ms with token_retransmits_before_loss_const 4")]
    [InlineData("join: 9000", "c.conf:5: totem.join is 9000 ms, expected at most totem.consensus, which is 4380 ms")]
    [InlineData("consensus: 40", "c.conf:5: totem.consensus is 40 ms, expected at least totem.join, which is 50 ms")]
    [InlineData("token: 3600000", "c.conf:5: totem.token is 3600650 ms with token_coefficient, expected at most "
        + "3600000 ms")]
    public void Values_that_do_not_fit_together_are_named(string totem, string expected)
        => Assert.Equal([expected], Problems($"version: 2\ntransport: udpu\n{totem}"));

    [Theory]
    [InlineData("10.88.0.2", "c.conf:10: node.ring0_addr 10.88.0.2 stands in line 6 too, expected a different one for "
        + "each node")]
    [InlineData("0.0.0.0", "c.conf:11: node.ring0_addr is '0.0.0.0', expected an address that the others can send to")]
    public void An_address_that_cannot_be_a_second_node_is_named(string address, string expected)
        => Assert.Equal(
            [expected],
            Problems("transport: udpu", "nodelist {\nnode {\nring0_addr: 10.88.0.2\nnodeid: 1\n}\nnode {\nring0_addr: "
                + $"{address}\nnodeid: 2\n}}\n}}", self: 1));

    [LinuxFact]
    public void A_file_without_an_end_is_not_read_to_its_end()
    {
        var failure = Assert.Throws<CorosyncConfException>(() => CorosyncConf.Load("/dev/zero"));
        Assert.Equal("/dev/zero: more than 1048576 bytes, expected a corosync.conf, which has a few thousand",
            failure.Message);
        failure = Assert.Throws<CorosyncConfException>(() => CorosyncConf.Load("/dev"));
        Assert.Equal("/dev: is a directory, expected a file", failure.Message);
    }

    /// <summary>corosync reads lines of 511 bytes with their end.</summary>
    [Theory]
    [InlineData(510, true)]
    [InlineData(511, false)]
    public void A_line_has_a_length(int bytes, bool isTaken)
    {
        const string key = "cluster_name: ";
        var name = new string('a', bytes - key.Length);
        if (isTaken)
            Assert.Equal(name, Parse($"transport: udpu\n{key}{name}").ClusterName);
        else
            Assert.Equal("c.conf:4: the line has more than 510 bytes, the most that corosync reads",
                Assert.Single(Problems($"transport: udpu\n{key}{name}")));
    }

    /// <summary>One clear line, and not what follows from it.</summary>
    [Theory]
    [InlineData("totem { version: 2\ntransport: udpu\n}\n", "c.conf:1: 'version: 2' stands behind 'section {', "
        + "expected a line of its own for each key and each brace")]
    [InlineData("totem {\nversion: 2\ntransport udpu\n}\n", "c.conf:3: 'transport udpu' is neither 'key: value' nor "
        + "'section {' nor '}'")]
    public void A_line_outside_the_grammar_is_told_alone(string text, string expected)
        => Assert.Equal([expected], Assert.Throws<CorosyncConfException>(() =>
            CorosyncConf.Parse(text, "c.conf", null, new HostTable("h"))).Problems);

    [Fact]
    public void Hopeless_nesting_and_floods_of_problems_are_bounded()
    {
        var text = string.Concat(Enumerable.Repeat("a {\n", 10_000));

        var exception = Assert.Throws<CorosyncConfException>(
            () => CorosyncConf.Parse(text, "c.conf", null, new HostTable("h")));

        Assert.Equal(50, exception.Problems.Count);
    }
}
