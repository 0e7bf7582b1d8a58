using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Totem.Cli.Output;
using Totem.CommandLine;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli.Nodes;

/// <summary>Where a member's log goes: where the configuration file says, and to the standard error
/// with <c>--verbose</c>.</summary>
internal static class NodeLog
{
    /// <summary>Prints what the configuration could not mean, and makes the log; null when nobody wants one.</summary>
    /// <exception cref="CommandFailedException">The file's log cannot be written.</exception>
    public static ILoggerFactory? Open(TotemNodeOptions options, bool isVerbose, TextWriter error)
    {
        var logging = options.ConfiguredLogging;
        // A log on the standard error has the warnings too.
        if (!isVerbose && logging is not { ToStandardError: true, Level: <= LogLevel.Warning })
        {
            foreach (var notice in options.Notices)
                error.WriteLine($"totem: warning: {notice}");
        }

        var configured = logging is null ? null : new ConfiguredLog(
            isVerbose ? logging with { ToStandardError = false } : logging, "totem",
            TextWriter.Synchronized(error).Write);
        if (configured?.FileProblem() is { } problem)
            throw new CommandFailedException(ExitCode.Environment, problem);
        return isVerbose ? Verbose(configured) : configured;
    }

    private static ILoggerFactory Verbose(ConfiguredLog? configured) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(LogLevel.Debug)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.ColorBehavior = Terminal.ObeysEscapes ? LoggerColorBehavior.Default
                    : LoggerColorBehavior.Disabled;
                console.TimestampFormat = "HH:mm:ss.fff ";
            })
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (configured is not null)
            builder.AddProvider(configured);
    });
}
