using FsCheck;
using FsCheck.Fluent;
using Totem.Sheepdog.Sessions;

namespace Totem.Tests.Sheepdog.Sessions;

/// <summary>Random sheep in random interleavings: starts, deaths, restarts, turns, locks, messages,
/// each as late as it may be.</summary>
public sealed class ClusterSessionProperties
{
    private const int SheepMax = 12;

    /// <summary>Over a group with changes of its own, and over a log.</summary>
    [Theory]
    [InlineData(false), InlineData(true)]
    public void All_see_one_sequence_and_nothing_of_the_dead_stays(bool isLog)
        => Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ArrayOf(500).ToArbitrary(), choices => Run(choices, isLog))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(int.Parse(Environment.GetEnvironmentVariable("TOTEM_CASES")
                ?? "2000", System.Globalization.CultureInfo.InvariantCulture)));

    private static bool Run(int[] choices, bool isLog)
    {
        var cluster = new ModelCluster(isLog);
        foreach (var choice in choices)
            Step(cluster, (uint)choice);
        cluster.RunUntilQuiet();
        SequenceRules.Check(cluster);
        // Liveness: whoever asked is in, whoever waits for a turn gets one, and a lock too.
        Assert.All(cluster.Alive, x =>
            Assert.True(x.Session.Phase == SessionPhase.Joined || x.Own.Contains("Failed"), $"{x.Session} waits"));
        for (var turns = 0; cluster.Alive.FirstOrDefault(x => x.IsRunning) is { } owner; turns++)
        {
            Assert.True(turns < 1000);
            owner.Unblock([]);
            cluster.RunUntilQuiet();
        }

        Assert.All(cluster.Alive.Where(x => x.Session.Known is not null), x => Assert.Empty(x.Session.Known!.Blocks));
        SequenceRules.Check(cluster);
        return true;
    }

    private static void Step(ModelCluster cluster, uint choice)
    {
        var alive = cluster.Alive.ToList();
        var what = choice % 100;
        if (alive.Count == 0 || (what < 6 && cluster.All.Count < SheepMax))
        {
            var identity = (int)(choice / 100 % SheepMax);
            if (alive.All(x => x.Identity != identity))
                cluster.Start(identity).Join();
            return;
        }

        var sheep = alive[(int)(choice / 100 % (uint)alive.Count)];
        switch (what)
        {
            case < 8:
                cluster.Kill(sheep);
                break;
            case < 9:
                sheep.Session.Leave();
                break;
            case < 16:
                sheep.Session.Notify(BitConverter.GetBytes(choice));
                break;
            case < 20:
                sheep.Session.Block();
                break;
            case < 24:
                if (sheep.IsRunning)
                    sheep.Unblock(BitConverter.GetBytes(choice));
                break;
            case < 26:
                sheep.Session.UpdateNode(ModelSheep.Node(sheep.Identity, (int)(choice >> 8)));
                break;
            case < 28:
                sheep.Session.Lock(choice >> 8 & 3);
                break;
            case < 48:
                cluster.Order(sheep);
                break;
            case < 49:
                cluster.Watch(sheep);
                break;
            case < 50:
                sheep.Session.HandleTime(cluster.Now += 1000);
                break;
            case < 80:
                cluster.Deliver(sheep);
                break;
            default:
                sheep.Dispatch();
                break;
        }
    }
}
