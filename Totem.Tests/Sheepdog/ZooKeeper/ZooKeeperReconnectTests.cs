using System.Diagnostics;
using Totem.Sheepdog;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The remains that sessions which are over leave in the process. Nothing else may run, since it counts
/// threads.</summary>
[Collection(RealProcesses.Name)]
public sealed class ZooKeeperReconnectTests(SingleServer servers) : ZooKeeperTest(servers), IClassFixture<SingleServer>
{
    private const int Rounds = 10;

    /// <summary>Threads that a pool starts and ends by itself.</summary>
    private const int Slack = 8;

    [ZooKeeperFact]
    [Check("F-23")]
    public async Task Sessions_that_are_lost_leave_no_threads_and_no_descriptors()
    {
        var sheep = Joined(2);
        using var tool = await ToolAsync();
        await LoseAsync(sheep[1], tool, 1);
        var (threads, descriptors) = (CountThreads(), CountDescriptors());
        for (var round = 2; round <= Rounds; round++)
            await LoseAsync(sheep[1], tool, round);
        sheep[0].WaitForMembers(0, 1);
        await WaitUntilAsync(
            () => Task.FromResult(CountThreads() < threads + Slack), $"at most {threads} threads and a few");
        await WaitUntilAsync(
            () => Task.FromResult(CountDescriptors() < descriptors + Slack), $"at most {descriptors} descriptors "
                + "and a few");
    }

    [ZooKeeperFact]
    [Check("F-25")]
    public void Servers_that_do_not_answer_are_reported_within_the_timeout()
    {
        using var driver = ClusterDrivers.Create("zookeeper:127.0.0.1:1,127.0.0.1:2,timeout=300", out var option);
        var failure = Assert.Throws<ClusterDriverException>(() => driver.Init(option));
        Assert.Equal("no ZooKeeper server answered within 300 ms: 127.0.0.1:1,127.0.0.1:2", failure.Message);
        Assert.Throws<ClusterDriverException>(() => driver.Init("no.such.host.invalid:1,timeout=300"));
    }

    private static async Task LoseAsync(DriverSheep sheep, ZooKeeperTool tool, int round)
    {
        await tool.EndSessionAsync(tool.Paths.Member(NodeString.Of(DriverSheep.Node(sheep.Identity))));
        sheep.WaitForCount("reconnect", round);
        sheep.WaitForCount($"accept {sheep.Identity} ", round + 1);
    }

    private static int CountThreads()
    {
        using var self = Process.GetCurrentProcess();
        return self.Threads.Count;
    }

    private static int CountDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
