using System.Globalization;
using Totem.Cli.Simulations;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;
using Totem.Simulation.Scenarios;
using Totem.Transport.Knet.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Simulation;

/// <summary>Rings on kronosnet (docs/design/simulation.md, "Kronosnet"). <c>TOTEM_KNET_RING_SCENARIOS</c> says how
/// many.</summary>
public sealed class KnetScenarioTests(ITestOutputHelper output)
{
    private const string CountVariable = "TOTEM_KNET_RING_SCENARIOS";
    private const int CountDefault = 300;

    [Fact]
    public void Random_scenarios_keep_every_rule()
    {
        var count = Environment.GetEnvironmentVariable(CountVariable) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : CountDefault;
        var report = SimulationCampaign.Run(new CampaignOptions { ScenarioCount = count, Knet = true });
        using var written = new StringWriter();
        CampaignText.Write(report, written, isVerbose: true);
        output.WriteLine(written.ToString());

        Assert.True(report.Passed, written.ToString());
        Assert.Equal(count, report.Done);
        KnetEventKind[] unheardOf = [KnetEventKind.CompressionUnknown];
        Assert.All(Enum.GetValues<KnetEventKind>().Except(unheardOf),
            x => Assert.True(report.Coverage[x] > 0, $"no scenario had {x}"));
        Assert.All(
            (KnetDiscard[])[KnetDiscard.NotAuthentic, KnetDiscard.Misdirected, KnetDiscard.Replayed,
                KnetDiscard.UnprovenLife, KnetDiscard.Downgraded,
                KnetDiscard.Duplicate, KnetDiscard.WrongAddress, KnetDiscard.AbandonedMessage],
            x => Assert.True(report.Coverage[x] > 0, $"no scenario dropped a packet for {x}"));
    }

    [Fact]
    public void A_seed_always_gives_the_same_bytes_and_its_script_the_same_run()
    {
        var (first, second) = (new ScenarioRunner(), new ScenarioRunner());
        var digests = new HashSet<ulong>();
        for (ulong seed = 1; seed <= 30; seed++)
        {
            var script = ScenarioGenerator.DrawKnet(seed);
            var read = FaultScript.Parse(script.ToString(), "drawn");
            Assert.Equal(script.ToString(), read.ToString());
            var result = first.Run(script);
            Assert.Equal(result.Digest, second.Run(read).Digest);
            Assert.True(digests.Add(result.Digest));
        }
    }

    [Theory]
    [InlineData("knet links=2 cipher=None hash=None\nat 1s cut-link 1-2 link=2", "without a line 'knet' that has as "
        + "many links")]
    [InlineData("at 1s rekey node=1 cipher=Aes256 hash=Sha256", "without a line 'knet'")]
    [InlineData("knet cipher=Aes256 hash=None", "expected both or hash= alone")]
    [InlineData("knet cipher=None hash=None format=Both", "format=Both without a hash")]
    [InlineData("knet cipher=None hash=Sha1 libknet=1 format=Aead", "which share no format")]
    [InlineData("processors 1,70000\nknet cipher=None hash=Sha1", "expected ids up to 65535")]
    [InlineData("knet cipher=None hash=Sha1\nat 1s use-links node=1 links=0,9", "expected numbers from 0 to 7")]
    public void A_script_that_makes_no_sense_is_refused(string lines, string problem)
    {
        var error = Assert.Throws<FormatException>(() => FaultScript.Parse(lines + "\nend at=2s\n", "test"));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Nobody changes its view with a link without faults: a scenario that does not keep its word is found
    /// out.</summary>
    [Fact]
    public void A_view_that_changes_in_a_steady_scenario_breaks_a_rule()
    {
        const string Script = """
            processors 1,2
            options token=1000ms retransmit=238ms hold=180ms join=50ms alone=150ms consensus=1200ms merge=200ms fail-to-receive=4000ms
            knet links=2 cipher=Aes256 hash=Sha256 steady-from=6s
            at 7s cut-link 1-2 link=0
            at 7s cut-link 1-2 link=1
            end at=10s
            """;
        Assert.Equal("view", new ScenarioRunner().Run(FaultScript.Parse(Script, "test")).Rule);
    }
}
