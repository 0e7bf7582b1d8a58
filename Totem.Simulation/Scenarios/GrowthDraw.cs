using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// How far the window of a scenario that is drawn already may grow. It has its own dice, so that the same seed gives
/// the same cluster and the same faults as before there was growth.
/// </summary>
internal static class GrowthDraw
{
    private const ulong Salt = 0x67_726F_7774_68;

    public static FaultScript Apply(ulong seed, FaultScript script)
    {
        var random = new SimulationRandom(seed ^ Salt);
        if (random.Chance(0.4))
            return script;
        var options = script.Setup.Options;
        var max = random.Chance(0.5) ? 512 : (int)random.Between(options.WindowSize, 4 * options.WindowSize);
        return script.With(script.Setup with { Options = options with { MaxWindowSize = max } });
    }
}
