using Totem.CommandLine;

namespace Totem.Bench.Processes;

/// <summary>The networks by name.</summary>
internal static class BenchNetworks
{
    /// <summary>A namespace for each node.</summary>
    public const string Namespaces = "namespaces";

    /// <summary>127.0.0.1.</summary>
    public const string Loopback = "loopback";

    /// <summary>The first that is possible.</summary>
    public static string Default =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? Namespaces : Loopback;

    /// <summary>Makes one.</summary>
    public static IBenchNetwork Create(string name, int nodes) => name switch
    {
        Namespaces => NamespaceNetwork.Create(nodes),
        Loopback => new LoopbackNetwork(),
        _ =>
            throw new CommandFailedException(ExitCode.Usage, $"--net is '{name}', expected {Namespaces} or {Loopback}"),
    };
}
