using Totem.Tests.Requirements;
using Xunit.Abstractions;

namespace Totem.Tests.Processes;

/// <summary>docs/reference/transport.md, "Sockets": an interface that is removed and made anew.</summary>
[Collection(RealProcesses.Name)]
public sealed class InterfaceTests(ITestOutputHelper output)
{
    [NamespaceTheory]
    [InlineData("udp")]
    [InlineData("udpu")]
    public async Task A_node_that_loses_its_interface_is_back_when_it_has_one_again(string transport)
    {
        await using var cluster = ProcessCluster.InNamespaces(
            3, transport, TimeSpan.FromSeconds(1), duplicatePercent: 0);
        var network = cluster.Network!;
        // An interface that is gone counts until its membership is given up.
        foreach (var node in cluster.Nodes)
            network.AllowOneGroup(node);
        await cluster.StartAllAsync();
        var begun = DateTimeOffset.UtcNow;

        // The last member, and the first, which is the representative.
        foreach (var node in (uint[])[3, 1])
        {
            network.RemoveInterface(node);
            await Task.WhenAll(cluster.RingOf(node), cluster.RingOf([.. cluster.Nodes.Where(x => x != node)]));
            network.AddInterface(node);
            await cluster.RingOf(cluster.Nodes);
        }

        // The interface stays, and its address goes.
        network.RemoveAddress(3);
        await Task.WhenAll(cluster.RingOf(3), cluster.RingOf(1, 2));
        network.AddAddress(3);
        await cluster.RingOf(cluster.Nodes);

        // Gone for less time than anybody needs to notice.
        network.RemoveInterface(2);
        network.AddInterface(2);
        cluster.Load(perSecond: 100);
        await cluster.Deliver(300, cluster.Nodes);
        await cluster.RingOf(cluster.Nodes);
        output.WriteLine(string.Join('\n', cluster.ChangesSince(begun)));
        (await cluster.FinishAsync()).ThrowIfBroken();
    }
}
