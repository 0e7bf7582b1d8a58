using System.Globalization;
using System.Text;
using Totem.Tests.Processes;

namespace Totem.Tests.Corosync;

/// <summary>
/// A <c>corosync.conf</c> for the nodes 1…n of a <see cref="NamespaceNetwork"/>. Daemons and members of ours read the
/// same file.
/// </summary>
internal sealed record CorosyncConfFile
{
    /// <summary>How many nodes are in the node list.</summary>
    public required int Nodes { get; init; }

    /// <summary><c>udp</c>, <c>udpu</c> or <c>knet</c>.</summary>
    public required string Transport { get; init; }

    /// <summary><c>none</c>, or what encrypts on kronosnet.</summary>
    public string Cipher { get; init; } = "none";

    /// <summary><c>none</c>, or what authenticates on kronosnet.</summary>
    public string Hash { get; init; } = "none";

    /// <summary>The file with the key; null where nothing is encrypted.</summary>
    public string? KeyFile { get; init; }

    /// <summary>How many networks connect the nodes, each a link.</summary>
    public int Links { get; init; } = 1;

    /// <summary>The first link has IPv6 addresses.</summary>
    public bool IsIPv6 { get; init; }

    /// <summary>The token timeout, whatever the number of nodes.</summary>
    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromMilliseconds(1000);

    /// <summary>Whether there is a quorum section, with votequorum and a vote for each node.</summary>
    public bool HasQuorum { get; init; } = true;

    /// <summary>More lines for the section totem, such as <c>window_size: 300</c>.</summary>
    public IReadOnlyList<string> TotemLines { get; init; } = [];

    /// <summary>The text of the file.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Section(text, "totem",
        [
            "version: 2",
            "cluster_name: totem-test",
            $"transport: {Transport}",
            $"crypto_cipher: {Cipher}",
            $"crypto_hash: {Hash}",
            string.Create(CultureInfo.InvariantCulture, $"token: {TokenTimeout.TotalMilliseconds}"),
            "token_coefficient: 0",
            .. KeyFile is null ? [] : (string[])[$"keyfile: {KeyFile}"],
            .. TotemLines,
            // The multicast address follows from the cluster's name, in the daemon and in our reader of this file.
            "interface {", "    linknumber: 0", "    mcastport: 5405", "}",
        ]);
        Section(text, "nodelist", Enumerable.Range(1, Nodes).SelectMany(node => (string[])
            ["node {", $"    nodeid: {node}", $"    name: node{node}",
                .. Enumerable.Range(0, Links).Select(x => $"    ring{x}_addr: {AddressOf((uint)node, x)}"), "}"]));
        if (HasQuorum)
            Section(text, "quorum", ["provider: corosync_votequorum"]);
        // A test's daemon is one process of many: it neither goes before all others nor leaves the
        // control group of its parent.
        Section(text, "system", ["sched_rr: no", "move_to_root_cgroup: no"]);
        Section(text, "logging", ["to_stderr: yes", "to_syslog: no", "to_logfile: no", "timestamp: hires",
            "logger_subsys {", "    subsys: TOTEM", "    debug: on", "}"]);
        return text.ToString();
    }

    private string AddressOf(uint node, int link) =>
        IsIPv6 && link == 0 ? NamespaceNetwork.IPv6AddressOf(node) : NamespaceNetwork.AddressOf(node, link);

    private static void Section(StringBuilder text, string name, IEnumerable<string> lines)
    {
        text.Append(name).Append(" {\n");
        foreach (var line in lines)
            text.Append("    ").Append(line).Append('\n');
        text.Append("}\n\n");
    }
}
