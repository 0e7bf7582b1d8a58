using System.Net;
using Xunit;

namespace Totem.Tests.Transport;

public sealed class UdpTransportOptionsTests
{
    private static readonly ProcessorId One = new(1);

    private static UdpPeer Peer(uint id, string endPoint) => new(new ProcessorId(id), IPEndPoint.Parse(endPoint));

    [Fact]
    public void Sound_options_have_no_problems()
    {
        UdpPeer[] peers = [Peer(1, "10.0.0.1:5405"), Peer(2, "10.0.0.2:5405")];

        Assert.Empty(new UdpTransportOptions { Kind = UdpTransportKind.Unicast, Peers = peers }.Validate(One));
        Assert.Empty(new UdpTransportOptions
        {
            Kind = UdpTransportKind.Multicast, Peers = peers, Group = IPAddress.Parse("239.192.1.85"),
        }.Validate(One));
        Assert.Empty(new UdpTransportOptions { Kind = UdpTransportKind.Loopback }.Validate(ProcessorId.None));
        Assert.Empty(new UdpTransportOptions { Kind = UdpTransportKind.Loopback }.Validate(new ProcessorId(14)));
    }

    [Fact]
    public void Every_problem_of_the_peers_is_reported_at_once()
    {
        var options = new UdpTransportOptions
        {
            Kind = UdpTransportKind.Unicast,
            Peers = [Peer(2, "10.0.0.1:5405"), Peer(2, "10.0.0.2:0"), Peer(3, "0.0.0.0:5405"),
                Peer(4, "[fd00::1]:5405"), Peer(5, "10.0.0.1:5405")],
            ReceiveBufferBytes = 1,
            ProbeInterval = TimeSpan.FromTicks(1),
        };

        var problems = options.Validate(One);

        Assert.Equal(8, problems.Count);
        Assert.Contains(
            problems, problem => problem.Contains("no entry for this processor (1)", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("names processor 2 2 times", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("names 10.0.0.1:5405 2 times", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("mixes IPv4 and IPv6", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("port of processor 2 is 0", StringComparison.Ordinal));
        Assert.Contains(
            problems, problem => problem.Contains("processor 3 has the wildcard address", StringComparison.Ordinal));
    }

    [Fact]
    public void Multicast_needs_a_group_of_the_peers_family()
    {
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Multicast, Peers = [Peer(1, "10.0.0.1:5405")] };

        Assert.Contains("Group is missing", Assert.Single(options.Validate(One)), StringComparison.Ordinal);
        Assert.Contains("expected a multicast address",
            Assert.Single((options with { Group = IPAddress.Loopback }).Validate(One)), StringComparison.Ordinal);
        Assert.Contains("address family", Assert.Single((options with { Group = IPAddress.Parse("ff15::1") })
            .Validate(One)), StringComparison.Ordinal);
    }

    [Fact]
    public void Loopback_has_fourteen_slots_and_no_peers()
    {
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Loopback, LoopbackPort = 65_530,
            Peers = [Peer(1, "10.0.0.1:5405")] };

        Assert.Equal(3, options.Validate(new ProcessorId(15)).Count);
    }
}
