using FsCheck;
using FsCheck.Fluent;
using Totem.Simulation.Faults;
using Totem.Simulation.Scenarios;
using Xunit;

namespace Totem.Tests.Simulation;

/// <summary>The same scenarios as properties: FsCheck draws fresh ones each time, and shrinks what fails.</summary>
public sealed class ScenarioPropertyTests
{
    private const int ScenarioCount = 300;

    private readonly ScenarioRunner _runner = new();

    [Fact]
    public void Every_scenario_keeps_every_rule() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(ScenarioCount), Prop.ForAll(ScenarioArbitrary.Any, Holds));

    [Fact]
    public void A_failure_is_shrunk_and_can_be_replayed()
    {
        // No processor that has more than two actions done to it: false soon, and the smallest counterexample is three.
        var error = Assert.ThrowsAny<Exception>(() => Check.One(
            Config.QuickThrowOnFailure, Prop.ForAll(ScenarioArbitrary.Any, x => x.Script.ActionCount < 3)));
        Assert.Contains("totem simulate --seed ", error.Message, StringComparison.Ordinal);
        var script = error.Message[(error.Message.LastIndexOf("FILE, with\n", StringComparison.Ordinal) + 11)..];
        script = script[..(script.IndexOf('\n', script.IndexOf("\nend at=", StringComparison.Ordinal) + 1) + 1)];
        Assert.Equal(3, FaultScript.Parse(script, "shrunk").ActionCount);
    }

    private bool Holds(DrawnScenario scenario)
    {
        var result = _runner.Run(scenario.Script);
        return result.Passed
            ? true
            : throw new InvalidOperationException(
                string.Join('\n', result.Failures.Select(x => $"{x.Rule}: {x.Text}")));
    }
}
