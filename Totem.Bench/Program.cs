using System.CommandLine;
using Totem.Bench.Commands;
using Totem.CommandLine;

namespace Totem.Bench;

/// <summary>The command <c>Totem.Bench</c>: measures rings of real processes, ours and others.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args) => RunAsync(args, Console.Out, Console.Error);

    /// <summary>Parses and runs one command line.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var root = new RootCommand("Measures Totem in real processes: against corosync and against what the kernel can "
            + "do, in one run.")
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
        return await new CommandGuard("bench", Foreseen).RunAsync(() => parsed.InvokeAsync(configuration), error)
            .ConfigureAwait(false);
    }

    private static (int ExitCode, string Message)? Foreseen(Exception failure) => failure switch
    {
        OperationCanceledException => (ExitCode.Interrupted, "stopped"),
        IOException or UnauthorizedAccessException => (ExitCode.Environment, failure.Message),
        _ => null,
    };
}
