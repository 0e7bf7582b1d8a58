using System.Globalization;
using Totem.Cli.Simulations;
using Totem.Core.Diagnostics;
using Totem.Simulation.Faults;
using Totem.Simulation.Scenarios;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Simulation;

/// <summary>Random scenarios in bulk, on every core. <c>TOTEM_SCENARIOS</c> says how many; CI runs
/// the default at least.</summary>
public sealed class ScenarioTests(ITestOutputHelper output)
{
    private const string CountVariable = "TOTEM_SCENARIOS";
    private const int CountDefault = 3000;

    [Fact]
    public void Random_scenarios_keep_every_rule()
    {
        var count = Environment.GetEnvironmentVariable(CountVariable) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : CountDefault;
        var report = SimulationCampaign.Run(new CampaignOptions { ScenarioCount = count });
        Report(report);
        Assert.True(report.Coverage[RingEventKind.MulticastAfterToken] > 0, "no ring was an accelerated one");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void A_pair_that_never_hears_each_other_does_not_disturb_the_others(int processors) =>
        Report(SimulationCampaign.Run(new CampaignOptions
        {
            ScenarioCount = 40,
            FirstSeed = (ulong)processors * 1000,
            ProcessorCount = processors,
            PairCut = true,
            ShrinkCount = 1,
            MaxFailures = 3,
        }));

    [Fact]
    public void A_seed_always_gives_the_same_bytes()
    {
        var (first, second) = (new ScenarioRunner(), new ScenarioRunner());
        for (ulong seed = 1; seed <= 100; seed++)
        {
            var a = first.Run(seed);
            // The other runner ran something else before: what it reuses may not show.
            var b = second.Run(seed % 10);
            b = second.Run(seed);
            Assert.Equal(a.Digest, b.Digest);
            Assert.Equal(a.EventCount, b.EventCount);
            Assert.Equal(a.TransmitCount, b.TransmitCount);
        }
    }

    [Fact]
    public void Different_seeds_give_different_bytes()
    {
        var runner = new ScenarioRunner();
        var digests = new HashSet<ulong>();
        for (ulong seed = 1; seed <= 100; seed++)
            Assert.True(digests.Add(runner.Run(seed).Digest));
    }

    [Fact]
    public void The_text_of_a_script_replays_the_same_run()
    {
        var runner = new ScenarioRunner();
        for (ulong seed = 1; seed <= 200; seed++)
        {
            var script = ScenarioGenerator.Draw(seed);
            var read = FaultScript.Parse(script.ToString(), "drawn");
            Assert.Equal(script.ToString(), read.ToString());
            if (seed <= 50)
                Assert.Equal(runner.Run(script).Digest, runner.Run(read).Digest);
        }
    }

    private void Report(CampaignReport report)
    {
        using var text = new StringWriter();
        CampaignText.Write(report, text, isVerbose: true);
        output.WriteLine(text.ToString());
        Assert.True(report.Passed, text.ToString());
        Assert.Equal(report.Options.ScenarioCount, report.Done);
    }
}
