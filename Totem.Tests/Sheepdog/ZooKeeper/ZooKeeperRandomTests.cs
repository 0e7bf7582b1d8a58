using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>Sheep that come, go, speak and take turns at random, while connections, sessions, servers and processes are
/// lost at random, on servers in memory. Then the faults end, and everything must be whole.</summary>
public sealed class ZooKeeperRandomTests
{
    private const int Count = 300;
    private const int IdentitiesMax = 5;

    [Fact]
    [Check("A4", "A5", "A12", "A14")]
    public void Faults_from_a_seed_leave_one_sequence_and_nothing_behind()
    {
        foreach (var seed in ZooKeeperSeeds.Of(Count))
        {
            try
            {
                Run(seed);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}: {failure.Message}", failure);
            }
        }
    }

    private static void Run(int seed)
    {
        var random = new Random(seed);
        var limits = new ZooKeeperLimits { PublishEntries = 8, InlineBytesMax = 0, ChunkBytesMax = 64 };
        // With some seeds a session that stands still is taken out.
        var model = new ZooKeeperModel(seed)
        {
            Limits = random.Next(2) == 0 ? limits : limits with { BehindEntriesMax = 12 },
        };
        for (var i = random.Next(1, 4); i > 0; i--)
            model.Start(i);
        for (var i = random.Next(20, 100); i > 0; i--)
        {
            Do(model, random);
            model.Run(random.Next(40));
        }

        End(model);
        model.AssertWhole();
    }

    private static void Do(ZooKeeperModel model, Random random)
    {
        var alive = model.Alive.ToList();
        var kind = random.Next(100);
        if (alive.Count == 0 || kind < 10)
        {
            var identity = random.Next(IdentitiesMax);
            if (model.Find(identity) is null)
                model.Start(identity);
            return;
        }

        var one = alive[random.Next(alive.Count)];
        switch (kind)
        {
            case < 60:
                model.Notify(one);
                break;
            case < 66:
                one.Sheep.Session.Block();
                break;
            case < 74:
                EndTurn(model);
                break;
            case < 79:
                model.Kill(one, isLate: random.Next(2) == 0);
                break;
            case < 86:
                one.Client.Break(
                    random.Next(2) == 0, random.Next(3) == 0 ? ZooKeeperCode.OperationTimeout
                        : ZooKeeperCode.ConnectionLoss);
                break;
            case < 88 when one.Client.Next is not null:
                one.Client.Throttle();
                break;
            case < 91:
                model.EndSession(one);
                break;
            case < 95:
                one.IsPaused = !one.IsPaused;
                break;
            case < 98 when model.RunningServers > 1:
                model.StopServer();
                break;
            default:
                model.StartServers();
                break;
        }
    }

    private static void End(ZooKeeperModel model)
    {
        model.StartServers();
        foreach (var one in model.Alive)
            one.IsPaused = false;
        if (!model.Alive.Any())
            model.Start(0);
        model.RunUntilQuiet();
        while (EndTurn(model))
            model.RunUntilQuiet();
    }

    private static bool EndTurn(ZooKeeperModel model)
    {
        var running = model.Alive.FirstOrDefault(x => x.Sheep.IsRunning);
        running?.Sheep.Unblock([9]);
        return running is not null;
    }
}
