using Totem.Cli.Traces;
using Totem.Simulation.Checkers;

namespace Totem.Cli.Demos;

/// <summary>The result of a demo: what its traces say, and what is known about the run besides.</summary>
internal sealed class DemoOutcome(
    DemoPlan plan, uint victim, IReadOnlyList<uint> everybody, DemoTimes times, string removalCause)
{
    /// <summary>Reads the traces, checks every rule, and compares the orders.</summary>
    public DemoReport Check(TraceFolder folder)
    {
        var trace = RunTraces.Read(folder.TraceFiles);
        var evs = EvsChecker.Check(trace, new EvsCheckOptions
        {
            // Everybody's marks were delivered everywhere before the traces ended, and everybody was in one ring.
            Quiescent = true,
            ExpectedComponents = [ProcessorSet.Of([.. everybody.Select(x => new ProcessorId(x))])],
            TornLives = [new LifeId(new ProcessorId(victim), 1)],
        });
        var lives = LifeSummary.Of(trace);
        var configurations = ConfigurationsOf(lives);
        var problems = evs.Violations.Select(x => x.ToString())
            .Concat(configurations.Where(x => x.OrderHash is null)
                .Select(x => $"configuration {x.Ring}: its members delivered different orders"))
            .Concat(MissingMessages(lives))
            .ToArray();
        return new DemoReport
        {
            Holds = problems.Length == 0,
            Nodes = plan.Nodes,
            MessagesPerNode = plan.Messages,
            Victim = victim,
            RemovalCause = removalCause,
            Times = times,
            Configurations = configurations,
            Lives = ReportsOf(lives),
            RulesChecked = [.. evs.RulesChecked.Select(x => x.Number)],
            Problems = problems,
            TraceEvents = evs.EventCount,
        };
    }

    // Processors that went from one ring to the same next one delivered the same in between; a killed process saw no
    // end of its last.
    private static DemoConfiguration[] ConfigurationsOf(IReadOnlyList<LifeSummary> lives)
    {
        var parts = lives.SelectMany(life => life.Parts
            .Where(part => part.Configuration.Members.Count > 1 && !(IsKilled(life, lives) && part == life.Parts[^1]))
            .Select(part => (life.Node, Part: part)));
        return [.. parts
            .GroupBy(x => (x.Part.Configuration.Ring, x.Part.NextRing))
            .OrderBy(group => group.Key.Ring.Sequence)
            .Select(group => new DemoConfiguration(
                group.Key.Ring.ToString(),
                [.. group.First().Part.Configuration.Members.Select(x => x.Value)],
                group.Max(x => x.Part.Delivered),
                group.Select(x => x.Part.Hash).Distinct().Count() == 1 ? group.First().Part.Hash.ToString() : null,
                [.. group.Select(x => x.Node).Distinct().Order()]))];
    }

    private DemoLife[] ReportsOf(IReadOnlyList<LifeSummary> lives)
    {
        // The order that everybody who stayed has in common, from the first ring they shared to the last.
        var shared = lives.Where(x => x.Node != victim)
            .Select(life => life.Parts.Select(part => part.Configuration.Ring).ToArray())
            .Aggregate((common, rings) => [.. common.Intersect(rings)]);
        return [.. lives.Select(life => new DemoLife(
            life.Node,
            life.Incarnation,
            IsKilled(life, lives),
            life.Parts.Count,
            life.Sent,
            life.Delivered,
            IsKilled(life, lives) ? null : life.HashOver(shared)?.ToString()))];
    }

    // Sent and received by the mark as well, hence one more than was asked for.
    private IEnumerable<string> MissingMessages(IReadOnlyList<LifeSummary> lives)
        => lives.Where(x => x.Node != victim && x.Sent != plan.Messages + 1)
            .Select(x => $"node {x.Node} multicast {x.Sent} messages, expected {plan.Messages} and a mark");

    private static bool IsKilled(LifeSummary life, IReadOnlyList<LifeSummary> lives)
        => lives.Any(x => x.Node == life.Node && x.Incarnation > life.Incarnation);
}
