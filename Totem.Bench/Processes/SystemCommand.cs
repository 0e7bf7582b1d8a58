using System.Diagnostics;
using System.Globalization;
using Totem.CommandLine;

namespace Totem.Bench.Processes;

/// <summary>Commands of the system: ip, gcc. They end by themselves, or after a limit.</summary>
internal static class SystemCommand
{
    private const int UsualSeconds = 30;

    /// <summary>Runs a command.</summary>
    /// <exception cref="CommandFailedException">It is missing, failed or hung; the message has what
    /// it said.</exception>
    public static string Run(params IReadOnlyList<string> command)
    {
        var (exitCode, said) = TryRun(command);
        return exitCode == 0
            ? said
            : throw new CommandFailedException(
                ExitCode.Environment, $"`{string.Join(' ', command)}` returned {exitCode}: {said}");
    }

    /// <summary>The same, for commands that may fail.</summary>
    public static (int ExitCode, string Said) TryRun(params IReadOnlyList<string> command) =>
        TryRun(UsualSeconds, command);

    /// <summary>The same, for commands that take long.</summary>
    public static (int ExitCode, string Said) TryRun(int seconds, IReadOnlyList<string> command)
    {
        var limit = seconds.ToString(CultureInfo.InvariantCulture);
        var info = new ProcessStartInfo("/bin/sh", ["-c", "exec timeout \"$@\" 2>&1", "sh", limit, .. command])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        info.Environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";
        using var process = Process.Start(info)!;
        var said = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return (process.ExitCode, said);
    }
}
