using System.Text.Json;
using Totem.Bench;
using Totem.CommandLine;

namespace Totem.Tests.Bench;

/// <summary><c>reader</c> with real processes. The measured values are nobody's business here: that it works, and looks
/// at what it says.</summary>
public sealed class ReaderCommandTests
{
    [Fact]
    public async Task Every_reader_is_measured_beside_a_ring_without_it()
    {
        var run = await BenchRun.OfAsync(
            "reader", "--net", "loopback", "--nodes", "2", "--size", "64", "--rate", "500", "--percent", "50",
            "--pause", "6", "--seconds", "1",
            "--warm-up", "0.5", "--json", "-");

        Assert.True(run.ExitCode is ExitCode.Ok or ExitCode.CheckFailed, $"exit code {run.ExitCode}: {run.Error}");
        using var report = JsonDocument.Parse(run.Output);
        var readers = report.RootElement.GetProperty("readers").EnumerateArray().ToArray();
        Assert.Equal(
            ["is absent", "reads all", "reads 50 %", "pauses for 6 s, from 5 s after it began", "pauses for 6 s, from "
                + "5 s after it ended"],
            readers.Select(x => x.GetProperty("reader").GetString()));
        Assert.All(readers, x =>
        {
            Assert.Equal(JsonValueKind.Null, x.GetProperty("failure").ValueKind);
            Assert.True(x.GetProperty("othersPerSecond").GetDouble() > 0);
        });
        Assert.Equal(JsonValueKind.Null, readers[0].GetProperty("tookPerSecond").ValueKind);
        Assert.True(readers[1].GetProperty("tookPerSecond").GetDouble() > 0);
        // Its words and its deeds: it takes nothing in the pause, and something behind it.
        Assert.Equal(0, readers[3].GetProperty("tookPerSecond").GetDouble());
        Assert.True(readers[4].GetProperty("tookPerSecond").GetDouble() > 0);
    }

    [Theory]
    [InlineData("--percent", "0,50")]
    [InlineData("--percent", "half")]
    [InlineData("--pause", "5")]
    [InlineData("--net", "lan")]
    public async Task Wrong_words_are_refused(string option, string value)
    {
        var run = await BenchRun.OfAsync("reader", "--net", "loopback", option, value);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.StartsWith("bench: ", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }
}
