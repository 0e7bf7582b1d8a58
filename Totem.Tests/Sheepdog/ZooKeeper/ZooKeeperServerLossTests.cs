using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>Servers die.</summary>
public sealed class ZooKeeperServerLossTests(ThreeServers servers) : ZooKeeperTest(servers), IClassFixture<ThreeServers>
{
    private const int Never = 60_000;
    private const int Each = 100;

    /// <summary>The leader, too: the other two choose a new one, and everybody's session goes on there.</summary>
    [ZooKeeperFact]
    [Check("F-22")]
    public void The_death_of_a_server_of_three_is_not_noticed()
    {
        var sheep = Enumerable.Range(0, 3).Select(x => Begin(x, Never, isDirect: true)).ToArray();
        foreach (var one in sheep)
            one.WaitForMembers(0, 1, 2);
        var leader = Servers.Servers.First(x => x.Ask("srvr").Contains("Mode: leader", StringComparison.Ordinal));
        for (var i = 0; i < Each; i++)
        {
            if (i == Each / 2)
                leader.Kill();
            foreach (var one in sheep)
                one.Notify($"{i}");
        }

        foreach (var one in sheep)
        {
            one.WaitForCount("notify ", Each * sheep.Length);
            Assert.DoesNotContain("reconnect", one.Lines);
            Assert.Equal(0, one.CountOf("leave"));
            for (var sender = 0; sender < sheep.Length; sender++)
            {
                Assert.Equal(
                    Enumerable.Range(0, Each).Select(x => TestSheep.NotifyLine(sender, $"{x}")),
                    one.Log.Where(x => x.StartsWith($"notify {sender} ", StringComparison.Ordinal)));
            }
        }

        ClusterConformance.AssertSameSequence(sheep);
    }
}
