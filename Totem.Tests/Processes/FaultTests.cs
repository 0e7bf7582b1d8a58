using Totem.Cli.Workers;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Processes;

/// <summary>Five real processes, each in a network namespace of its own, and what a network and a
/// host do to them.</summary>
[Collection(RealProcesses.Name)]
public sealed class FaultTests(ITestOutputHelper output)
{
    // Long enough that a busy machine does not look like a dead member.
    private static readonly TimeSpan TokenTimeout = TimeSpan.FromMilliseconds(1500);
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(300);

    [NamespaceTheory]
    [InlineData("udp", 0)]
    [InlineData("udpu", 0)]
    [InlineData("udp", 12)]
    public async Task Every_rule_holds_through_partition_loss_pauses_and_a_crash(
        string transport, int acceleratedWindow)
    {
        await using var cluster = ProcessCluster.InNamespaces(
            5, transport, TokenTimeout, duplicatePercent: 3, acceleratedWindow);
        var network = cluster.Network!;
        var begun = DateTimeOffset.UtcNow;
        await cluster.StartAllAsync();
        cluster.Load(perSecond: 150);
        await cluster.Deliver(200, cluster.Nodes);

        // Partition 3|2 under load, and heal.
        network.Separate(4, 5);
        await Task.WhenAll(cluster.RingOf(1, 2, 3), cluster.RingOf(4, 5));
        await cluster.Deliver(200, cluster.Nodes);
        network.Heal();
        await cluster.RingOf(cluster.Nodes);
        await cluster.Deliver(200, cluster.Nodes);

        // A pause for less than the token timeout: nobody leaves.
        var paused = DateTimeOffset.UtcNow;
        cluster.Workers[2].Pause();
        await Task.Delay(ShortPause); // The fault itself: how long the process stands still.
        cluster.Workers[2].Continue();
        await cluster.Deliver(200, cluster.Nodes);
        Assert.Empty(cluster.ChangesSince(paused));

        // A pause for more: the others go on without it, and take it back.
        cluster.Workers[3].Pause();
        await cluster.RingOf(1, 2, 4, 5);
        cluster.Workers[3].Continue();
        await cluster.RingOf(cluster.Nodes);

        // 5 % loss everywhere.
        foreach (var node in cluster.Nodes)
            network.Lose(node, 0.05);
        await cluster.Deliver(1000, cluster.Nodes);
        var lost = network.LoseNothing();
        output.WriteLine($"{transport}: {lost} datagrams lost on purpose");
        Assert.True(lost > 0, "no datagram was lost");
        await cluster.RingOf(cluster.Nodes);

        // A crash under load, and the return of the same node.
        cluster.Kill(5);
        await cluster.RingOf(1, 2, 3, 4);
        // The others can be quicker than who reaps the process.
        await cluster.Workers[5].WaitForExitAsync(CancellationToken.None);
        cluster.Workers.Start(5);
        await cluster.RingOf(cluster.Nodes);
        await cluster.Deliver(200, cluster.Nodes);

        var report = await cluster.FinishAsync();
        output.WriteLine($"{transport}: {report}");
        foreach (var change in cluster.ChangesSince(begun))
            output.WriteLine(change);
        report.ThrowIfBroken();
        Assert.True(report.ConfigurationCount >= 9, $"{report.ConfigurationCount} configurations, at least 9 expected "
            + "from these faults");
    }
}
