using Totem.Simulation.Checkers;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Scenarios;

/// <summary>Applies every rule of EVS §2 to a trace.</summary>
internal static class TraceRules
{
    /// <param name="trace">The trace.</param>
    /// <param name="isQuiescent">True when the cluster came to rest, so that what is missing is
    /// missing for good.</param>
    /// <param name="component">The components that must have found together in the end; null when nobody can
    /// say.</param>
    /// <param name="violationsMax">How many violations of each rule are described.</param>
    public static IEnumerable<ScenarioFailure> Check(
        Trace trace, bool isQuiescent, ProcessorSet? component, int violationsMax)
    {
        var report = EvsChecker.Check(trace, new EvsCheckOptions
        {
            Quiescent = isQuiescent,
            ExpectedComponents = isQuiescent && component is not null ? [component] : null,
            MaxViolationsPerRule = violationsMax,
        });
        return report.Violations.Select(x => new ScenarioFailure(x.Rule.Number, x.ToString()));
    }
}
