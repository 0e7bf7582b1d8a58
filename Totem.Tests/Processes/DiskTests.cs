using Totem.Tests.Requirements;
using Totem.Tests.Tidy;

namespace Totem.Tests.Processes;

/// <summary>docs/reference/transport.md, "Ring sequence": a disk that is slow or full is its own member's affair, and
/// not even that while the member runs.</summary>
[Collection(RealProcesses.Name)]
public sealed class DiskTests
{
    // corosync's for three nodes.
    private static readonly TimeSpan TokenTimeout = TimeSpan.FromSeconds(3.65);

    [NamespaceFact]
    public async Task A_flush_that_takes_longer_than_the_token_timeout_delays_no_change()
    {
        await using var cluster = ProcessCluster.InNamespaces(3, "udpu", TokenTimeout, duplicatePercent: 0);
        var preloaded = Path.Combine(cluster.StateOf(2), "slow_flush.so");
        var count = Path.Combine(cluster.StateOf(2), "flushes");
        SystemCommand.Run($"gcc -shared -fPIC -O1 -o {preloaded} "
            + $"{Repository.FullPath("Totem.Tests/Native/slow_flush.c")}");
        cluster.Prefixes[2] = ["env", $"LD_PRELOAD={preloaded}", "SLOW_FLUSH_SECONDS=5", $"SLOW_FLUSH_COUNT={count}"];
        await cluster.StartAllAsync();
        Assert.True(new FileInfo(count).Length > 0, "no flush was slow");

        var begun = DateTimeOffset.UtcNow;
        await ReplaceAsync(cluster, 3);
        await ReplaceAsync(cluster, 1);
        AssertChanges(cluster, begun, node: 2, changes: 4);
        (await cluster.FinishAsync()).ThrowIfBroken();
    }

    [NamespaceFact]
    public async Task A_full_disk_stops_no_member_that_runs_and_lets_none_start()
    {
        await using var cluster = ProcessCluster.InNamespaces(3, "udpu", TokenTimeout, duplicatePercent: 0);
        var state = cluster.StateOf(2);
        SystemCommand.Run($"mount -t tmpfs -o size=64k,mode=0700 none {state}");
        try
        {
            await cluster.StartAllAsync();
            SystemCommand.TryRun($"dd if=/dev/zero of={state}/rest bs=4k");
            Assert.Throws<IOException>(() => File.WriteAllBytes(Path.Combine(state, "more"), new byte[8192]));

            var begun = DateTimeOffset.UtcNow;
            await ReplaceAsync(cluster, 3);
            await ReplaceAsync(cluster, 1);
            AssertChanges(cluster, begun, node: 2, changes: 4);

            cluster.Kill(2);
            await cluster.RingOf(1, 3);
            await cluster.Workers[2].WaitForExitAsync(CancellationToken.None);
            cluster.Workers.Start(2);
            using var limit = new CancellationTokenSource(HangLimit.OfAWait);
            Assert.Equal(3, await cluster.Workers[2].WaitForExitAsync(limit.Token));
            Assert.Contains("No space left on device", cluster.Workers[2].LastErrors, StringComparison.Ordinal);
            await cluster.RingOf(1, 3);
            cluster.ForgetLife(2);

            File.Delete(Path.Combine(state, "rest"));
            File.Delete(Path.Combine(state, "more"));
            cluster.Workers.Start(2);
            await cluster.RingOf(cluster.Nodes);
            (await cluster.FinishAsync()).ThrowIfBroken();
        }
        finally
        {
            SystemCommand.TryRun($"umount -l {state}");
        }
    }

    /// <summary>A member dies, and one of its name comes: two changes.</summary>
    private static async Task ReplaceAsync(ProcessCluster cluster, uint node)
    {
        cluster.Kill(node);
        await cluster.RingOf([.. cluster.Nodes.Where(x => x != node)]);
        await cluster.Workers[node].WaitForExitAsync(CancellationToken.None);
        cluster.Workers.Start(node);
        await cluster.RingOf(cluster.Nodes);
    }

    private static void AssertChanges(ProcessCluster cluster, DateTimeOffset begun, uint node, int changes)
    {
        var all = cluster.ChangesSince(begun);
        Assert.True(all.Count(x => x.Contains($" node {node} installed ", StringComparison.Ordinal)) == changes,
            string.Join('\n', all));
    }
}
