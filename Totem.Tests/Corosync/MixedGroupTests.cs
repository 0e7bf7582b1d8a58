using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Corosync;

/// <summary>Process groups that span real daemons and members of ours.</summary>
[Collection(RealProcesses.Name)]
public sealed class MixedGroupTests(ITestOutputHelper output)
{
    private const string Group = "load";

    [CorosyncTheory]
    [MemberData(nameof(MixedRingTests.Mixtures), MemberType = typeof(MixedRingTests))]
    public async Task All_clients_are_told_the_same_order(string transport, uint[] ours)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        uint[] real = [.. cluster.Nodes.Except(ours)];
        await cluster.StartRealAsync(real);
        await cluster.ReadyWith(real);
        await cluster.StartOursAsync(ours);
        await cluster.ReadyWith(cluster.Nodes);
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
            Assert.Empty(client.Complaints);
        }

        foreach (var node in real)
        {
            output.WriteLine(cluster.Daemon(node).TryRun("corosync-quorumtool -s").Said);
            output.WriteLine(cluster.Daemon(node).Run("corosync-cpgtool"));
            Assert.Contains("Quorate:          Yes", cluster.Daemon(node).Run("corosync-quorumtool -s"), StringComparison.Ordinal);
            Assert.Contains("Total votes:      3", cluster.Daemon(node).Run("corosync-quorumtool -s"), StringComparison.Ordinal);
            Assert.Equal(3, cluster.Daemon(node).Run("corosync-cpgtool").Split('\n').Count(x => x.Contains("10.77.0.", StringComparison.Ordinal)));
        }

        cluster.AssertDaemonsRun();
    }
}
