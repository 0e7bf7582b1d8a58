using System.Text.Json;
using Totem.Cli;
using Totem.CommandLine;
using Totem.Tests.Requirements;

namespace Totem.Operation.Tests.Processes;

/// <summary>The commands that ask the members of a host.</summary>
public sealed class StatusCommandTests
{
    [LinuxFact]
    public async Task A_host_without_members_has_an_exit_code_of_its_own()
    {
        foreach (var command in (string[])["status", "members", "groups", "why", "stats"])
        {
            var (exitCode, output, error) = await RunAsync(command, "--dir", "/nonexistent");
            Assert.Equal((ExitCode.NoMember, ""), (exitCode, output));
            Assert.Contains("no member of this user runs on this host", error, StringComparison.Ordinal);
        }
    }

    [NamespaceFact]
    public async Task The_commands_show_a_ring_and_a_kill()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var (exitCode, output, _) = await RunAsync("status", "--dir", cluster.RunDirectory);
        Assert.Equal(ExitCode.Ok, exitCode);
        for (var node = 1; node <= 3; node++)
            Assert.Contains($"node {node}: Healthy; ring 1.", output, StringComparison.Ordinal);
        Assert.Contains("3 of 3 members, Operational", output, StringComparison.Ordinal);

        var before = await cluster.ChangesOfAsync(1);
        cluster.Signal(3, ShownCluster.Kill);
        await cluster.WaitForChangeAsync(1, before, x => !x.Left.IsEmpty);
        (exitCode, output, _) = await RunAsync("status", "--dir", cluster.RunDirectory, "--node", "1");
        Assert.Equal(ExitCode.CheckFailed, exitCode);
        Assert.Contains("problem   not on the ring: node 3 (10.77.0.3:5405)", output, StringComparison.Ordinal);

        (_, output, _) = await RunAsync("why", "--dir", cluster.RunDirectory, "--node", "1", "--count", "1");
        Assert.Contains("the process of node 3 has ended: nobody listens at its port", output,
            StringComparison.Ordinal);
        (_, output, _) = await RunAsync("why", "--dir", cluster.RunDirectory, "--node", "1", "--count", "1", "--json");
        using var json = JsonDocument.Parse(output);
        var change = Assert.Single(json.RootElement.GetProperty("changes").EnumerateArray());
        Assert.Equal("ProcessEnded", change.GetProperty("diagnosis").GetString());

        (_, output, _) = await RunAsync("members", "--dir", cluster.RunDirectory, "--node", "1");
        Assert.Matches("3 +10.77.0.3:5405 +no ", output);
        (_, output, _) = await RunAsync("groups", "--dir", cluster.RunDirectory);
        Assert.Contains("no group", output, StringComparison.Ordinal);
        (_, output, _) = await RunAsync("stats", "--dir", cluster.RunDirectory, "--node", "2");
        Assert.Contains("tokenVisits", output, StringComparison.Ordinal);
    }

    [NamespaceFact]
    public async Task A_member_that_is_stopped_does_not_answer_and_counts_as_degraded()
    {
        await using var cluster = await ShownCluster.StartAsync(1);
        cluster.Signal(1, ShownCluster.Stop);
        var (exitCode, _, error) = await RunAsync("status", "--dir", cluster.RunDirectory);
        cluster.Signal(1, ShownCluster.Continue);
        Assert.Equal(ExitCode.CheckFailed, exitCode);
        Assert.Contains("the member does not answer; its process may be stopped", error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await Program.RunAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
