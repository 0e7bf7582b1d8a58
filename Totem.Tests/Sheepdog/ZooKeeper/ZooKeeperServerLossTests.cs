using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>Servers die.</summary>
public sealed class ZooKeeperServerLossTests(ThreeServers servers) : ZooKeeperTest(servers), IClassFixture<ThreeServers>
{
    private const int Never = 60_000;
    private const int Short = 500;
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

    /// <summary>As on a host that stands still: sessions expire, and a sheep that starts meanwhile
    /// is told that nobody answers.</summary>
    [ZooKeeperTheory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(100)]
    [InlineData(200)]
    [InlineData(400)]
    public void Servers_that_stand_still_while_one_joins_lose_nobody(int milliseconds)
    {
        var first = Begin(0, Short);
        first.WaitForMembers(0);
        var second = Begin(1, Short);
        // The moment within the join is the case.
        Thread.Sleep(milliseconds);
        var running = Servers.Servers.Where(x => x.IsRunning).ToArray();
        foreach (var server in running)
            server.Pause();
        Thread.Sleep(4 * Short);
        foreach (var server in running)
            server.Continue();
        // A message goes with the session that it was sent in, and the end of that comes later to
        // one than to the other.
        var (heard, said) = (false, 0);
        while (!heard)
        {
            first.WaitForMembers(0, 1);
            second.WaitForMembers(0, 1);
            var text = $"{++said}";
            second.Do(x => x.Notify(System.Text.Encoding.UTF8.GetBytes(text)));
            heard = Hears(first, text) && Hears(second, text);
            Assert.True(said < Each, string.Join('\n', first.Lines.Concat(["second:", .. second.Lines])));
        }

        ClusterConformance.AssertSameSequence(first, second);

        static bool Hears(DriverSheep sheep, string text)
        {
            for (var i = 0; i < 30; i++)
            {
                if (sheep.Log.Contains(TestSheep.NotifyLine(1, text)))
                    return true;
                Thread.Sleep(20);
            }

            return false;
        }
    }
}
