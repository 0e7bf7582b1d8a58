using System.Runtime.InteropServices;
using Totem.Bench.Peers;
using Totem.Bench.Processes;

namespace Totem.Bench.Results;

/// <summary>Where it was measured.</summary>
/// <param name="Processor">The processor's model.</param>
/// <param name="Cores">How many cores this process may use.</param>
/// <param name="System">The operating system.</param>
/// <param name="Kernel">Its kernel's version.</param>
/// <param name="Runtime">.NET.</param>
/// <param name="Corosync">corosync's version; null when it is not installed.</param>
/// <param name="LoadAverage">Processes that wanted to run in the minute before, as the kernel averages them.</param>
/// <param name="ZooKeeper">ZooKeeper's version; null when it is not installed.</param>
internal sealed record MachineFacts(
    string Processor, int Cores, string System, string Kernel, string Runtime, string? Corosync, double LoadAverage,
    string? ZooKeeper = null)
{
    /// <summary>Looks.</summary>
    public static MachineFacts Read() => new(
        ReadProcessor(), Environment.ProcessorCount, RuntimeInformation.OSDescription,
        Environment.OSVersion.VersionString,
        RuntimeInformation.FrameworkDescription, ReadCorosync(), ReadLoad(), ZooKeeperServer.Version);

    private static string ReadProcessor()
        => LinesOf("/proc/cpuinfo")
            .FirstOrDefault(x => x.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();

    private static double ReadLoad()
        => LinesOf("/proc/loadavg").FirstOrDefault() is { } line ? double.Parse(line.Split(' ')[0]) : 0;

    // "Corosync Cluster Engine, version '3.1.7'", then the copyright.
    private static string? ReadCorosync()
        => SystemCommand.TryRun("corosync", "-v") is (0, var said)
            ? said.Split('\n')[0].Split('\'') is [_, var version, ..] ? version
            : said.Split('\n')[0] : null;

    private static string[] LinesOf(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];
}
