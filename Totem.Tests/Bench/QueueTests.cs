using System.Text.Json;
using Totem.Bench.Results;
using Totem.Tests.Requirements;

namespace Totem.Tests.Bench;

/// <summary>The queue against a real ZooKeeper server: that it works, and that the order is one.</summary>
[NeedsZooKeeper]
public sealed class QueueTests
{
    [NeedyFact]
    public async Task Both_engines_deliver_one_order_to_all_nodes()
    {
        var run = await BenchRun.OfAsync(
            "queue", "--net", "loopback", "--nodes", "2", "--load", "rate:50", "--seconds", "0.5", "--warm-up", "0.1",
            "--json", "-");
        Assert.True(run.ExitCode == 0, run.Error);
        var report = JsonSerializer.Deserialize(run.Output, BenchReportJson.Default.BenchReport)!;
        Assert.Equal(["totem", "zookeeper"], report.Engines.Select(x => x.Engine));
        foreach (var result in report.Engines.SelectMany(x => x.Runs))
        {
            Assert.Null(result.Failure);
            Assert.True(result.IsOrderEqual);
            Assert.True(result.Messages > 0);
            Assert.NotNull(result.AtSender);
            Assert.NotNull(result.AtReceivers);
        }
    }
}
