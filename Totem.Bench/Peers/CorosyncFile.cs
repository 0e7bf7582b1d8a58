using System.Text;
using Totem.Bench.Processes;
using Totem.CommandLine;

namespace Totem.Bench.Peers;

/// <summary>
/// A <c>corosync.conf</c>: what a user gets who sets the transport and the nodes, without encryption. All else has
/// corosync's defaults unless the engine on the command line says otherwise.
/// </summary>
internal static class CorosyncFile
{
    private const string DefaultSection = "totem";

    /// <summary>Its text.</summary>
    /// <param name="engine">The transport, and settings: <c>KEY=VALUE</c> in the section totem,
    /// <c>SECTION.KEY=VALUE</c> in others.</param>
    /// <param name="addresses">The addresses of the nodes 1, 2, …</param>
    public static string TextFor(EngineSpec engine, IReadOnlyList<string> addresses)
    {
        var sections = new Dictionary<string, List<string>>(StringComparer.Ordinal)
        {
            [DefaultSection] =
            [
                "version: 2",
                "cluster_name: totem-bench",
                $"transport: {engine.Transport}",
                "crypto_cipher: none",
                "crypto_hash: none",
            ],
            ["nodelist"] =
                [.. addresses.Select((x, i) => $"node {{\n nodeid: {i + 1}\n name: node{i + 1}\n ring0_addr: {x}\n}}")],
            ["quorum"] = ["provider: corosync_votequorum"],
            // The daemon stays in the control group of whoever started it; its priority is its own
            // default, which is real time.
            ["system"] = ["move_to_root_cgroup: no"],
            ["logging"] = ["to_stderr: yes", "to_syslog: no", "to_logfile: no", "debug: off"],
        };
        foreach (var setting in engine.Settings)
        {
            var (key, value) = setting.Split('=', 2) is [var left, var right]
                ? (left, right)
                : throw new CommandFailedException(
                    ExitCode.Usage, $"'{setting}': expected KEY=VALUE or SECTION.KEY=VALUE");
            var section = key.Split('.', 2) is [var name, _] ? name : DefaultSection;
            if (!sections.TryGetValue(section, out var lines))
                throw new CommandFailedException(
                    ExitCode.Usage, $"'{setting}': expected one of the sections {string.Join(", ", sections.Keys)}");
            lines.Add($"{key[(key.IndexOf('.', StringComparison.Ordinal) + 1)..]}: {value}");
        }

        var text = new StringBuilder();
        foreach (var (section, lines) in sections)
            text.Append(section).Append(" {\n").AppendJoin('\n', lines).Append("\n}\n");
        return text.ToString();
    }
}
