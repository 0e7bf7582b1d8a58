using Totem.Core.Model;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Processes;

/// <summary>A member whose process dies is known by its closed port, long before the token timeout.</summary>
[Collection(RealProcesses.Name)]
public sealed class RemovalTests(ITestOutputHelper output)
{
    private const int Kills = 5;
    private const double LimitMilliseconds = 100;

    [LinuxFact]
    public async Task A_killed_member_is_removed_because_nobody_listens_at_its_port()
    {
        await using var cluster = ProcessCluster.OnLoopback(3);
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
            output.WriteLine($"node {victim} removed after {times[^1]:0.0} ms: {string.Join(" | ", rings.Select(x => x.Cause))}");

            // One noticed, the others were called by it. Nobody waited for a token that did not come.
            Assert.Contains(rings, x => x.Reason == nameof(GatherReason.MemberUnreachable));
            Assert.DoesNotContain(rings, x => x.Reason == nameof(GatherReason.TokenLost));
            cluster.Workers.Start(victim);
            await cluster.RingOf(cluster.Nodes);
        }

        // How long it takes hangs on the machine's other work as well, so the best of five is held against the limit: a
        // mechanism that is too slow is so every time.
        output.WriteLine($"removal: best {times.Min():0.0} ms, worst {times.Max():0.0} ms");
        Assert.True(times.Min() < LimitMilliseconds, $"removed after {string.Join(", ", times)} ms; one under {LimitMilliseconds} ms expected");
        (await cluster.FinishAsync()).ThrowIfBroken();
    }
}
