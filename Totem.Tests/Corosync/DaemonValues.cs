using System.Text.RegularExpressions;
using Totem.Tests.Processes;

namespace Totem.Tests.Corosync;

/// <summary>A real daemon's reading of a file: its cmap, read in a network and mounts of its own, which end with
/// it.</summary>
internal static partial class DaemonValues
{
    // $1: the folder with c.conf. The daemon is ready when cmap answers; it may also end instead, and then says why.
    private const string Script = """
        ip link set lo up
        mkdir "$1/lib"
        mount --bind "$1/lib" /var/lib/corosync
        mount -t tmpfs none /run
        mount -t tmpfs none /dev/shm
        corosync -f -c "$1/c.conf" >"$1/said" 2>&1 &
        daemon=$!
        until corosync-cmapctl >"$1/cmap" 2>/dev/null; do
            kill -0 $daemon 2>/dev/null || { cat "$1/said"; exit 1; }
            sleep 0.1
        done
        kill $daemon
        wait $daemon
        cat "$1/cmap"
        """;

    /// <summary>Which values of a case a daemon does not have.</summary>
    public static IEnumerable<string> Differences(ConfigurationCase one, string folder)
    {
        // A test's daemon is one process of many: it neither goes before all others nor leaves the
        // control group of its parent.
        var quiet = one.File.Contains("system {", StringComparison.Ordinal) ? ""
            : "system {\nsched_rr: no\nmove_to_root_cgroup: no\n}\n";
        File.WriteAllText(Path.Combine(folder, "c.conf"), one.File + quiet);
        File.WriteAllText(Path.Combine(folder, "run.sh"), Script);
        var (exitCode, said) = SystemCommand.TryRun($"unshare --mount --net --fork /bin/sh {folder}/run.sh {folder}");
        if (exitCode != 0)
        {
            yield return $"the daemon ended: {said}";
            yield break;
        }

        var cmap = Entry().Matches(said).ToDictionary(
            match => match.Groups["key"].Value, match => match.Groups["value"].Value.TrimEnd(), StringComparer.Ordinal);
        foreach (var (key, value) in one.Values)
        {
            if (Value(cmap, key) is { } got && got != value)
                yield return $"{key} is {got} in the daemon's cmap, expected {value}";
        }
    }

    /// <returns>Null where cmap does not say.</returns>
    private static string? Value(Dictionary<string, string> cmap, string key) => key switch
    {
        "port" => cmap.GetValueOrDefault("totem.interface.0.mcastport") is null or "0" ? null
            : cmap["totem.interface.0.mcastport"],
        // With broadcast, cmap keeps what was configured.
        "mcastaddr" => cmap.ContainsKey("totem.interface.0.broadcast") ? null
            : cmap.GetValueOrDefault("totem.interface.0.mcastaddr"),
        "netmtu" or "cluster_name" => cmap.GetValueOrDefault($"totem.{key}"),
        "nodes" => string.Join(',', NodeIds(cmap)),
        "self" => NodeIds(
            cmap)[int.Parse(cmap["nodelist.local_node_pos"], System.Globalization.CultureInfo.InvariantCulture)],
        "expected_votes" => cmap.GetValueOrDefault("runtime.votequorum.ev_barrier"),
        "votes" => null,
        _ => cmap.GetValueOrDefault($"runtime.config.totem.{key}"),
    };

    private static string[] NodeIds(Dictionary<string, string> cmap) => [.. Enumerable.Range(0, 100)
        .Select(index => cmap.GetValueOrDefault($"nodelist.node.{index}.nodeid")).TakeWhile(id => id is not null)
        .Select(id => id!)];

    [GeneratedRegex(@"^(?<key>[^ ]+) \([a-z0-9]+\) = (?<value>.*)$",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Entry();
}
