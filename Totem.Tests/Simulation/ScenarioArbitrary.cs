using FsCheck;
using FsCheck.Fluent;
using Totem.Simulation.Faults;
using Totem.Simulation.Scenarios;

namespace Totem.Tests.Simulation;

/// <summary>A scenario as FsCheck draws and shrinks it; printed, it is a seed to replay or a script to keep.</summary>
/// <param name="Seed">The seed it was drawn from; null once it has been made simpler.</param>
/// <param name="Script">The action.</param>
public sealed record DrawnScenario(ulong? Seed, FaultScript Script)
{
    /// <inheritdoc />
    public override string ToString() => Seed is { } seed
        ? $"totem simulate --seed {seed}"
        : $"totem simulate --script FILE, with\n{Script}";
}

/// <summary>FsCheck's view of scenarios.</summary>
internal static class ScenarioArbitrary
{
    public static Arbitrary<DrawnScenario> Any { get; } = Arb.From(Generator(), Shrink);

    private static Gen<DrawnScenario> Generator() =>
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        let seed = ((ulong)high << 31) | (uint)low
        select new DrawnScenario(seed, ScenarioGenerator.Draw(seed));

    private static IEnumerable<DrawnScenario> Shrink(DrawnScenario scenario) =>
        ScriptReductions.Of(scenario.Script).Select(x => new DrawnScenario(null, x));
}
