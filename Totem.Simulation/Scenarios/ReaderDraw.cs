using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// In every scenario some applications read slowly, at one pace or another, and stop for a while. In one of eight the
/// others say more meanwhile than a small receive window holds. Its dice are its own, so a seed has the same other
/// faults with it and without.
/// </summary>
internal static class ReaderDraw
{
    private const int ActionsMax = 10_000;
    private const int FloodedWindow = 128;
    private const ulong Salt = 0x72_6561_6465_72;

    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(5);

    public static FaultScript Apply(ulong seed, FaultScript script)
    {
        var random = new SimulationRandom(seed ^ Salt);
        var isFlooded = random.Chance(0.125);
        if (isFlooded && script.Setup.Options.ReceiveWindow > FloodedWindow)
            script = script.With(WithWindow(script.Setup, FloodedWindow));
        var setup = script.Setup;
        var actions = script.Actions.ToList();
        var first = setup.Processors[random.Below(setup.Processors.Count)];
        foreach (var node in setup.Processors)
        {
            if (node == first || random.Chance(0.2))
                DrawReader(random, script, node, actions, isFlooded);
        }

        return script.With(actions: [.. actions.OrderBy(x => x.At)]);
    }

    private static void DrawReader(
        SimulationRandom random, FaultScript script, ProcessorId node, List<TimedAction> actions, bool isFlooded)
    {
        var end = script.End.At;
        var token = script.Setup.Options.TokenTimeout;
        for (var at = Span(random, end / 2); at < end
            && actions.Count < ActionsMax; at += Span(random, end / 2) + Least)
        {
            if (random.Chance(0.3))
            {
                actions.Add(new TimedAction(at, new StopReader(node)));
                if (isFlooded)
                    actions.Add(new TimedAction(at, Flood(random, script.Setup)));
                // From hardly noticed to long after the member has stood aside.
                at += Span(random, 6 * token);
            }

            var each = random.Chance(0.5) ? TimeSpan.Zero : TimeSpan.FromMicroseconds(1L << (int)random.Between(4, 13));
            actions.Add(new TimedAction(Min(at, end), new PaceReader(node, each)));
        }
    }

    private static SubmitMessages Flood(SimulationRandom random, ClusterSetup setup)
    {
        // Each fills a frame, or nearly so.
        var count = (int)random.Between(setup.Options.ReceiveWindow / 2, setup.Options.ReceiveWindow * 2);
        var speaker = setup.Processors[random.Below(setup.Processors.Count)];
        return new SubmitMessages(speaker, count, 400, 1200, SubmitGuarantee.Mixed);
    }

    private static ClusterSetup WithWindow(ClusterSetup setup, int window) =>
        setup with
        {
            Options = setup.Options with
            {
                ReceiveWindow = window,
                WindowSize = Math.Min(setup.Options.WindowSize, window / 4),
                MaxMessagesPerVisit = Math.Min(setup.Options.MaxMessagesPerVisit, window / 4),
            },
        };

    private static TimeSpan Span(SimulationRandom random, TimeSpan high) =>
        TimeSpan.FromMilliseconds(random.Between(0, (long)Math.Max(1, high.TotalMilliseconds)));

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
