using Totem.CommandLine;
using Totem.Simulation.Traces;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class CheckCommandTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_trace_without_a_start_is_none(bool isEmpty)
    {
        var file = Path.GetTempFileName();
        try
        {
            if (!isEmpty)
                Write(file, TraceEventKind.Fail);
            var (exitCode, _, error) = await CommandLineTests.Run($"check {file}");
            Assert.Equal(ExitCode.Usage, exitCode);
            Assert.Contains($"{file}: no start", error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("1#1", ExitCode.Ok)]
    [InlineData("1#2", ExitCode.Usage)]
    [InlineData("9#9", ExitCode.Usage)]
    public async Task A_torn_life_must_be_in_a_trace(string life, int expected)
    {
        var file = Path.GetTempFileName();
        try
        {
            Write(file, TraceEventKind.Start);
            var (exitCode, _, error) = await CommandLineTests.Run($"check {file} --torn {life}");
            Assert.Equal(expected, exitCode);
            Assert.Equal(
                expected == ExitCode.Usage, error.Contains($"--torn {life} is in no trace", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Write(string file, params TraceEventKind[] kinds)
    {
        using var writer = new TraceWriter(File.Create(file));
        foreach (var kind in kinds)
            writer.Write(new TraceEvent(kind, new ProcessorId(1), 1, 0));
    }
}
