using System.Net;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;
using Totem.Transport.Udp.Transports;
using Totem.Transport.Udp.Transports.Plain;
using Xunit;

namespace Totem.Tests.Processes;

/// <summary>Segmentation offload between hosts, as far as namespaces are hosts: interfaces with the
/// MTU of Ethernet.</summary>
[Collection(RealProcesses.Name)]
public sealed class SegmentedNetworkTests
{
    private const int Port = 5405;

    [NamespaceTheory]
    [InlineData(UdpTransportKind.Unicast)]
    [InlineData(UdpTransportKind.Multicast)]
    public void A_burst_goes_through_interfaces_together_and_what_is_larger_than_the_mtu_goes_in_fragments(
        UdpTransportKind kind)
    {
        using var network = NamespaceNetwork.Create(3);
        var options = new UdpTransportOptions
        {
            Kind = kind,
            Group = IPAddress.Parse("239.192.78.1"),
            Peers = [.. Enumerable.Range(1, 3).Select(i =>
                new UdpPeer(new ProcessorId((uint)i),
                    new IPEndPoint(IPAddress.Parse(NamespaceNetwork.AddressOf((uint)i)), Port)))],
        };
        byte[][] large = [.. Enumerable.Range(0, 10).Select(i => SegmentationTests.Frame(i, 3000))];

        var (sent, received) = SegmentationTests.SendAndCompare(
            options, options, logger: null,
            (id, chosen, counters, log) =>
                network.Open(id, () => UdpTransport.Open(chosen, new ProcessorId(id), counters, log)), large);

        // The kernel refuses segments of 3000 bytes, and once more those that only just do not fit; then it is known.
        Assert.InRange(sent.SegmentationRefused, 1, 3);
        Assert.InRange(sent.DatagramsSentTogether, kind == UdpTransportKind.Unicast ? 900 : 450, sent.DatagramsSent);
        Assert.InRange(received.DatagramsReceivedTogether, 450, received.DatagramsReceived);
    }
}
