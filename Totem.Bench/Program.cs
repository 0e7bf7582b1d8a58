using System.CommandLine;
using Totem.Bench.Commands;
#if !NODES_ALONE
using Totem.Bench.Micro;
using Totem.Bench.Queue;
using Totem.Bench.Readers;
using Totem.Bench.Report;
#endif

namespace Totem.Bench;

/// <summary>The command <c>Totem.Bench</c>: measures rings of real processes, ours and others.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args) => RunAsync(args, Console.Out, Console.Error);

    /// <summary>Parses and runs one command line.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var root = new RootCommand("Measures Totem in real processes: against corosync and against what the kernel can do, in one run.")
        {
#if !NODES_ALONE
            new RingCommand(),
            new LimitsCommand(),
            new QueueCommand(),
            new ReaderCommand(),
            new MicroCommand(),
            new ReportCommand(),
            new AllCommand(),
#endif
            new RingNodeCommand(),
        };
        root.SetAction(parsed => root.Parse("--help").Invoke(parsed.InvocationConfiguration));
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var problem in parsed.Errors)
                await error.WriteLineAsync($"bench: {problem.Message}").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // The commands listen to signals themselves: see StopSignals.
        };
        return await GuardAsync(() => parsed.InvokeAsync(configuration), error).ConfigureAwait(false);
    }

    private static async Task<int> GuardAsync(Func<Task<int>> run, TextWriter error)
    {
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (BenchFailedException failure)
        {
            await error.WriteLineAsync($"bench: {failure.Message}").ConfigureAwait(false);
            return failure.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("bench: stopped").ConfigureAwait(false);
            return ExitCode.Interrupted;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"bench: {failure.Message}").ConfigureAwait(false);
            return ExitCode.Environment;
        }
#pragma warning disable CA1031 // The last resort: scripts get a code that is documented, and people the whole exception.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            await error.WriteLineAsync($"bench: unexpected: {failure}").ConfigureAwait(false);
            return ExitCode.Unexpected;
        }
    }
}
