using Totem.Cli.Simulations;
using Totem.Simulation.Faults;
using Totem.Simulation.Scenarios;
using Xunit;

namespace Totem.Tests.Simulation;

public sealed class ShrinkerTests
{
    // Nobody can form a ring whose token needs longer round than the token timeout.
    private const string Hopeless = """
        seed 5
        processors 1,2,3,4
        network latency=60ms jitter=1ms store=0ms unreachable=0.5
        options token=100ms first-seq=4294967290
        stored 1=5 2=9
        at 10ms crash node=2
        at 20ms submit node=1 count=30 size=10..5000 guarantee=Mixed
        at 30ms noise loss=0.2 duplicate=0.1 reorder=0.3 replay=10ms hold-back=2ms
        at 40ms partition 1,2|3,4
        at 50ms start node=2
        at 60ms pause node=3
        at 70ms crash-at node=4 event=EnteredCommit nth=1 point=Sent sends=2
        end at=100ms down=3
        """;

    [Fact]
    public void A_failing_script_becomes_as_short_as_its_reason()
    {
        var runner = new ScenarioRunner();
        var failing = runner.Run(FaultScript.Parse(Hopeless, "hopeless"));
        Assert.Equal("2.5", failing.Rule);

        var shrunk = ScenarioShrinker.Shrink(runner, failing);

        Assert.Equal("2.5", shrunk.Rule);
        Assert.Equal(0, shrunk.Script.ActionCount);
        Assert.Equal(2, shrunk.Script.ProcessorCount);
        Assert.DoesNotContain("first-seq", shrunk.Script.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("stored", shrunk.Script.ToString(), StringComparison.Ordinal);
        // The rest fails again from its text alone.
        Assert.Equal("2.5", runner.Run(FaultScript.Parse(shrunk.Script.ToString(), "shrunk")).Rule);
    }

    [Fact]
    public void A_campaign_reports_a_failure_with_its_seed_and_the_command_that_replays_it()
    {
        var report = SimulationCampaign.Run(new CampaignOptions
        {
            ScenarioCount = 5,
            FirstSeed = 70,
            ThreadCount = 2,
            MaxFailures = 100,
            ShrinkCount = 1,
            Generator = seed => seed == 72 ? FaultScript.Parse(Hopeless, "hopeless") : ScenarioGenerator.Draw(seed, 3),
        });

        Assert.Equal(5, report.Done);
        Assert.Equal(1, report.FailedCount);
        using var text = new StringWriter();
        CampaignText.Write(report, text, isVerbose: false);
        Assert.Contains("FAILED seed 72\n  2.5: ", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("totem simulate --seed 72", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("processors 1,2\n", text.ToString(), StringComparison.Ordinal);
        var json = CampaignJson.Of(report);
        Assert.Equal((72UL, 1), (Assert.Single(json.Failures).Seed!.Value, json.Failed));
    }

    [Fact]
    public void Comments_and_empty_lines_are_skipped()
    {
        var script =
            FaultScript.Parse("# a script\n\nprocessors 1,2 # two\nat 5ms crash node=2 # dies\nend at=1s\n", "test");
        Assert.Equal(2, script.ProcessorCount);
        Assert.Equal("processors 1,2", script.ToString().Split('\n')[1]);
    }

    [Theory]
    [InlineData("end at=1s\nprocessors 1,1\n", "test:2: '1,1', expected at most 128 processors, each once")]
    [InlineData("processors 1,2\nat 5ms crash node=7\nend at=1s\n", "test: 'at 5ms crash node=7' names 7, expected one "
        + "of {1, 2}")]
    [InlineData("processors 1,2\n", "test: no 'end at=…' line")]
    [InlineData("processors 1,2\nat soon crash node=1\n", "test:2: 'at soon crash node=1', expected: at 12.5ms "
        + "command")]
    [InlineData("processors 1,2\nat 5ms crash\n", "test:2: 'crash' without node=, expected a processor id")]
    [InlineData("processors 1,2\nat 5ms crash node=1 hard=1\n", "test:2: 'crash' knows no 'hard', expected node")]
    [InlineData("processors 1,2\nat 5ms loss from=1 to=2 rate=7\n", "test:2: rate=7, expected a rate from 0 to 1")]
    [InlineData("options token=1ms\n", "test:1: TokenTimeout is")]
    public void A_wrong_script_is_refused_with_its_line_and_what_was_expected(string text, string problem)
    {
        var error = Assert.Throws<FormatException>(() => FaultScript.Parse(text, "test"));
        Assert.StartsWith(problem, error.Message, StringComparison.Ordinal);
    }
}
