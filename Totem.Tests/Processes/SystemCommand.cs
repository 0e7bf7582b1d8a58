using System.Diagnostics;

namespace Totem.Tests.Processes;

/// <summary>Commands of the system that tests run: ip, iptables. They end by themselves, or after
/// half a minute.</summary>
internal static class SystemCommand
{
    /// <summary>Runs a command line.</summary>
    /// <exception cref="InvalidOperationException">It is missing, failed or hung; the message has
    /// what it said.</exception>
    public static string Run(string commandLine)
    {
        var (exitCode, said) = TryRun(commandLine);
        return exitCode == 0 ? said
            : throw new InvalidOperationException($"`{commandLine}` returned {exitCode}: {said}");
    }

    /// <summary>The same, for commands that may fail.</summary>
    public static (int ExitCode, string Said) TryRun(string commandLine)
    {
        var info = new ProcessStartInfo("/bin/sh", ["-c", $"exec timeout 30 {commandLine} 2>&1"])
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
