using System.Text;
using Totem.Cpg;
using Totem.Cpg.Sessions;
using Totem.Tests.Requirements;

namespace Totem.Tests.Cpg;

public sealed class CfgSessionTests : IDisposable
{
    private readonly AloneRing _ring = new();

    public void Dispose() => _ring.Dispose();

    [LinuxFact]
    public void A_member_is_reachable_and_has_an_address()
    {
        using var session = new CfgSession(_ring);
        Assert.Equal(CsError.Ok, session.NodeStatus(1, 1, out var status));
        Assert.Equal((1, 1u, 1), (status.Version, status.Node, status.Reachable));
        Assert.Equal(1410u, status.Link[0].Mtu);
        Assert.StartsWith("127.0.0.1\0", Encoding.ASCII.GetString(status.Link[0].Source), StringComparison.Ordinal);
        Assert.Equal(0, status.Link[1].Enabled);
        Assert.Equal(CsError.Ok, session.NodeAddress(0, out var address));
        Assert.Equal(16, address.Length);
        Assert.True(((ReadOnlySpan<byte>)address.Address)[..8].SequenceEqual((byte[])[2, 0, 0, 0, 127, 0, 0, 1]));
    }

    [LinuxFact]
    public void An_unknown_node_is_all_zeros_and_has_no_address()
    {
        using var session = new CfgSession(_ring);
        Assert.Equal(CsError.Ok, session.NodeStatus(9, 1, out var status));
        Assert.Equal(0, status.Reachable);
        Assert.Equal(CsError.NotExist, session.NodeAddress(9, out _));
        Assert.Equal(CsError.InvalidParameter, session.NodeStatus(9, 2, out _));
    }

    [LinuxFact]
    public void Nobody_is_killed()
    {
        using var session = new CfgSession(_ring);
        Assert.Equal(CsError.NotExist, session.KillNode(9, 4));
        Assert.Equal(CsError.NameTooLong, session.KillNode(1, 256));
        Assert.Equal(CsError.NotSupported, session.KillNode(1, 255));
    }

    [LinuxFact]
    public void There_are_no_events_and_a_failed_ring_ends_it()
    {
        using var session = new CfgSession(_ring);
        Assert.Equal(CsError.TryAgain, session.Take());
        _ring.Fail("test");
        Assert.Equal(CsError.Library, session.Take());
        Assert.Equal(CsError.Library, session.State());
    }
}
