using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The connection, the session, the server or the process of a sheep is lost at each of the requests that it
/// makes, on servers in memory.</summary>
public sealed class ZooKeeperStepTests
{
    /// <summary>Which of the four sheep it is: the first, one between, the last, and one that comes while the others
    /// are busy.</summary>
    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var fault in Enum.GetNames<ModelFault>().Where(x => x != nameof(ModelFault.None)))
            {
                for (var victim = 0; victim < 4; victim++)
                    cases.Add(fault, victim);
            }

            return cases;
        }
    }

    [Theory]
    [Check("A4", "A5", "A12")]
    [MemberData(nameof(Cases))]
    public void A_fault_at_any_request_leaves_one_sequence_and_nothing_behind(string fault, int victim)
    {
        var kind = Enum.Parse<ModelFault>(fault);
        foreach (var seed in ZooKeeperSeeds.Of(1))
        {
            var count = Run(new ZooKeeperModel(seed), victim, new ModelLife());
            Assert.InRange(count, 30, 5000);
            for (var request = 1; request <= count; request++)
            {
                try
                {
                    var model = new ZooKeeperModel(seed);
                    Run(model, victim, new ModelLife(kind, request));
                    AssertNobodyLostWithoutCause(model, victim, kind);
                }
                catch (Exception failure)
                {
                    throw new InvalidOperationException(
                        $"seed {seed}, victim {victim}, {kind} at request {request} of {count}: "
                        + failure.Message, failure);
                }
            }
        }
    }

    /// <summary>Only the victim loses its session, and without the loss of that only when it is not known whether it
    /// has arrived.</summary>
    private static void AssertNobodyLostWithoutCause(ZooKeeperModel model, int victim, ModelFault fault)
    {
        var isSessionLost = fault is ModelFault.SessionBefore or ModelFault.SessionAfter;
        Assert.All(model.Losses, x =>
        {
            var isServer = fault is ModelFault.ServerBefore or ModelFault.ServerAfter;
            Assert.True(
                (x.Identity == victim && isSessionLost)
                || ((x.Identity == victim || isServer)
                    && x.Reason.StartsWith("the arrival could not be written", StringComparison.Ordinal)),
                $"{x.Identity}: {x.Reason}");
        });
    }

    /// <summary>Everything that a sheep does: arrives, writes and reads, takes turns, is handed a state, watches,
    /// declares, tidies up.</summary>
    /// <returns>The requests of the victim.</returns>
    private static int Run(ZooKeeperModel model, int victim, ModelLife life)
    {
        for (var identity = 0; identity < 3; identity++)
        {
            model.Start(identity, identity == victim ? life : null);
            model.RunUntilIdle();
        }

        for (var round = 0; round < 4; round++)
        {
            foreach (var one in model.Alive.ToList())
            {
                // Several at once are on their way together.
                for (var i = 0; i < 3; i++)
                    model.Notify(one);
                model.Run(10);
            }

            if (round == 1)
                model.Start(3, victim == 3 ? life : null);
        }

        model.Find(victim)?.Sheep.Session.Block();
        model.RunUntilIdle();
        if (model.Alive.FirstOrDefault(x => x.Sheep.IsRunning) is { } running)
            running.Sheep.Unblock([9]);
        model.RunUntilIdle();
        // The one that the victim watches, if it is not the victim itself.
        if (model.Find(victim)?.Session.Watched is { } watched
            && model.Alive.FirstOrDefault(x => x.Sheep.Peer == watched) is { } other)
            model.Kill(other);
        model.RunUntilQuiet();
        // It is started anew at once, as an operator would.
        if (model.Find(victim) is null)
            model.Start(victim);
        model.RunUntilQuiet();
        var count = life.RequestCount;
        model.AssertWhole();
        return count;
    }
}
