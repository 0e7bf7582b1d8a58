using System.Globalization;
using Totem.Bench.Processes;
using Totem.CommandLine;

namespace Totem.Bench.Limits;

/// <summary>The program <c>limits.c</c>: written in C, so that what it reaches is the kernel's
/// limit and nobody's runtime.</summary>
internal static class LimitProgram
{
    private const string Source = "Totem.Bench.Limits.limits.c";
    private const string Group = "239.192.77.2";
    private const string LoopbackAddress = "127.0.0.1";

    /// <summary>Compiles it.</summary>
    /// <returns>The path of the program, in that folder.</returns>
    public static string Compile(string folder)
    {
        if (!OperatingSystem.IsLinux() || SystemCommand.TryRun("gcc", "--version").ExitCode != 0)
            throw new CommandFailedException(ExitCode.Usage, "the limits need Linux and gcc");
        var source = Path.Combine(folder, "limits.c");
        var program = Path.Combine(folder, "limits");
        using (var file = File.Create(source))
        using (var text = typeof(LimitProgram).Assembly.GetManifestResourceStream(Source)!)
            text.CopyTo(file);
        SystemCommand.Run("gcc", "-O2", "-pthread", "-o", program, source);
        return program;
    }

    /// <summary>The command of a node.</summary>
    /// <param name="program">The compiled program.</param>
    /// <param name="mode">The measured limit: the engine's name without its prefix.</param>
    /// <param name="node">Its number.</param>
    /// <param name="nodes">How many there are.</param>
    /// <param name="network">Where they are.</param>
    public static IReadOnlyList<string> Command(
        string program, string mode, uint node, int nodes, IBenchNetwork network)
    {
        var next = node % (uint)nodes + 1;
        string[] words = [program, mode, Text(node), Text(nodes), AddressOf(node, network), PortOf(node, network)];
        if (mode.StartsWith("token", StringComparison.Ordinal))
            return [.. words, AddressOf(next, network), PortOf(next, network)];
        if (mode == "hop")
            return [.. words, .. Enumerable.Range(1, nodes)
                .SelectMany(x => (string[])[AddressOf((uint)x, network), PortOf((uint)x, network)])];
        return network.Addresses.Count > 0
            ? [.. words, Group]
            : throw new CommandFailedException(
                ExitCode.Usage, $"limit-{mode} needs --net namespaces: the loopback has no multicast");
    }

    private static string AddressOf(uint node, IBenchNetwork network)
        => network.Addresses.Count > 0 ? network.Addresses[(int)node - 1] : LoopbackAddress;

    private static string PortOf(uint node, IBenchNetwork network)
        => Text(network.Addresses.Count > 0 ? network.Port : network.Port + (int)node - 1);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
