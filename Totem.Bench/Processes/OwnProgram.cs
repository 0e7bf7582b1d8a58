using Totem.CommandLine;

namespace Totem.Bench.Processes;

/// <summary>How to start this program again, or another build of it.</summary>
internal static class OwnProgram
{
    /// <summary>The first argument of a program that is one node.</summary>
    public const string NodeCommand = "ring-node";

    private const string Name = "Totem.Bench";

    /// <summary>The command: the program and its first arguments.</summary>
    /// <param name="directory">Where another build lies; null for this one.</param>
    public static IReadOnlyList<string> Command(string? directory)
    {
        var host = Environment.ProcessPath;
        // A directory without the assembly has native code.
        if (directory is not null && Path.Combine(directory, Name) is var native && File.Exists(native)
            && !File.Exists($"{native}.dll"))
            return [native];
        if (directory is null && host is not null && Path.GetFileNameWithoutExtension(host) == Name)
            return [host];
        // The tests' own process is another one; the assembly lies beside theirs.
        var assembly = Path.Combine(directory ?? AppContext.BaseDirectory, $"{Name}.dll");
        var dotnet = host is not null && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        return File.Exists(assembly)
            ? [dotnet, assembly]
            : throw new CommandFailedException(ExitCode.Usage, $"cannot start nodes: expected {assembly}");
    }
}
