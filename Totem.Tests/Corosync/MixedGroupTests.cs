using System.Diagnostics;
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
        await StartAsync(cluster, real, ours);
        var clients = (await JoinAsync(cluster, cluster.Nodes)).Values.ToList();
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
            // The daemon's own tools count our votes and show our members.
            var quorum = cluster.Daemon(node).Run("corosync-quorumtool -s");
            output.WriteLine(quorum);
            Assert.Contains("Quorate:          Yes", quorum, StringComparison.Ordinal);
            Assert.Contains("Total votes:      3", quorum, StringComparison.Ordinal);
            var groups = cluster.Daemon(node).Run("corosync-cpgtool");
            output.WriteLine(groups);
            foreach (var client in clients)
                Assert.Contains(groups.Split('\n'), x => IsLineOf(x, client.Self));
        }

        cluster.AssertDaemonsRun();
    }

    // "<process id>  <node id> (<address>)", with a tab somewhere.
    private static bool IsLineOf(string line, GroupMember member)
    {
        var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return words.Contains($"{member.Pid}") && words.Contains($"{member.Node}");
    }

    [CorosyncTheory]
    [MemberData(nameof(MixedRingTests.Mixtures), MemberType = typeof(MixedRingTests))]
    public async Task The_death_of_a_node_of_either_kind_is_told_at_one_place_of_the_order(
        string transport, uint[] ours)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        uint[] real = [.. cluster.Nodes.Except(ours)];
        await StartAsync(cluster, real, ours);
        var clients = await JoinAsync(cluster, cluster.Nodes);

        // One of each kind, under load, and back again.
        foreach (var victim in (uint[])[ours[0], real[0]])
        {
            var survivors = clients.Where(x => x.Key != victim).Select(x => x.Value).ToList();
            foreach (var client in clients.Values)
                client.Send(0, perSecond: 300);
            await GroupTraffic.DeliverAsync([.. clients.Values], 200);
            cluster.Kill(victim);
            await cluster.ReadyWith([.. cluster.Nodes.Where(x => x != victim)]);
            await GroupTraffic.DeliverAsync(survivors, 200);
            await GroupTraffic.StopAsync(survivors, survivors);
            GroupOrder.AssertSame(survivors);
            survivors.ForEach(GroupOrder.AssertNothingLostNorTwice);
            Assert.All(survivors, x => Assert.DoesNotContain(x.Log.Members, m => m.Node == victim));

            if (real.Contains(victim))
                await cluster.StartRealAsync(victim);
            else
                await cluster.StartOursAsync(victim);
            await cluster.ReadyWith(cluster.Nodes);
            clients[victim] = await cluster.JoinAsync(victim, Group);
            await GroupTraffic.SendAsync([.. clients.Values], 50);
        }

        GroupOrder.AssertSame([.. clients.Values]);
        foreach (var client in clients.Values)
            GroupOrder.AssertNothingLostNorTwice(client);
        cluster.AssertDaemonsRun();
    }

    [CorosyncTheory]
    [MemberData(nameof(MixedRingTests.Mixtures), MemberType = typeof(MixedRingTests))]
    public async Task Both_sides_of_a_partition_go_on_and_are_one_group_again(string transport, uint[] ours)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        await StartAsync(cluster, [.. cluster.Nodes.Except(ours)], ours);
        var clients = await JoinAsync(cluster, cluster.Nodes);
        foreach (var alone in cluster.Nodes)
        {
            uint[] others = [.. cluster.Nodes.Where(x => x != alone)];
            foreach (var client in clients.Values)
                client.Send(0, perSecond: 300);
            await GroupTraffic.DeliverAsync([.. clients.Values], 200);
            cluster.Network.Separate(alone);
            await Task.WhenAll(cluster.ReadyWith(others), cluster.ReadyWith(alone));
            await GroupTraffic.DeliverAsync([.. clients.Values], 200);
            cluster.Network.Heal();
            await cluster.ReadyWith(cluster.Nodes);
            await GroupTraffic.DeliverAsync([.. clients.Values], 200);
            await GroupTraffic.StopAsync([.. clients.Values], [.. clients.Values]);

            GroupOrder.AssertSameSinceMerge([.. clients.Values]);
            foreach (var client in clients.Values)
                GroupOrder.AssertNothingLostNorTwice(client);
        }

        cluster.AssertDaemonsRun();
    }

    [CorosyncTheory]
    [InlineData("udp")]
    [InlineData("udpu")]
    public async Task The_order_of_a_hundred_thousand_messages_is_the_same_everywhere(string transport)
    {
        const int messages = 34_000;
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        await StartAsync(cluster, [1, 3], [2]);
        var clients = (await JoinAsync(cluster, cluster.Nodes)).Values.ToList();
        var begun = Stopwatch.GetTimestamp();
        await GroupTraffic.SendAsync(clients, messages);
        var elapsed = Stopwatch.GetElapsedTime(begun);

        GroupOrder.AssertSame(clients);
        foreach (var client in clients)
        {
            GroupOrder.AssertNothingLostNorTwice(client);
            foreach (var sender in clients)
                GroupOrder.AssertHasAll(client, sender.Self, messages);
        }

        Assert.Single(clients.Select(x => GroupLog.OrderHash(x.Log.Events)).Distinct());
        var sizes = clients[0].Log.Events.OfType<GroupMessage>().Select(x => (long)x.Length).ToList();
        output.WriteLine($"{sizes.Count} messages, {sizes.Min()} to {sizes.Max()} bytes, {sizes.Sum() >> 20} MiB, in "
            + $"{elapsed.TotalSeconds:0.0} s");
        cluster.AssertDaemonsRun();
    }

    [CorosyncTheory]
    [InlineData("udp", new uint[] { 2 })]
    [InlineData("udpu", new uint[] { 2 })]
    [InlineData("udpu", new uint[] { 1, 3 })]
    public async Task Members_whose_messages_follow_the_token_and_daemons_have_one_order(string transport, uint[] ours)
    {
        const int messages = 4_000;
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport },
            output) { AcceleratedWindow = 12 };
        await StartAsync(cluster, [.. cluster.Nodes.Except(ours)], ours);
        var clients = (await JoinAsync(cluster, cluster.Nodes)).Values.ToList();
        await GroupTraffic.SendAsync(clients, messages);

        Assert.All(clients.OfType<GroupNode>(), x => Assert.True(x.IsAhead, $"nothing of {x.Node} followed the token"));
        Assert.Equal(ours.Length, clients.OfType<GroupNode>().Count());
        GroupOrder.AssertSame(clients);
        foreach (var client in clients)
        {
            GroupOrder.AssertNothingLostNorTwice(client);
            foreach (var sender in clients)
                GroupOrder.AssertHasAll(client, sender.Self, messages);
            Assert.Empty(client.Complaints);
        }

        cluster.AssertDaemonsRun();
    }

    /// <summary>docs/reference/transport.md, "Back-pressure": on a ring of daemons alone a client
    /// that is stopped harms nobody.</summary>
    [CorosyncTheory]
    [InlineData("udp")]
    [InlineData("udpu")]
    public async Task A_reader_of_ours_that_stops_holds_up_no_client_of_a_daemon(string transport)
    {
        await using var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output);
        await StartAsync(cluster, [1, 3], [2]);
        var clients = await JoinAsync(cluster, cluster.Nodes);
        var stopped = (GroupNode)clients[2];
        LoadProcess[] others = [clients[1], clients[3]];

        stopped.HoldReader();
        foreach (var client in others)
            client.Send(0);
        // Until what it keeps for its application is full, which ends its membership; nobody else is told of a change.
        await others[0].Log.Reports.WaitAsync(
            () => !others[0].Log.Members.Contains(stopped.Self), "the end of the one", HangLimit.OfAWait);
        await GroupTraffic.DeliverAsync(others, 2000);
        await GroupTraffic.StopAsync(others, others);
        GroupOrder.AssertSame(others);
        foreach (var client in others)
        {
            GroupOrder.AssertNothingLostNorTwice(client);
            Assert.Equal(others.Select(x => x.Self), client.Log.Members);
        }

        stopped.ReleaseReader();
        await cluster.ReadyWith(cluster.Nodes);
        await others[0].Log.Reports.WaitAsync(
            () => others[0].Log.Members.Contains(stopped.Self), "the stopped one", HangLimit.OfAWait);
        await GroupTraffic.SendAsync([.. clients.Values], 200);
        GroupOrder.AssertSameSinceMerge([.. clients.Values]);
        GroupOrder.AssertNothingLostNorTwice(stopped);
        cluster.AssertDaemonsRun();
    }

    private static async Task StartAsync(MixedCluster cluster, uint[] real, uint[] ours)
    {
        await cluster.StartRealAsync(real);
        await cluster.ReadyWith(real);
        await cluster.StartOursAsync(ours);
        await cluster.ReadyWith(cluster.Nodes);
    }

    private static async Task<Dictionary<uint, LoadProcess>> JoinAsync(MixedCluster cluster, uint[] nodes)
    {
        var clients = new Dictionary<uint, LoadProcess>();
        foreach (var node in nodes)
            clients[node] = await cluster.JoinAsync(node, Group);
        return clients;
    }
}
