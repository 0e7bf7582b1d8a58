using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Corosync;

/// <summary>A cluster of daemons becomes one of ours, node by node, while clients at nodes that are
/// not touched go on.</summary>
[Collection(RealProcesses.Name)]
public sealed class RollingReplacementTests(ITestOutputHelper output)
{
    private const string Group = "load";
    private const int PerSecond = 300;

    /// <summary>On kronosnet encrypted, as most clusters are.</summary>
    private static CorosyncConfFile ConfigurationOf(string transport) => transport == "knet"
        ? new() { Nodes = 3, Transport = transport, Cipher = "aes256", Hash = "sha256",
            TokenTimeout = TimeSpan.FromSeconds(3) }
        : new() { Nodes = 3, Transport = transport };

    [CorosyncTheory]
    [InlineData("udp")]
    [InlineData("udpu")]
    [InlineData("knet")]
    public async Task Three_daemons_are_replaced_one_by_one_and_the_clients_elsewhere_lose_nothing(string transport)
    {
        await using var cluster = new MixedCluster(ConfigurationOf(transport), output);
        await cluster.StartRealAsync(cluster.Nodes);
        await cluster.ReadyWith(cluster.Nodes);
        var clients = new Dictionary<uint, LoadProcess>();
        foreach (var node in cluster.Nodes)
            clients[node] = await cluster.JoinAsync(node, Group);

        foreach (var node in cluster.Nodes)
        {
            // The client of the node goes with it, orderly; those at the others send all the time.
            var untouched = clients.Where(x => x.Key != node).Select(x => x.Value).ToList();
            foreach (var client in untouched)
                client.Send(0, PerSecond);
            await GroupTraffic.DeliverAsync(untouched, 100);
            await clients[node].LeaveAsync();
            await cluster.StopAsync(node);
            await cluster.ReadyWith([.. cluster.Nodes.Where(x => x != node)]);
            await GroupTraffic.DeliverAsync(untouched, 100);
            await cluster.StartOursAsync(node);
            await cluster.ReadyWith(cluster.Nodes);
            // A long message that was begun on the last ring is told only to who heard its beginning, as corosync has
            // it; so the new client joins behind those.
            await GroupTraffic.DeliverAsync(untouched, 100);
            clients[node] = await cluster.JoinAsync(node, Group);
            await GroupTraffic.DeliverAsync([.. clients.Values], 100);
            await GroupTraffic.StopAsync(untouched, [.. clients.Values]);
            Assert.All(clients.Values, x => Assert.Equal(3, x.Log.Members.Count));
            GroupOrder.AssertSame([.. clients.Values]);
            foreach (var client in clients.Values)
                GroupOrder.AssertNothingLostNorTwice(client);
            cluster.AssertDaemonsRun();
        }

        // The last daemon is gone: the same group, of ours alone.
        await GroupTraffic.SendAsync([.. clients.Values], 500);
        GroupOrder.AssertSame([.. clients.Values]);
        foreach (var client in clients.Values)
            GroupOrder.AssertNothingLostNorTwice(client);
    }
}
