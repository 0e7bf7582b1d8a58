using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// Lets the token of a scenario that is drawn already stay where the work is (docs/design/token.md), for any time up to
/// the longest, and gives it work of that kind: a member that says one thing after the other, while another now and
/// then says something too. Its dice are its own, so a seed has the same other faults with it and without.
/// </summary>
internal static class ParkDraw
{
    private const int ActionsMax = 10_000;
    private const ulong Salt = 0x7061_726B;

    public static FaultScript Apply(ulong seed, FaultScript script)
    {
        var random = new SimulationRandom(seed ^ Salt);
        if (random.Chance(0.25))
            return script;
        var setup = script.Setup;
        var hold = setup.Options.TokenHold.Ticks;
        // As often a few microseconds as nearly as long as the hold itself.
        var park = TimeSpan.FromTicks(Math.Clamp(hold >> (int)random.Between(0, 12), 10, hold));
        var restless = ProcessorSet.Empty;
        if (random.Chance(0.1))
            restless = ProcessorSet.Of([.. setup.Processors.Where(_ => random.Chance(0.4))]);
        var actions = script.Actions.ToList();
        for (var runs = random.Between(0, 4); runs > 0; runs--)
            DrawRun(random, script, actions);
        return script.With(
            setup with { Options = setup.Options with { TokenPark = park }, Restless = restless },
            [.. actions.OrderBy(x => x.At)]);
    }

    /// <summary>One member says one thing after the other.</summary>
    private static void DrawRun(SimulationRandom random, FaultScript script, List<TimedAction> actions)
    {
        var processors = script.Setup.Processors;
        var sender = processors[random.Below(processors.Count)];
        var rotation = (script.Setup.Latency + script.Setup.Jitter) * processors.Count;
        var each = TimeSpan.FromTicks(Math.Max(1, rotation.Ticks >> (int)random.Between(0, 4)));
        var others = random.Chance(0.5) ? 0.0 : random.Chance(0.5) ? 0.1 : 0.4;
        var safe = random.Chance(0.7) ? 0.0 : 0.3;
        var at = TimeSpan.FromTicks((long)(random.Unit() * script.End.At.Ticks));
        for (var count = random.Between(5, 60); count > 0 && at < script.End.At && actions.Count < ActionsMax; count--)
        {
            var node = random.Chance(others) ? processors[random.Below(processors.Count)] : sender;
            actions.Add(new TimedAction(at, new SubmitMessages(
                node, 1, 0, 100, random.Chance(safe) ? SubmitGuarantee.Safe : SubmitGuarantee.Agreed)));
            at += random.Chance(0.05) ? 10 * each : each;
        }
    }
}
