using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// In one of five scenarios a processor has seen many more rings than the others: only the highest ring sequence that
/// anybody has shown leads to a ring that all accept. Its dice are its own, so a seed has the same faults with it and
/// without.
/// </summary>
internal static class StoredDraw
{
    private const ulong Salt = 0x73_746F_7265_64;

    public static FaultScript Apply(ulong seed, FaultScript script)
    {
        var random = new SimulationRandom(seed ^ Salt);
        if (!random.Chance(0.2))
            return script;
        var setup = script.Setup;
        var far = setup.Processors[random.Below(setup.Processors.Count)];
        var stored = setup.Stored.ToDictionary();
        stored[far] = unchecked(stored.GetValueOrDefault(far) + (ulong)random.Between(1_000, 1L << 40));
        return script.With(setup with { Stored = stored });
    }
}
