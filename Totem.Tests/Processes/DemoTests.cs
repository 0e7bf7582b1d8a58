using System.Text.Json;
using Totem.Cli.Demos;
using Totem.CommandLine;
using Totem.Tests.Cli;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Processes;

[Collection(RealProcesses.Name)]
public sealed class DemoTests(ITestOutputHelper output)
{
    [LinuxTheory]
    [InlineData(2, 50)]
    [InlineData(3, 300)]
    [InlineData(14, 100)]
    public async Task Everything_holds(int nodes, int messages)
    {
        var (exitCode, json, error) = await CommandLineTests.Run($"demo --nodes {nodes} --messages {messages} --json");
        output.WriteLine(json);
        Assert.Equal("", error);
        Assert.Equal(ExitCode.Ok, exitCode);
        var report = JsonSerializer.Deserialize(json, DemoReportJson.Default.DemoReport)!;
        Assert.True(report.Holds);
        Assert.Equal(15, report.RulesChecked.Count);
        var (killed, others) =
            (report.Lives.Single(x => x.Killed), report.Lives.Where(x => x.Node != report.Victim).ToList());
        Assert.Equal(report.Victim, killed.Node);
        Assert.True(killed.Sent > 0, "the victim was killed before it multicast anything");
        Assert.Equal(nodes - 1, others.Count);
        // The same configurations, hence the same order.
        Assert.Single(others.Select(x => x.OrderHash).Distinct(StringComparer.Ordinal));
        Assert.All(others, x => Assert.NotNull(x.OrderHash));
    }

    [LinuxFact]
    public async Task Its_traces_can_be_kept_and_checked_again()
    {
        var folder = Directory.CreateTempSubdirectory("totem-test-").FullName;
        try
        {
            var (exitCode, _, _) = await CommandLineTests.Run($"demo --messages 20 --json --keep {folder}");
            Assert.Equal(ExitCode.Ok, exitCode);
            var traces = string.Join(' ', Directory.GetFiles(folder, "*.trace"));
            var (checkedCode, said, _) = await CommandLineTests.Run($"check --torn 3#1 --complete --verbose {traces}");
            Assert.Equal(ExitCode.Ok, checkedCode);
            Assert.Contains("every rule holds", said, StringComparison.Ordinal);

            // Without node 1's trace its messages have no sender: a checker that notices nothing checks nothing.
            var rest = string.Join(' ', Directory.GetFiles(folder, "*.trace")
                .Where(x => !x.Contains("node-01", StringComparison.Ordinal)));
            Assert.NotEqual(0, rest.Length);
            var (brokenCode, broken, _) = await CommandLineTests.Run($"check --torn 3#1 --complete {rest}");
            Assert.Equal(ExitCode.CheckFailed, brokenCode);
            Assert.Contains("1.2", broken, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
