using Totem.Cli;
using Totem.CommandLine;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("")]
    [InlineData("--help")]
    [InlineData("node --help")]
    [InlineData("demo --help")]
    [InlineData("simulate --help")]
    [InlineData("check --help")]
    public async Task Help_goes_to_the_output_and_is_no_error(string commandLine)
    {
        var (exitCode, output, error) = await Run(commandLine);
        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    [Theory]
    [InlineData("node")]
    [InlineData("demo")]
    [InlineData("simulate")]
    [InlineData("check")]
    public async Task Help_has_examples_and_exit_codes(string command)
    {
        var (_, output, _) = await Run(command + " --help");
        Assert.Contains("Examples:", output, StringComparison.Ordinal);
        Assert.Contains($"  totem {command}", output, StringComparison.Ordinal);
        Assert.Contains("Exit codes:", output, StringComparison.Ordinal);
        Assert.Contains($"  {ExitCode.Unexpected}  ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dmeo", "'dmeo'")]
    [InlineData("demo --nodes 1", "--nodes is '1', expected a number from 2 to 14")]
    [InlineData("demo --nodes three", "--nodes is 'three', expected a number from 2 to 14")]
    [InlineData("simulate --seed -1", "--seed is '-1', expected a number from 0 to 18446744073709551615")]
    [InlineData("simulate --seed 1 --script x", "expected neither --seed nor --scenarios")]
    [InlineData("simulate --ring fast", "--ring is 'fast', expected plain or accelerated")]
    [InlineData("simulate --ring plain --script x", "expected no --ring")]
    [InlineData("simulate --script", "'--script'")]
    [InlineData("simulate --script does-not-exist", "does-not-exist")]
    [InlineData("check", "TRACE")]
    [InlineData("check does-not-exist", "does-not-exist")]
    [InlineData("node --peer 2=10.0.0.2", "--peer without --bind")]
    [InlineData("node --bind 10.0.0.1", "--bind without --id")]
    [InlineData("node --id 1 --bind nowhere", "--bind is 'nowhere', expected an address such as")]
    [InlineData("node --id 1 --bind 10.0.0.1 --peer 10.0.0.2", "--peer is '10.0.0.2', expected ID=ADDRESS")]
    [InlineData("node --id 1 --bind 10.0.0.1 --peer 1=10.0.0.2", "--peer 1=10.0.0.2:5405: node 1 is given already")]
    [InlineData("node --id 1 --bind 10.0.0.1 --peer 2=10.0.0.1", "--peer 2=10.0.0.1:5405: that address is given "
        + "already")]
    [InlineData("node --id 1 --bind 10.0.0.1 --peer 2=fd00::2", "is of another family than --bind 10.0.0.1:5405")]
    [InlineData("node --id 1 --bind 0.0.0.0 --peer 2=10.0.0.1", "--bind is 0.0.0.0, expected an address that the "
        + "others can send to")]
    [InlineData("node --id 1 --bind 10.0.0.1 --group 239.0.0.1:1", "--group has the port 1, expected 2 to 65535")]
    [InlineData("node --port 65530", "--port is 65530, expected 1 to 65522 on the loopback")]
    [InlineData("node --jsn", "there is no option '--jsn', did you mean '--json'?")]
    [InlineData("nod", "there is no command 'nod', did you mean 'node'?")]
    [InlineData("demo more", "'more' is one argument too many")]
    [InlineData("node --port 1 --port 2", "'--port' has 2 values, expected one")]
    [InlineData("check /", "/: is a directory, expected a file")]
    [InlineData("simulate --script /", "--script /: is a directory, expected a file")]
    [InlineData("node --config /", "/: is a directory, expected a file")]
    [InlineData("sheep -c totem:config=/", "/: is a directory, expected a file")]
    [InlineData("sheep -c totem:config=does-not-exist", "does-not-exist: there is no such file, expected a "
        + "corosync.conf")]
    [InlineData("sheep -c corosync:config=does-not-exist", "does-not-exist: there is no such file, expected a "
        + "corosync.conf")]
    [InlineData("sheep -c totem:prot=1", "there is no 'prot', did you mean 'port'?")]
    [InlineData("node --id 1 --bind 10.0.0.1 --group 10.0.0.9", "expected a multicast address")]
    [InlineData("node --id 15", "expected 1 to 14")]
    [InlineData("node --config does-not-exist", "does-not-exist: there is no such file, expected a corosync.conf")]
    [InlineData("node --state=", "'--state'")]
    [InlineData("demo --keep=", "'--keep'")]
    [InlineData("node --config x --port 1", "expected none of --bind")]
    public async Task An_error_is_said_with_what_was_expected(string commandLine, string said)
    {
        var (exitCode, output, error) = await Run(commandLine);
        Assert.Equal(ExitCode.Usage, exitCode);
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.StartsWith("totem: ", error, StringComparison.Ordinal);
        Assert.Empty(output);
    }

    [Theory]
    [InlineData("demo --keep")]
    [InlineData("node --port 15437 --state")]
    public async Task A_bad_path_is_named_with_its_option(string commandLine)
    {
        // A directory cannot be made below a file.
        var file = Path.GetTempFileName();
        try
        {
            var (exitCode, _, error) = await Run($"{commandLine} {file}/below");
            Assert.Equal(ExitCode.Environment, exitCode);
            Assert.Contains($"{commandLine[commandLine.LastIndexOf('-')..]} {file}/below: ", error,
                StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Memory_or_a_thread_that_is_not_given_is_told_in_a_line()
    {
        using var error = new StringWriter();
        var exitCode = await Program.Guard.RunAsync(
            () => Task.FromException<int>(new InsufficientMemoryException("none")), error);
        Assert.Equal(ExitCode.Environment, exitCode);
        Assert.Equal("totem: the system gives no memory or no thread (ulimit -v, -u, pids.max): "
            + $"none{Environment.NewLine}", error.ToString());
    }

    [Fact]
    public async Task An_unexpected_error_has_a_code_too()
    {
        using var error = new StringWriter();
        var exitCode = await Program.Guard.RunAsync(() => throw new InvalidOperationException("sour"), error);
        Assert.Equal(ExitCode.Unexpected, exitCode);
        Assert.StartsWith("totem: unexpected: System.InvalidOperationException: sour", error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_replays_byte_for_byte()
    {
        var (exitCode, first, _) = await Run("simulate --seed 7 --processors 3 --json");
        Assert.Equal(ExitCode.Ok, exitCode);
        var (_, second, _) = await Run("simulate --seed 7 --processors 3 --json");
        Assert.Equal(WithoutTimes(first), WithoutTimes(second));

        static string WithoutTimes(string json)
        {
            var report = System.Text.Json.Nodes.JsonNode.Parse(json)!.AsObject();
            Assert.True(report.Remove("seconds"));
            Assert.True(report.Remove("perSecond"));
            return report.ToJsonString();
        }
    }

    internal static async Task<(int ExitCode, string Output, string Error)> Run(string commandLine)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await Program.RunAsync(
            commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries), output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
