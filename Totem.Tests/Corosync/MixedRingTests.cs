using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Corosync;

/// <summary>
/// One ring of real daemons and members of ours: memberships form, change and merge, and services synchronise. No
/// daemon is hurt by what our frames carry behind the length that they announce.
/// </summary>
[Collection(RealProcesses.Name)]
public sealed class MixedRingTests(ITestOutputHelper output)
{
    // Which nodes are ours decides whose token and commit token it is: the representative is the lowest.
    public static TheoryData<string, uint[]> Mixtures => new()
    {
        { "udp", [3] },
        { "udp", [1] },
        { "udpu", [3] },
        { "udpu", [1, 2] },
    };

    [CorosyncTheory]
    [MemberData(nameof(Mixtures))]
    public async Task Ours_join_a_running_ring_of_daemons_and_leave_it_in_every_way(string transport, uint[] ours)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        uint[] real = [.. cluster.Nodes.Except(ours)];
        await cluster.StartRealAsync(real);
        await cluster.ReadyWith(real);

        await cluster.StartOursAsync(ours);
        await cluster.ReadyWith(cluster.Nodes);
        AssertRuntimeMembers(cluster, real, cluster.Nodes);

        foreach (var node in ours)
            cluster.Kill(node);
        await cluster.ReadyWith(real);

        await cluster.StartOursAsync(ours);
        await cluster.ReadyWith(cluster.Nodes);
        foreach (var node in ours)
            await cluster.StopAsync(node);
        await cluster.ReadyWith(real);
        AssertRuntimeMembers(cluster, real, real);
        cluster.AssertDaemonsRun();
    }

    [CorosyncTheory]
    [MemberData(nameof(Mixtures))]
    public async Task Daemons_join_a_running_ring_of_ours_and_leave_it_in_every_way(string transport, uint[] ours)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        uint[] real = [.. cluster.Nodes.Except(ours)];
        await cluster.StartOursAsync(ours);
        await cluster.ReadyWith(ours);

        await cluster.StartRealAsync(real);
        await cluster.ReadyWith(cluster.Nodes);
        AssertRuntimeMembers(cluster, real, cluster.Nodes);

        foreach (var node in real)
            cluster.Kill(node);
        await cluster.ReadyWith(ours);

        await cluster.StartRealAsync(real);
        await cluster.ReadyWith(cluster.Nodes);
        foreach (var node in real)
            await cluster.StopAsync(node);
        await cluster.ReadyWith(ours);
        cluster.AssertDaemonsRun();
    }

    [CorosyncTheory]
    [MemberData(nameof(Mixtures))]
    public async Task Partitions_and_pauses_end_in_one_ring(string transport, uint[] ours)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        uint[] real = [.. cluster.Nodes.Except(ours)];
        await cluster.StartRealAsync(real);
        // One after the other: a third daemon that starts while two install their ring can stop one
        // of them, ours or not (docs/design/testing.md).
        await cluster.ReadyWith(real);
        await cluster.StartOursAsync(ours);
        await cluster.ReadyWith(cluster.Nodes);

        // Each node in turn alone, ours or real.
        foreach (var node in cluster.Nodes)
        {
            cluster.Network.Separate(node);
            await Task.WhenAll(cluster.ReadyWith(node), cluster.ReadyWith([.. cluster.Nodes.Where(x => x != node)]));
            cluster.Network.Heal();
            await cluster.ReadyWith(cluster.Nodes);
        }

        // One stands still for longer than the others wait, of each kind.
        foreach (var node in (uint[])[ours[0], real[0]])
        {
            cluster.Pause(node);
            await cluster.ReadyWith([.. cluster.Nodes.Where(x => x != node)]);
            cluster.Continue(node);
            await cluster.ReadyWith(cluster.Nodes);
        }

        cluster.AssertDaemonsRun();
    }

    // The members of its ring, as the daemon itself counts them.
    private static void AssertRuntimeMembers(MixedCluster cluster, uint[] real, uint[] members)
    {
        foreach (var node in real)
        {
            var joined = cluster.Daemon(node).Run("corosync-cmapctl -b runtime.members").Split('\n')
                .Where(x => x.Contains(".status (str) = joined", StringComparison.Ordinal))
                .Select(x => x.Split('.')[2]);
            Assert.Equal(members.Select(x => $"{x}"), joined.Order(StringComparer.Ordinal), StringComparer.Ordinal);
        }
    }
}
