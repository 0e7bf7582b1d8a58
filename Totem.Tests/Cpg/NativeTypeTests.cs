using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Totem.Cpg;

namespace Totem.Tests.Cpg;

/// <summary>The layouts of corosync's headers on 64-bit Linux (CPG §2).</summary>
public sealed class NativeTypeTests
{
    [Fact]
    public void Structures_have_the_sizes_of_the_headers()
    {
        Assert.Equal(12, Unsafe.SizeOf<CpgAddress>());
        Assert.Equal(132, Unsafe.SizeOf<CpgName>());
        Assert.Equal(140, Unsafe.SizeOf<CpgIterationDescription>());
        Assert.Equal(16, Unsafe.SizeOf<CpgRingId>());
        Assert.Equal(16, Unsafe.SizeOf<CpgCallbacks>());
        Assert.Equal(40, Unsafe.SizeOf<CpgModelV1>());
        Assert.Equal(16, Unsafe.SizeOf<IoVector>());
        Assert.Equal(32, Unsafe.SizeOf<CfgNodeAddress>());
        Assert.Equal(520, Unsafe.SizeOf<CfgLinkStatus>());
        Assert.Equal(4176, Unsafe.SizeOf<CfgNodeStatus>());
    }

    [Theory]
    [InlineData(typeof(CpgName), nameof(CpgName.Value), 4)]
    [InlineData(typeof(CpgIterationDescription), nameof(CpgIterationDescription.Node), 132)]
    [InlineData(typeof(CpgIterationDescription), nameof(CpgIterationDescription.Pid), 136)]
    [InlineData(typeof(CpgModelV1), nameof(CpgModelV1.Callbacks), 8)]
    [InlineData(typeof(CpgModelV1), nameof(CpgModelV1.Ring), 24)]
    [InlineData(typeof(CpgModelV1), nameof(CpgModelV1.Flags), 32)]
    [InlineData(typeof(CfgNodeAddress), nameof(CfgNodeAddress.Address), 4)]
    [InlineData(typeof(CfgLinkStatus), nameof(CfgLinkStatus.Mtu), 4)]
    [InlineData(typeof(CfgLinkStatus), nameof(CfgLinkStatus.Source), 8)]
    [InlineData(typeof(CfgLinkStatus), nameof(CfgLinkStatus.Destination), 264)]
    [InlineData(typeof(CfgNodeStatus), nameof(CfgNodeStatus.Node), 4)]
    [InlineData(typeof(CfgNodeStatus), nameof(CfgNodeStatus.Reachable), 8)]
    [InlineData(typeof(CfgNodeStatus), nameof(CfgNodeStatus.OnWireVersion), 13)]
    [InlineData(typeof(CfgNodeStatus), nameof(CfgNodeStatus.Link), 16)]
    public void Fields_lie_where_the_headers_put_them(Type structure, string field, int offset)
        => Assert.Equal(offset, (int)Marshal.OffsetOf(structure, field));

    [Fact]
    public void A_name_keeps_its_length_and_bytes()
    {
        var name = CpgName.Of("sheepdog"u8);
        Assert.Equal(8u, name.Length);
        Assert.True(((ReadOnlySpan<byte>)name.Value)[..9].SequenceEqual("sheepdog\0"u8));
    }
}
