using System.Text.Json;
using Totem.Bench;
using Totem.CommandLine;
using Totem.Tests.Cpg;
using Totem.Tests.Requirements;

namespace Totem.Tests.Bench;

/// <summary>The bench as a whole, with real processes. The measured values are nobody's business here: that it works,
/// and that order held.</summary>
public sealed class RingCommandTests
{
    [CorosyncFact]
    public async Task Rings_of_ours_and_of_corosync_are_measured_in_one_run()
    {
        var (exitCode, output, said) = await RunAsync(
            "ring", "--engine", "totem,corosync-udpu,limit-token,limit-hop", "--nodes", "3", "--size", "64",
            "--seconds", "2", "--warm-up", "0.5", "--json", "-");

        Assert.True(exitCode == ExitCode.Ok, $"exit code {exitCode}: {said}");
        using var report = JsonDocument.Parse(output);
        Assert.Equal(3, report.RootElement.GetProperty("method").GetProperty("nodes").GetInt32());
        var engines = report.RootElement.GetProperty("engines").EnumerateArray().ToArray();
        Assert.Equal(["totem", "corosync-udpu", "limit-token", "limit-hop"],
            engines.Select(x => x.GetProperty("engine").GetString()));
        foreach (var engine in engines)
        {
            var run = Assert.Single(engine.GetProperty("runs").EnumerateArray());
            Assert.Equal(JsonValueKind.Null, run.GetProperty("failure").ValueKind);
            Assert.True(run.GetProperty("isOrderEqual").GetBoolean());
            Assert.True(run.GetProperty("messages").GetInt64() > 0);
            Assert.True(run.GetProperty("atSender").GetProperty("count").GetInt64() > 0);
            Assert.True(engine.GetProperty("summary").GetProperty("messagesPerSecond").GetProperty("median")
                .GetDouble() > 0);
        }

        Assert.True(engines.Where((_, i) => i != 2)
            .All(x => x.GetProperty("runs")[0].GetProperty("atLastReceiver").GetProperty("count").GetInt64() > 0));
        Assert.True(engines.Take(2)
            .All(x => x.GetProperty("runs")[0].GetProperty("atReceivers").GetProperty("count").GetInt64() > 0));
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("closed", "handler")]
    [InlineData("rate:500", "stream")]
    [InlineData("saturation", "group")]
    [InlineData("turns", "handler")]
    [InlineData("beside:100", "handler")]
    public async Task Each_load_runs_over_each_way_to_use_a_node(string load, string api)
    {
        var (exitCode, output, said) = await RunAsync(
            "ring", "--net", "loopback", "--nodes", "2", "--size", "64", "--load", load, "--api", api, "--seconds",
            "0.5", "--warm-up", "0.5", "--json", "-");

        Assert.True(exitCode == ExitCode.Ok, $"exit code {exitCode}: {said}");
        using var report = JsonDocument.Parse(output);
        var run = report.RootElement.GetProperty("engines")[0].GetProperty("runs")[0];
        Assert.True(run.GetProperty("isOrderEqual").GetBoolean());
        Assert.True(run.GetProperty("messages").GetInt64() > 0);
    }

    /// <summary>Native nodes, and groups that are merely there.</summary>
    [NativeFact]
    public async Task Nodes_of_native_code_are_measured_beside_those_that_are_compiled()
    {
        var (exitCode, output, said) = await RunAsync(
            "ring", "--net", "loopback", "--nodes", "2", "--size", "64", "--api", "group", "--nodes-as", "native",
            "--engine", "totem:JoinedGroups=20:TokenPark=500us,totem@jit", "--seconds", "0.5", "--warm-up", "0.5",
            "--json", "-");

        Assert.True(exitCode == ExitCode.Ok, $"exit code {exitCode}: {said}");
        using var report = JsonDocument.Parse(output);
        Assert.StartsWith("nodes are native code", report.RootElement.GetProperty("method")
            .GetProperty("runtimeSettings").GetString(), StringComparison.Ordinal);
        Assert.All(
            report.RootElement.GetProperty("engines").EnumerateArray(),
            x => Assert.True(x.GetProperty("runs")[0].GetProperty("isOrderEqual").GetBoolean()
                && x.GetProperty("runs")[0].GetProperty("messages").GetInt64() > 0));
    }

    [Theory]
    [InlineData("--engine", "zab")]
    [InlineData("--load", "fast")]
    [InlineData("--senders", "two")]
    [InlineData("--senders", "4")]
    [InlineData("--senders", "0")]
    [InlineData("--net", "lan")]
    [InlineData("--nodes", "15")]
    [InlineData("--seconds", "0")]
    [InlineData("--engine", "totem:NoSuchOption=1")]
    public async Task Wrong_words_are_refused(string option, string value)
    {
        var (exitCode, output, said) = await RunAsync("ring", "--net", "loopback", option, value);

        Assert.Equal(ExitCode.Usage, exitCode);
        Assert.StartsWith("bench: ", said, StringComparison.Ordinal);
        Assert.Empty(output);
    }

    private static async Task<(int ExitCode, string Output, string Said)> RunAsync(params string[] words)
    {
        await using StringWriter output = new(), error = new();
        var exitCode = await Program.RunAsync(words, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }

    private static void AssertNothingIsLeft()
    {
        Assert.DoesNotContain($"tb{Environment.ProcessId}-", Processes.SystemCommand.Run("ip netns list"),
            StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), $"totem-bench-{Environment.ProcessId}-*"));
    }
}
