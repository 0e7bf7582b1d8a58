using System.CommandLine;
using System.CommandLine.Help;
using System.Net.Sockets;
using Totem.Cli.Commands;
using Totem.CommandLine;
using Totem.Sheepdog;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli;

/// <summary>The command <c>totem</c>: composes the other projects and holds no protocol of its own.</summary>
internal static class Program
{
    /// <summary>Makes words and an exit code of what a command throws.</summary>
    internal static readonly CommandGuard Guard = new("totem", Foreseen);

    private static Task<int> Main(string[] args) => RunAsync(args, Console.Out, Console.Error);

    /// <summary>Parses and runs one command line.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        // Bytes that are no UTF-8 have become this: two names of such bytes would be the same.
        if (Array.Find(args, x => x.Contains('\uFFFD', StringComparison.Ordinal)) is { } unreadable)
        {
            await error.WriteLineAsync($@"totem: '{unreadable}' is no UTF-8; a group's name may have \xNN for a byte")
                .ConfigureAwait(false);
            return ExitCode.Usage;
        }

        var parsed = CreateRoot().Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
        {
            foreach (var problem in parsed.Errors)
                await error.WriteLineAsync($"totem: {UsageText.Of(problem, parsed)}").ConfigureAwait(false);
            await error.WriteLineAsync($"Try: {HelpCommandOf(parsed)}").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // The commands listen to signals themselves: see StopSignals.
        };
        return await Guard.RunAsync(() => parsed.InvokeAsync(configuration), error).ConfigureAwait(false);
    }

    /// <summary>The failures that the libraries tell apart.</summary>
    internal static (int ExitCode, string Message)? Foreseen(Exception failure)
    {
        var cause = FailureText.Cause(failure);
        return failure is RingFailedException ? (ExitCode.CheckFailed, failure.Message) : cause switch
        {
            CorosyncConfException or ClusterDriverException { IsConfiguration: true } =>
                (ExitCode.Usage, cause.Message),
            IOException or UnauthorizedAccessException or SocketException or TransportException
                or ClusterDriverException =>
                (ExitCode.Environment, cause.Message),
            // A thread that cannot be started is one too.
            _ when failure is OutOfMemoryException =>
                (ExitCode.Environment, "the system gives no memory or no thread (ulimit -v, -u, pids.max): "
                    + $"{failure.Message}"),
            _ => null,
        };
    }

    /// <summary>All commands.</summary>
    internal static RootCommand CreateRoot()
    {
        var root = new RootCommand(
            "Totem: messages in one total order, and one view of who is there, for 2 to 14 processes.")
        {
            new NodeCommand(),
            new GroupCommand(),
            new StatusCommand(),
            new MembersCommand(),
            new GroupsCommand(),
            new WhyCommand(),
            new StatsCommand(),
            new SheepCommand(),
            new AccordCommand(),
            new DemoCommand(),
            new SimulateCommand(),
            new CheckCommand(),
            new KeygenCommand(),
            new DecryptCommand(),
            new WorkerCommand(),
        };
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction plain } help)
                help.Action = new HelpWithExamples(plain);
        }

        // A bare `totem` asks what there is.
        root.SetAction(parsed => root.Parse("--help").Invoke(parsed.InvocationConfiguration));
        return root;
    }

    private static string HelpCommandOf(ParseResult parsed)
        => parsed.CommandResult.Command is RootCommand
            ? "totem --help"
            : $"totem {parsed.CommandResult.Command.Name} --help";
}
