using System.Buffers.Binary;
using System.Net;
using Totem.Sheepdog;

namespace Totem.Tests.Sheepdog;

/// <summary>DRIVER §5.5.</summary>
public sealed class NodeStringTests
{
    [Theory]
    [InlineData("::127.0.0.1", 7000, "IPv4 ip:127.0.0.1 port:7000")]
    [InlineData("fe80::1", 7001, "IPv6 ip:fe80::1 port:7001")]
    [InlineData("::1", 80, "IPv6 ip:::1 port:80")]
    public void An_address_and_a_port_are_written_as_sheep_writes_them(string address, ushort port, string expected)
    {
        var bytes = new byte[80];
        IPAddress.Parse(address).GetAddressBytes().CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(16), port);
        Assert.Equal(expected, NodeString.Of(new SheepNode(bytes, 18)));
    }

    [Fact]
    public void Any_other_identity_is_written_in_hexadecimal()
    {
        Assert.Equal("0AFF", NodeString.Of(new SheepNode([10, 255, 3], 2)));
        var (one, other) = (new byte[300], new byte[300]);
        other[299] = 1;
        Assert.Equal(64, NodeString.Of(new SheepNode(one, 300)).Length);
        Assert.NotEqual(NodeString.Of(new SheepNode(one, 300)), NodeString.Of(new SheepNode(other, 300)));
    }
}
