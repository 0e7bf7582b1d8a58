using System.Runtime.Versioning;
using Totem.Sheepdog.Sessions;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Sheepdog.Sessions;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>A process ends, or finds the disk full, at each of the system calls that it makes on the cluster's
/// files.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalStepTests
{
    /// <summary>Which of the four sheep it is: the first, one between, the last, and one that comes while the others
    /// are busy.</summary>
    public static TheoryData<int> Victims => [0, 1, 2, 3];

    [Theory]
    [Check("A4", "A5")]
    [MemberData(nameof(Victims))]
    public void A_death_at_any_call_leaves_nothing_behind(int victim) =>
        ForEachCall(victim, call => new FaultyFiles { KilledAt = call }, (model, _) =>
        {
            // It is started anew at once, as an operator would.
            if (model.Cluster.Alive.All(x => x.Identity != victim))
                model.Start(victim);
        });

    [Theory]
    [MemberData(nameof(Victims))]
    public void A_full_disk_at_any_call_costs_no_more_than_a_session(int victim) =>
        ForEachCall(victim, call => new FaultyFiles { FullAt = call }, (model, _) =>
        {
            // A sheep that could not even begin ends, and is started again.
            if (model.Cluster.Alive.All(x => x.Identity != victim))
                model.Start(victim);
        });

    private static void ForEachCall(int victim, Func<int, FaultyFiles> faulty, Action<LocalModel, FaultyFiles> after)
    {
        var clean = new FaultyFiles();
        using (var model = new LocalModel())
            Run(model, victim, clean);
        Assert.InRange(clean.CallCount, 50, 5000);
        for (var call = 1; call <= clean.CallCount; call++)
        {
            using var model = new LocalModel();
            var files = faulty(call);
            try
            {
                Run(model, victim, files);
                after(model, files);
                model.RunUntilQuiet();
                AssertWhole(model);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException(
                    $"victim {victim}, call {call} of {clean.CallCount}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>Everything that a sheep does with files: arrives, writes and reads, takes turns, ends segments and goes
    /// on to the next, watches, declares, tidies up.</summary>
    private static void Run(LocalModel model, int victim, FaultyFiles files)
    {
        for (var identity = 0; identity < 3; identity++)
        {
            model.Start(identity, identity == victim ? files : null);
            model.RunUntilQuiet();
        }

        for (var round = 0; round < 4; round++)
        {
            foreach (var one in model.Alive.ToList())
            {
                one.Sheep.Session.Notify([(byte)round]);
                model.Step(one);
            }

            if (round == 1)
                model.Start(3, victim == 3 ? files : null);
        }

        if (model.Alive.FirstOrDefault(x => x.Sheep.Identity == victim) is { } owner)
            owner.Sheep.Session.Block();
        model.RunUntilQuiet();
        if (model.Alive.FirstOrDefault(x => x.Sheep.IsRunning) is { } running)
            running.Sheep.Unblock([9]);
        model.RunUntilQuiet();
        // The one that the victim watches, if it is not the victim itself.
        if (model.Alive.FirstOrDefault(x => x.Sheep.Identity == (victim + 3) % 4) is { } watched)
            model.Kill(watched);
        model.RunUntilQuiet();
    }

    private static void AssertWhole(LocalModel model)
    {
        // The remains of a process that dies while it tidies up after another are removed at the end of a segment.
        var writer = model.Alive.First();
        for (var i = 0; i < 20; i++)
        {
            writer.Sheep.Session.Notify([42]);
            model.RunUntilQuiet();
        }

        var alive = model.Cluster.Alive.ToList();
        Assert.NotEmpty(alive);
        Assert.All(alive, x => Assert.Equal(SessionPhase.Joined, x.Session.Phase));
        var identities = alive.Select(x => x.Identity).Order().ToList();
        Assert.All(alive, x => Assert.Equal(identities, x.Session.Members.Select(ModelSheep.IdOf).Order()));
        SequenceRules.Check(model.Cluster);
        Assert.Equal(alive.Count, model.SessionCount);
    }
}
