using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>How the token goes round in a scenario.</summary>
public enum RingKind
{
    /// <summary>Every member sends the token last.</summary>
    Plain,

    /// <summary>The last messages of a visit follow the token, at all members or at some.</summary>
    Accelerated,
}

/// <summary>
/// Makes the ring of a scenario that is drawn already an accelerated one. It has its own dice, so that the same seed
/// gives the same cluster and the same faults in both kinds.
/// </summary>
internal static class AcceleratedDraw
{
    private const ulong Salt = 0x6163_6365_6C65;

    /// <summary>The scenario on the ring of this kind; null lets the seed decide.</summary>
    public static FaultScript Apply(ulong seed, FaultScript script, RingKind? kind)
    {
        var random = new SimulationRandom(seed ^ Salt);
        var drawn = random.Chance(0.5) ? RingKind.Accelerated : RingKind.Plain;
        if ((kind ?? drawn) == RingKind.Plain)
            return script;
        var setup = script.Setup;
        var perVisit = setup.Options.MaxMessagesPerVisit;
        var window = random.Chance(0.3) ? Math.Max(perVisit, setup.Options.MaxWindowSize)
            : (int)random.Between(1, perVisit);
        // Members choose for themselves, and corosync cannot choose.
        var plain = ProcessorSet.Empty;
        if (random.Chance(0.3))
            plain = ProcessorSet.Of([.. setup.Processors.Where(_ => random.Chance(0.5))]);
        return script.With(setup with { Options = setup.Options with { AcceleratedWindow = window }, Plain = plain });
    }
}
