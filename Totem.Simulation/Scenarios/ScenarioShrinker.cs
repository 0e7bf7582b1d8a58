using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// Makes a failing script short: takes away actions, processors, messages and oddities as long as
/// the same rule still breaks.
/// </summary>
public static class ScenarioShrinker
{
    /// <summary>A reduction disturbs the network's dice; with a few other seeds the failure often comes back.</summary>
    private const int SeedsPerCandidate = 3;

    /// <summary>The shortest script found that breaks the rule that <paramref name="failing"/> breaks first.</summary>
    /// <param name="runner">Runs the candidates.</param>
    /// <param name="failing">A result that did not pass.</param>
    /// <param name="maxRuns">How many runs the search may cost.</param>
    /// <param name="cancellationToken">Ends the search early, with what it has.</param>
    public static ScenarioResult Shrink(
        ScenarioRunner runner, ScenarioResult failing, int maxRuns = 2000,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(failing);
        var best = failing;
        var runs = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var better = Improve(runner, best, ref runs, maxRuns, cancellationToken);
            if (better is null)
                return best;
            best = better with { ScenarioSeed = null };
        }

        return best;
    }

    private static ScenarioResult? Improve(
        ScenarioRunner runner, ScenarioResult best, ref int runs, int maxRuns, CancellationToken cancellationToken)
    {
        foreach (var candidate in ScriptReductions.Of(best.Script))
        {
            for (var i = 0; i < SeedsPerCandidate; i++)
            {
                if (runs++ >= maxRuns || cancellationToken.IsCancellationRequested)
                    return null;
                var seed = i == 0 ? candidate.Seed : StableHash.Mix(candidate.Seed, (ulong)i);
                var result = runner.Run(candidate.With(setup: candidate.Setup with { Seed = seed }));
                if (result.Rule == best.Rule)
                    return result;
            }
        }

        return null;
    }
}
