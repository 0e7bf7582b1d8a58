using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Tests.Simulation;

namespace Totem.Transport.Knet.Tests.Machine;

/// <summary>Links and peers come and go while members run (KNET §17.2).</summary>
public sealed class ReloadTests
{
    private static readonly TimeSpan UpLimit = TimeSpan.FromSeconds(4);

    [Fact]
    public void A_link_is_removed_and_added_and_nobody_is_lost()
    {
        using var cluster = Whole();
        Reload(cluster, options => WithLinks(options, x => x.Number == 0));
        Assert.All(cluster.Nodes, x => Assert.DoesNotContain(Others(cluster, x), y => x.Machine!.IsLinkUp(y.Id, 1)));
        Assert.True(cluster.IsWhole());
        AssertAllHear(cluster);

        Reload(cluster, options => options);
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(x => Others(cluster, x).All(y => x.Machine!.IsLinkUp(y.Id, 1))), UpLimit));
        AssertAllHear(cluster);
        Assert.All(cluster.Nodes, x => Assert.DoesNotContain(x.Events, y => y.Kind == KnetEventKind.PeerUnreachable));
    }

    [Fact]
    public void A_peer_is_removed_and_comes_back_as_a_new_one()
    {
        using var cluster = Whole();
        AssertAllHear(cluster);
        foreach (var id in (int[])[1, 2])
            cluster.Do(id, x => x.HandleReload(Without(cluster.Setup.Options(id), 3), cluster.Now));
        Assert.False(cluster.Node(1).Machine!.IsReachable(3));
        Assert.Equal(0u, cluster.Send(1, 3, 100));
        cluster.RunFor(TimeSpan.FromSeconds(3));
        Assert.True(cluster.Node(1).Machine!.Counters[KnetDiscard.UnknownPeer] > 0);

        Reload(cluster, options => options);
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(20)));
        AssertAllHear(cluster);
    }

    [Fact]
    public void A_priority_counts_at_once()
    {
        using var cluster = Whole();
        Assert.Equal(1, LinkOfAMessage(cluster));
        Reload(cluster, options =>
            WithLinks(options, _ => true, x => x with { Priority = (byte)(x.Number == 0 ? 9 : 1) }));
        Assert.Equal(0, LinkOfAMessage(cluster));
        Assert.True(cluster.IsWhole());
    }

    [Fact]
    public void What_a_running_member_keeps_and_what_contradicts_itself_is_refused()
    {
        using var cluster = Whole();
        var machine = cluster.Node(1).Machine!;
        var options = cluster.Setup.Options(1);
        Assert.Throws<ArgumentException>(
            () => machine.HandleReload(options with { Mode = LinkMode.Active }, cluster.Now));
        Assert.Throws<ArgumentException>(
            () => machine.HandleReload(Without(cluster.Setup.Options(3), 3) with { Self = 3 }, cluster.Now));
        Assert.Throws<ArgumentException>(() => machine.HandleReload(options with { FixedIpBytes = 5 }, cluster.Now));
        Assert.True(cluster.IsWhole());
    }

    private static KnetCluster Whole()
    {
        var cluster = new KnetCluster(new KnetSetup { LinkCount = 2 }, 6).StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(x => Others(cluster, x)
                .All(y => x.Machine!.IsLinkUp(y.Id, 0) && x.Machine.IsLinkUp(y.Id, 1))), UpLimit));
        return cluster;
    }

    private static IEnumerable<KnetNode> Others(KnetCluster cluster, KnetNode node) =>
        cluster.Nodes.Where(x => x != node);

    private static void Reload(KnetCluster cluster, Func<KnetOptions, KnetOptions> change)
    {
        foreach (var node in cluster.Nodes)
            cluster.Do(node.Id, x => x.HandleReload(change(cluster.Setup.Options(node.Id)), cluster.Now));
    }

    private static KnetOptions Without(KnetOptions options, ushort peer) =>
        options with { Peers = [.. options.Peers.Where(x => x.Id != peer)] };

    private static KnetOptions WithLinks(
        KnetOptions options, Func<KnetLinkOptions, bool> isKept, Func<KnetLinkOptions,
        KnetLinkOptions>? change = null) =>
        options with
        {
            Peers = [
                .. options.Peers.Select(x => x with { Links = [.. x.Links.Where(isKept).Select(change ?? (y => y))] })],
        };

    private static int LinkOfAMessage(KnetCluster cluster)
    {
        cluster.Recorded.Clear();
        cluster.Send(1, 2, 100);
        return Assert.Single(cluster.Recorded).Link;
    }

    private static void AssertAllHear(KnetCluster cluster)
    {
        foreach (var node in cluster.Nodes)
        {
            var serial = cluster.Send(node.Id, 0, 3000);
            cluster.RunFor(TimeSpan.FromMilliseconds(5));
            Assert.All(
                Others(cluster, node), x => Assert.True(cluster.Ledger.IsDelivered(x.Id, x.Life, node.Id, serial)));
        }
    }
}
