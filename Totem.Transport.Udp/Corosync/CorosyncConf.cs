using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// A <c>corosync.conf</c>, read and checked: what its <c>totem</c>, <c>interface</c>, <c>nodelist</c>, <c>quorum</c>,
/// <c>system</c> and <c>logging</c> sections say to this implementation. <c>docs/reference/transport.md</c> lists every
/// key.
/// </summary>
public sealed class CorosyncConf
{
    private CorosyncConf(ConfTotem totem, RingOptions ring, UdpTransportOptions transport, ConfLogging logging,
        IReadOnlyList<string> notices)
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

    /// <summary>The settings that the <c>quorum</c> section means for our vote.</summary>
    public GroupOptions Groups { get; private init; } = new();

    /// <summary>The scheduling of the ring's thread, by the <c>system</c> section.</summary>
    public RingScheduling Scheduling { get; private init; } = RingScheduling.RealTime;

    /// <summary>The settings that the <c>logging</c> section asks for.</summary>
    public ConfLogging Logging { get; }

    /// <summary>The group that <c>uidgid</c> names first: it shares the directory of state.</summary>
    internal uint? StateGroup { get; private init; }

    /// <summary>Whether there is a <c>logging</c> section at all.</summary>
    internal bool HasLogging { get; private init; }

    /// <summary>Keys and sections that nobody knows, and what corosync reads otherwise than a person would, each with
    /// file and line: worth a warning, once. A typing error looks like this.</summary>
    public IReadOnlyList<string> Notices { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">Usually <c>/etc/corosync/corosync.conf</c>.</param>
    /// <param name="self">Which node this is; null finds it by this host's name and addresses.</param>
    /// <exception cref="CorosyncConfException">It cannot be used; every problem is listed with file
    /// and line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CorosyncConf Load(string path, ProcessorId? self = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(ConfFile.Read(path), path, self, new LocalHost(), ConfAccess.Beside(path));
    }

    internal static CorosyncConf Parse(string text, string file, ProcessorId? self, ILocalHost host,
        IEnumerable<(string File, ConfAccess Access)>? accessFiles = null)
    {
        var problems = new ConfProblems(file);
        var map = new ConfMap(problems);
        var builder = new ConfBuilder(map, problems);
        // The values cannot be judged while it is not clear where they stand.
        if (!ConfSyntax.Parse(text, problems, builder))
            problems.ThrowIfAny();
        var notices = new List<(int Line, string Text)>(builder.Notices);

        var totem = new ConfTotem(map, problems, notices);
        var list = new ConfNodeList(map, totem, host, problems);
        var nodes = list.Read();
        var transport = totem.ReadTransport(nodes, host);
        var local = nodes.Count > 0 ? list.FindLocal(nodes, self) : null;
        // Without a local node there is an error already; the numbers are still read, so that theirs are reported too.
        var id = local?.Id ?? new ProcessorId(1);
        var ring = totem.ReadRing(id, nodes.Count);
        if (local is not null && nodes.Count <= ProcessorSet.MaxCount)
            ring = ring with { Allowed = ProcessorSet.Of([.. nodes.Select(node => node.Id)]) };
        var groups = ConfQuorum.Read(map, nodes, local, problems);
        var scheduling = ConfSystem.Read(map, problems);
        var logging = ConfLogging.Read(map, problems);
        // None of them has words for this file: what they say, the reader above should have said.
        foreach (var problem in problems.HasAny ? [] : ring.Validate().Concat(transport.Validate(id)))
            problems.Add(0, problem);
        problems.ThrowIfAny();

        notices.AddRange(ConfNodeList.FindLonely(nodes));
        var (group, accessNotices) = ConfAccess.Together([(file, builder.Access), .. accessFiles ?? []]);
        return new CorosyncConf(
            totem, ring, transport, logging, [.. ConfNotices.Find(map, notices, file), .. accessNotices])
        {
            Groups = groups,
            StateGroup = group,
            Scheduling = scheduling,
            HasLogging = map.Has("logging"),
        };
    }
}
