using System.Text.Json;
using Totem.Bench.Micro;

namespace Totem.Tests.Bench;

/// <summary>The measurements of single operations work; what they measure is not looked at.</summary>
public sealed class MicroTests
{
    [Fact]
    public async Task An_operation_is_run_and_written_as_JSON_beside_the_reference()
    {
        var run = await BenchRun.OfAsync("micro", "--smoke", "--filter", "WireBenchmarks.ReadToken", "--json", "-");
        Assert.True(run.ExitCode == 0, run.Error);
        var report = JsonSerializer.Deserialize(run.Output, MicroReportJson.Default.MicroReport)!;
        Assert.Equal(["CopyOneFrame", "ReadToken"], report.Micro.Select(x => x.Name).Order(StringComparer.Ordinal));
        Assert.All(report.Micro, x => Assert.True(x.Nanoseconds > 0, x.ToString()));
        Assert.NotNull(report.Reference);
    }

    [Fact]
    public async Task A_filter_that_names_nothing_is_a_usage_error() =>
        Assert.Equal(2, (await BenchRun.OfAsync("micro", "--smoke", "--filter", "Nothing.*")).ExitCode);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    public void A_measured_visit_sends_and_delivers_all_that_waits(int messages)
    {
        var member = EchoedMember.Operational();
        // The first visits of a ring may have a smaller window.
        for (var visit = 0; visit < 100; visit++)
            member.Visit(new byte[1350], messages);
        for (var visit = 0; visit < 100; visit++)
            Assert.Equal(messages, member.Visit(new byte[1350], messages));
    }
}
