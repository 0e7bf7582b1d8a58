using System.Net;
using Totem.Core.Wire;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Sockets;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>A datagram that is ignored because of who sent it is named.</summary>
public sealed class StrangersTests
{
    private readonly LineLogger _logger = new();
    private long _now = 1000;

    [Fact]
    public void A_source_is_named_once_a_minute_with_whom_it_says_to_be_and_our_cluster()
    {
        var strangers = Create();
        for (var i = 0; i < 10; i++)
            strangers.Ignored(Address("10.9.9.9:5405"), FrameOf(2));
        Assert.Equal(
            ["Node 1 of the cluster 'wf' ignores datagrams from 10.9.9.9:5405, which says it is node 2: our list has "
                + "node 2 at 10.0.0.2:5405; an address is translated or renumbered on the way (1 so far, told once a "
                + "minute)"],
            Texts());

        _now += Strangers.ReportMilliseconds;
        strangers.Ignored(Address("10.9.9.9:5405"), FrameOf(2));
        strangers.Ignored(Address("10.9.9.9:5405"), FrameOf(2));
        Assert.EndsWith("(11 so far, told once a minute)", Texts()[1], StringComparison.Ordinal);
        Assert.Equal(2, Texts().Length);
    }

    [Fact]
    public void Each_source_and_each_claim_has_a_line_of_its_own()
    {
        var strangers = Create();
        strangers.Ignored(Address("10.9.9.9:5405"), FrameOf(2));
        strangers.Ignored(Address("10.9.9.9:5405"), FrameOf(7));
        strangers.Ignored(Address("10.9.9.8:5405"), FrameOf(7));
        strangers.Ignored(Address("10.9.9.7:5405"), [1, 2, 3]);
        Assert.Equal(4, Texts().Length);
        Assert.Contains("says it is node 7: there is no node 7 in our list", Texts()[1], StringComparison.Ordinal);
        Assert.Contains("10.9.9.7:5405, which says it is nobody: it is no member's address", Texts()[3],
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_flood_of_sources_is_bounded_and_makes_room_with_time()
    {
        var strangers = Create();
        for (var i = 0; i < 1000; i++)
            strangers.Ignored(Address($"10.1.{i / 256}.{i % 256}:5405"), FrameOf(7));
        Assert.Equal(Strangers.ToldMax, Texts().Length);
        _now += Strangers.ReportMilliseconds;
        strangers.Ignored(Address("10.2.0.1:5405"), FrameOf(7));
        Assert.Equal(Strangers.ToldMax + 1, Texts().Length);
    }

    private Strangers Create() => new(
        _logger, new ProcessorId(1), "wf", [Peer(1, "10.0.0.1"), Peer(2, "10.0.0.2")], () => _now);

    private string[] Texts() => [.. _logger.Lines.Select(line => line.Text)];

    private static UdpPeer Peer(uint id, string address) =>
        new(new ProcessorId(id), new IPEndPoint(IPAddress.Parse(address), 5405));

    private static NetAddress Address(string text) => NetAddress.Of(IPEndPoint.Parse(text));

    private static byte[] FrameOf(uint node)
    {
        var frame = new byte[WireFormat.JoinBytes];
        var header = new byte[] { 0, 0, WireFormat.Version, (byte)FrameKind.Join, 0, (byte)node };
        header.CopyTo(frame, 0);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(frame, WireFormat.Magic);
        return frame;
    }
}
