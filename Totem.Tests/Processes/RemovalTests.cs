using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Processes;

/// <summary>A member whose process dies is known by its closed port, long before the token timeout.</summary>
[Collection(RealProcesses.Name)]
public sealed class RemovalTests(ITestOutputHelper output)
{
    // Far above what is measured, so that the two ways to notice a death cannot be taken for each other.
    private static readonly TimeSpan TokenTimeout = TimeSpan.FromSeconds(3);

    private const int Kills = 5;
    private const double LimitMilliseconds = 100;

    // How long it takes hangs on what else the machine does, so it is measured always and asserted where somebody says
    // that the machine is quiet.
    private static readonly bool AssertsTimes = Environment.GetEnvironmentVariable("TOTEM_ASSERT_TIMES") == "1";

    [LinuxFact]
    public async Task A_killed_member_is_removed_because_nobody_listens_at_its_port()
    {
        await using var cluster = ProcessCluster.OnLoopback(3, TokenTimeout);
        await cluster.StartAllAsync();
        var times = new List<double>();
        for (var i = 0; i < Kills; i++)
        {
            // The last member, then the first, which is the representative: both roads of the token.
            var victim = i % 2 == 0 ? 3u : 1u;
            var survivors = cluster.Nodes.Where(x => x != victim).ToArray();
            var killed = DateTimeOffset.UtcNow;
            cluster.Kill(victim);
            await cluster.RingOf(survivors);
            var rings = cluster.Workers.Read(x => survivors.Select(node => x[node].View.Regular!).ToArray());
            times.Add(rings.Max(x => (x.At - killed).TotalMilliseconds));
            output.WriteLine($"node {victim} removed after {times[^1]:0.0} ms: "
                + $"{string.Join(" | ", rings.Select(x => x.Cause))}");

            // One noticed, the others were called by it. Nobody waited for a token that did not come.
            Assert.Contains(rings, x => x.Reason == nameof(GatherReason.MemberUnreachable));
            Assert.DoesNotContain(rings, x => x.Reason == nameof(GatherReason.TokenLost));
            // The others can be quicker than who reaps the process.
            await cluster.Workers[victim].WaitForExitAsync(CancellationToken.None);
            cluster.Workers.Start(victim);
            await cluster.RingOf(cluster.Nodes);
        }

        output.WriteLine($"removal: median {times.Order().ElementAt(Kills / 2):0.0} ms, worst {times.Max():0.0} ms");
        if (AssertsTimes)
            Assert.All(times, x =>
                Assert.True(x < LimitMilliseconds, $"removed after {x:0.0} ms, under {LimitMilliseconds} ms expected"));
        (await cluster.FinishAsync()).ThrowIfBroken();
    }

    [LinuxFact]
    public async Task A_member_that_was_stopped_says_so_and_does_not_blame_others()
    {
        await using var cluster = ProcessCluster.OnLoopback(3, TimeSpan.FromSeconds(1.5), isTraced: false);
        await cluster.StartAllAsync();
        cluster.Load(perSecond: 100);
        await cluster.Deliver(50, cluster.Nodes);
        var begun = DateTimeOffset.UtcNow;

        cluster.Workers[2].Pause();
        await cluster.RingOf(1, 3);
        cluster.Workers[2].Continue();
        await cluster.RingOf(cluster.Nodes);
        await cluster.EndLoadsAsync();

        var changes = cluster.Workers.Read(x => cluster.Nodes.ToDictionary(
            node => node, node => x[node].View.Configurations.First(c => c.IsRegular && c.At > begun)));
        output.WriteLine(string.Join('\n', cluster.ChangesSince(begun)));
        Assert.Equal(nameof(GatherReason.StoodStill), changes[2].Reason);
        Assert.Matches(@"^this process stood still for [1-9]\d*\.\d\d s; ", changes[2].Cause);
        foreach (var other in (uint[])[1, 3])
            Assert.StartsWith("token lost between 1 and 2 after ", changes[other].Cause, StringComparison.Ordinal);
        await cluster.LeaveAsync();
    }

    [LinuxFact]
    public async Task A_member_that_is_stopped_for_a_while_is_not_taken_for_dead()
    {
        await using var cluster = ProcessCluster.OnLoopback(3, TokenTimeout, isTraced: false);
        await cluster.StartAllAsync();
        var begun = DateTimeOffset.UtcNow;

        cluster.Workers[2].Pause();
        // The fault itself: how long it is stopped, many times what a death takes to show.
        await Task.Delay(TokenTimeout / 3);
        cluster.Workers[2].Continue();
        cluster.Load(perSecond: 100);
        await cluster.Deliver(50, cluster.Nodes);
        await cluster.EndLoadsAsync();

        var changes = cluster.ChangesSince(begun);
        Assert.True(changes.Length == 0, string.Join('\n', changes));
        await cluster.LeaveAsync();
    }
}
