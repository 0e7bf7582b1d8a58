using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Corosync;

/// <summary>Rings of real daemons only: what the tests of mixed rings are made of works, and says
/// what corosync does.</summary>
[Collection(RealProcesses.Name)]
public sealed class RealRingTests(ITestOutputHelper output)
{
    private const string Group = "load";

    [CorosyncTheory]
    [InlineData("udp")]
    [InlineData("udpu")]
    public async Task Three_clients_are_told_the_same_order(string transport)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        await cluster.StartRealAsync(1, 2, 3);
        await cluster.ReadyWith(1, 2, 3);
        var clients = new List<LoadProcess>();
        foreach (var node in cluster.Nodes)
            clients.Add(await cluster.JoinAsync(node, Group));
        await GroupTraffic.SendAsync(clients, 2000);

        GroupOrder.AssertSame(clients);
        foreach (var client in clients)
        {
            GroupOrder.AssertNothingLostNorTwice(client);
            foreach (var sender in clients)
                GroupOrder.AssertHasAll(client, sender.Self, 2000);
        }

        // The first client saw everybody join, so it could number even the shortest messages when they came.
        var (count, hash) = clients[0].Hashes[^1];
        Assert.Equal(GroupLog.OrderHash(clients[0].Log.Events.OfType<GroupMessage>().Take(count)), hash);
        Assert.Single(clients.Select(x => GroupLog.OrderHash(x.Log.Events)).Distinct());

        foreach (var node in cluster.Nodes)
        {
            Assert.Contains("Quorate:          Yes", cluster.Daemon(node).Run("corosync-quorumtool -s"),
                StringComparison.Ordinal);
            Assert.Equal(3, cluster.Daemon(node).Run("corosync-cpgtool").Split('\n')
                .Count(x => x.Contains("10.77.0.", StringComparison.Ordinal)));
        }

        await clients[2].LeaveAsync();
        await clients[2].JoinAsync(Group);
        await GroupTraffic.SendAsync(clients, 10);
        Assert.All(clients, x => Assert.Empty(x.Complaints));
        cluster.AssertDaemonsRun();
    }

    [CorosyncTheory]
    [InlineData("udp")]
    [InlineData("udpu")]
    public async Task Survivors_of_a_crash_and_both_sides_of_a_partition_are_told_of_it(string transport)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        await cluster.StartRealAsync(1, 2, 3);
        await cluster.ReadyWith(1, 2, 3);
        var clients = new List<LoadProcess>();
        foreach (var node in cluster.Nodes)
            clients.Add(await cluster.JoinAsync(node, Group));
        var (first, second, third) = (clients[0], clients[1], clients[2]);

        // The same processes on both sides, and one group again afterwards.
        cluster.Network.Separate(3);
        await cluster.ReadyWith(1, 2);
        await cluster.ReadyWith(3);
        await GroupTraffic.SendAsync([first, second], 100);
        await GroupTraffic.SendAsync([third], 100);
        cluster.Network.Heal();
        await cluster.ReadyWith(1, 2, 3);
        await GroupTraffic.SendAsync(clients, 100);
        GroupOrder.AssertSameSinceMerge(clients);
        Assert.Equal(300, GroupOrder.AfterChangeTo(first, clients.Select(x => x.Self)).Count);

        // The death of a daemon is the death of its client's connection.
        cluster.Kill(3);
        await cluster.ReadyWith(1, 2);
        await GroupTraffic.SendAsync([first, second], 100);
        GroupOrder.AssertSame(first, second);
        Assert.Contains(third.Complaints, x => x == "e cpg_dispatch 2");

        // Its next life, and a goodbye.
        await cluster.StartRealAsync(3);
        await cluster.ReadyWith(1, 2, 3);
        var next = await cluster.JoinAsync(3, Group);
        await GroupTraffic.SendAsync([first, second, next], 100);
        GroupOrder.AssertSame(first, second, next);
        await cluster.StopAsync(2);
        await cluster.ReadyWith(1, 3);
        await GroupTraffic.SendAsync([first, next], 100);
        GroupOrder.AssertSame(first, next);
        foreach (var client in clients)
            GroupOrder.AssertNothingLostNorTwice(client);
        cluster.AssertDaemonsRun();
    }
}
