using System.Diagnostics;
using System.Globalization;
using System.Text;
using Totem.Tests.Tidy;

namespace Totem.Tests.Cpg;

/// <summary>
/// The libraries, built once a test run by their documented command, and the programs in <c>Totem.Tests/Native</c>,
/// compiled against the distribution's headers and linked to its libraries: what runs with ours is what was made for
/// the originals.
/// </summary>
internal static class NativeBuild
{
    internal static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RunLimit = HangLimit.OfAWait;
    private static readonly Lazy<string> Built = new(Build);
    private static readonly Lock Gate = new();

    /// <summary>Where <c>libcpg.so.4</c> and <c>libcfg.so.7</c> are.</summary>
    public static string Libraries => Built.Value;

    private static string Output => Repository.FullPath("out");

    /// <summary>Compiles a program; again only when its source is newer.</summary>
    public static string Program(string name)
    {
        lock (Gate)
        {
            var source = Repository.FullPath($"Totem.Tests/Native/{name}.c");
            var header = Repository.FullPath("Totem.Tests/Native/check.h");
            var program = Path.Combine(Output, "tests", name);
            Directory.CreateDirectory(Path.GetDirectoryName(program)!);
            var newest = File.GetLastWriteTimeUtc(source) > File.GetLastWriteTimeUtc(header) ? source : header;
            if (!File.Exists(program) || File.GetLastWriteTimeUtc(program) < File.GetLastWriteTimeUtc(newest))
            {
                Run(
                    ["gcc", "-D_GNU_SOURCE", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-g", source, "-o",
                        program, "-lcpg", "-lcfg", "-lpthread", "-lm"],
                    BuildLimit);
            }

            return program;
        }
    }

    /// <summary>The variables that make a program use our libraries, on a ring of its own on the loopback.</summary>
    public static Dictionary<string, string> OursAlone(string stateDirectory) => new(StringComparer.Ordinal)
    {
        ["LD_LIBRARY_PATH"] = Libraries,
        ["TOTEM_CONFIG"] = "loopback",
        ["TOTEM_PORT"] = Transport.Ports.TakeBase().ToString(CultureInfo.InvariantCulture),
        ["TOTEM_STATE"] = stateDirectory,
        ["TOTEM_LOG"] = "stderr",
    };

    /// <summary>Runs a command to its end.</summary>
    /// <returns>Its output.</returns>
    /// <exception cref="InvalidOperationException">It failed or hung; the message has what it wrote.</exception>
    public static string Run(IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null)
        => Run(command, RunLimit, environment);

    /// <summary>How to start a command.</summary>
    public static ProcessStartInfo StartInfo(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment)
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        info.Environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";
        // A build within a test run is not a part of the build that runs the tests.
        foreach (var name in info.Environment.Keys.Where(x =>
            x.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            info.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
            info.Environment[name] = value;
        return info;
    }

    private static string Build()
    {
        Run(["make", "--no-print-directory", "-C", Repository.FullPath("Totem.Cpg")], BuildLimit);
        return Path.Combine(Output, "lib");
    }

    internal static string Run(
        IReadOnlyList<string> command, TimeSpan limit, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Process.Start(StartInfo(command, environment))!;
        var said = new StringBuilder();
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var ended = process.WaitForExit(limit);
        if (!ended)
            process.Kill(entireProcessTree: true);
        // Without a limit it also waits for the end of what was written.
        process.WaitForExit();
        return ended && process.ExitCode == 0
            ? said.ToString()
            : throw new InvalidOperationException(
                $"`{string.Join(' ', command)}` {(ended ? $"returned {process.ExitCode}" : "hung")}: {said}");

        void Append(string? line)
        {
            lock (said)
                said.Append(line).Append('\n');
        }
    }
}
