using System.Diagnostics;

namespace Totem.Bench.Ring;

/// <summary>Commands of the system: ip, gcc. They end by themselves, or after half a minute.</summary>
internal static class SystemCommand
{
    /// <summary>Runs a command.</summary>
    /// <exception cref="BenchFailedException">It is missing, failed or hung; the message has what it said.</exception>
    public static string Run(params IReadOnlyList<string> command)
    {
        var (exitCode, said) = TryRun(command);
        return exitCode == 0
            ? said
            : throw new BenchFailedException(ExitCode.Environment, $"`{string.Join(' ', command)}` returned {exitCode}: {said}");
    }

    /// <summary>The same, for commands that may fail.</summary>
    public static (int ExitCode, string Said) TryRun(params IReadOnlyList<string> command)
    {
        var info = new ProcessStartInfo("/bin/sh", ["-c", "exec timeout 30 \"$@\" 2>&1", "sh", .. command])
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
