using Totem.Tests.Requirements;
using Xunit.Abstractions;

namespace Totem.Tests.Processes;

/// <summary>docs/design/protocol.md, "Who loses the commit token".</summary>
[Collection(RealProcesses.Name)]
public sealed class LostCommitTests(ITestOutputHelper output)
{
    [NamespaceTheory]
    [InlineData(3u)]
    [InlineData(1u)]
    public async Task A_node_that_hears_the_others_and_gets_no_token_does_not_keep_them_from_a_ring(uint deaf)
    {
        await using var cluster = ProcessCluster.InNamespaces(3, "udp", TimeSpan.FromSeconds(1), duplicatePercent: 0);
        await cluster.StartAllAsync();
        uint[] others = [.. cluster.Nodes.Where(x => x != deaf)];
        cluster.Load(perSecond: 50);
        await cluster.Deliver(50, cluster.Nodes);

        var begun = DateTimeOffset.UtcNow;
        cluster.Network!.DropUnicasts(deaf);
        await cluster.RingOf(others);
        await cluster.Deliver(200, others);
        var changes = cluster.ChangesSince(begun);
        output.WriteLine(string.Join('\n', changes));
        foreach (var node in others)
            Assert.InRange(changes.Count(x => x.Contains($" node {node} installed ", StringComparison.Ordinal)), 1, 2);

        cluster.Network.LetUnicastsPass(deaf);
        await cluster.RingOf(cluster.Nodes);
        (await cluster.FinishAsync()).ThrowIfBroken();
    }
}
