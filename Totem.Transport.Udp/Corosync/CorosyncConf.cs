using Totem.Core;
using Totem.Core.Groups;
using Totem.Core.Model;

namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// A <c>corosync.conf</c>, read and checked: what its <c>totem</c>, <c>interface</c>, <c>nodelist</c>, <c>quorum</c>, <c>system</c> and <c>logging</c> sections
/// say to this implementation. <c>docs/transport.md</c> lists every key.
/// </summary>
public sealed class CorosyncConf
{
    private CorosyncConf(ConfTotem totem, RingOptions ring, UdpTransportOptions transport, ConfLogging logging, IReadOnlyList<string> notices)
    {
        ClusterName = totem.ClusterName;
        Ring = ring;
        Transport = transport;
        Logging = logging;
        Notices = notices;
    }

    /// <summary><c>totem.cluster_name</c>, empty when there is none.</summary>
    public string ClusterName { get; }

    /// <summary>The protocol's numbers; <see cref="RingOptions.Self"/> is this host's node.</summary>
    public RingOptions Ring { get; }

    /// <summary>The sockets.</summary>
    public UdpTransportOptions Transport { get; }

    /// <summary>What the <c>quorum</c> section means for our vote.</summary>
    public GroupOptions Groups { get; private init; } = new();

    /// <summary>The scheduling of the ring's thread, by the <c>system</c> section.</summary>
    public RingScheduling Scheduling { get; private init; } = RingScheduling.RealTime;

    /// <summary>What the <c>logging</c> section asks for.</summary>
    public ConfLogging Logging { get; }

    /// <summary>The group that <c>uidgid</c> names first: it shares the directory of state.</summary>
    internal uint? StateGroup { get; private init; }

    /// <summary>Whether there is a <c>logging</c> section at all.</summary>
    internal bool HasLogging { get; private init; }

    /// <summary>Keys and sections that nobody knows, each with file and line: worth a warning, once. A typing error looks
    /// like this.</summary>
    public IReadOnlyList<string> Notices { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">Usually <c>/etc/corosync/corosync.conf</c>.</param>
    /// <param name="self">Which node this is; null finds it by this host's name and addresses.</param>
    /// <exception cref="CorosyncConfException">It cannot be used; every problem is listed with file and line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CorosyncConf Load(string path, ProcessorId? self = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(ConfSyntax.ReadFile(path), path, self, new LocalHost(), ConfAccess.Beside(path));
    }

    internal static CorosyncConf Parse(string text, string file, ProcessorId? self, ILocalHost host,
        IEnumerable<(string File, ConfSection Root)>? accessFiles = null)
    {
        var problems = new ConfProblems(file);
        var readers = new List<ConfReader>();
        var root = ConfSyntax.Parse(text, problems);
        readers.Add(new ConfReader(root, problems));

        var totem = new ConfTotem(root, readers, problems);
        var nodes = ConfNodeList.Read(root, totem.IpVersion, totem.ClearHighBit, host, readers, problems);
        var logging = ConfLogging.Read(root, readers, problems);
        var transport = totem.ReadTransport(nodes);
        var local = nodes.Count > 0 ? ConfNodeList.FindLocal(nodes, self, host, problems) : null;
        // Without a local node there is an error already; the numbers are still read, so that theirs are reported too.
        var id = local?.Id ?? new ProcessorId(1);
        var ring = totem.ReadRing(id, nodes.Count);
        if (local is not null && nodes.Count <= ProcessorSet.CountMax)
            ring = ring with { Allowed = ProcessorSet.Of([.. nodes.Select(node => node.Id)]) };
        totem.CheckTogether(ring);
        // The problems that are left have no words of the file.
        foreach (var problem in problems.HasAny ? [] : ring.Validate().Concat(transport.Validate(id)))
            problems.Add(totem.Line, problem);

        var groups = ConfQuorum.Read(root, nodes, local, readers, problems);
        var scheduling = ConfSystem.Read(root, readers, problems);
        problems.ThrowIfAny();
        var (group, notices) = ConfAccess.Read([(file, root), .. accessFiles ?? []]);
        return new CorosyncConf(totem, ring, transport, logging, [.. ConfNotices.Find(root, readers, file), .. notices])
        {
            Groups = groups,
            StateGroup = group,
            Scheduling = scheduling,
            HasLogging = root.Named("logging").Any(),
        };
    }
}
