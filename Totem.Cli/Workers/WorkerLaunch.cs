using System.Diagnostics;
using Totem.CommandLine;

namespace Totem.Cli.Workers;

/// <summary>How to start one worker process.</summary>
/// <param name="Node">Its node id.</param>
/// <param name="Arguments">The arguments behind <c>totem worker</c>.</param>
/// <param name="Wrapper">A command that runs another one, such as <c>ip netns exec NAME</c>; empty for none.</param>
internal sealed record WorkerLaunch(uint Node, IReadOnlyList<string> Arguments, IReadOnlyList<string> Wrapper)
{
    /// <summary>The command line, with the program that runs right now: the apphost, or <c>dotnet
    /// totem.dll</c>.</summary>
    public ProcessStartInfo ToStartInfo()
    {
        var command = new List<string>(Wrapper);
        command.AddRange(OwnProgram());
        command.Add("worker");
        command.AddRange(Arguments);
        var info = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in command.Skip(1))
            info.ArgumentList.Add(argument);

        // A worker is one of many on few cores: a heap for each core and a background compiler thread pool help nobody.
        info.Environment["DOTNET_gcServer"] = "0";
        info.Environment["DOTNET_TieredPGO"] = "0";
        // The runtime's pipes for debuggers lie in the temporary directory until it ends in good
        // order, which one that is killed does not.
        info.Environment["DOTNET_EnableDiagnostics"] = "0";
        return info;
    }

    private static IEnumerable<string> OwnProgram()
    {
        var host = Environment.ProcessPath;
        if (host is not null && Path.GetFileNameWithoutExtension(host) == "totem")
            return [host];
        // The tests' own process is `dotnet` or `testhost`; the command lies beside the assembly.
        var assembly = Path.Combine(AppContext.BaseDirectory, "totem.dll");
        var dotnet = host is not null && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        return File.Exists(assembly)
            ? [dotnet, assembly]
            : throw new CommandFailedException(
                ExitCode.Environment, $"cannot start workers: expected totem.dll in {AppContext.BaseDirectory}");
    }
}
