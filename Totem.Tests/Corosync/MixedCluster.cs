using System.Security.Cryptography;
using Totem.Tests.Processes;
using Totem.Tests.Transport;
using Xunit.Abstractions;
using DaemonFolder = Totem.Bench.Peers.DaemonFolder;

namespace Totem.Tests.Corosync;

/// <summary>
/// Nodes in network namespaces that all read one <c>corosync.conf</c>. In each of its lives a node is a real daemon or
/// a process of ours. Their words go to the test's output in the end, where a failure shows them.
/// </summary>
internal sealed class MixedCluster : IAsyncDisposable
{
    // A bound for a run that goes wrong, far above what busy cores need.
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly ITestOutputHelper _output;
    private readonly TemporaryDirectory _folder = new();
    private readonly NamespaceNetwork _network;
    private readonly Dictionary<uint, DaemonFolder> _daemonFolders = [];
    private readonly SortedDictionary<uint, NodeRing> _rings = [];
    private readonly SortedDictionary<uint, CorosyncDaemon> _daemons = [];
    private readonly SortedDictionary<uint, GroupNode> _ours = [];
    private readonly HashSet<uint> _died = [];
    private readonly List<IGroupClient> _clients = [];
    private readonly Reports _reports;
    private readonly Lazy<string> _cpgLoad;

    public MixedCluster(CorosyncConfFile configuration, ITestOutputHelper output)
    {
        _output = output;
        _reports = new Reports(Describe);
        _cpgLoad = new Lazy<string>(() => NativeProgram.Compile("cpg_load", _folder.Path, "cpg", "m"));
        Nodes = [.. Enumerable.Range(1, configuration.Nodes).Select(x => (uint)x)];
        if (configuration.Hash != "none")
            configuration = configuration with { KeyFile = WriteKey() };
        var text = configuration.ToString();
        foreach (var node in Nodes)
            _daemonFolders[node] = new DaemonFolder(Path.Combine(_folder.Path, $"daemon-{node}"), text);
        File.WriteAllText(ConfigurationFile, text);
        _network = NamespaceNetwork.Create(configuration.Nodes);
        for (var link = 1; link < configuration.Links; link++)
            _network.AddNetwork(link);
        if (configuration.IsIPv6)
            _network.AddIPv6();
    }

    /// <summary>Gives every node another file, and where something is sealed another key. They read
    /// it when they are told to.</summary>
    public void Reconfigure(CorosyncConfFile configuration)
    {
        if (configuration.Hash != "none")
            configuration = configuration with { KeyFile = WriteKey() };
        var text = configuration.ToString();
        foreach (var folder in _daemonFolders.Values)
            folder.Rewrite(text);
        File.WriteAllText(ConfigurationFile, text);
    }

    private string KeyFile => Path.Combine(_folder.Path, "authkey");

    private string WriteKey()
    {
        PrivateFile.Write(KeyFile, RandomNumberGenerator.GetBytes(256));
        return KeyFile;
    }

    /// <summary>Every node, running or not.</summary>
    public uint[] Nodes { get; }

    /// <summary>The network that connects them.</summary>
    public NamespaceNetwork Network => _network;

    /// <summary>The daemon of a node that is a real one.</summary>
    public CorosyncDaemon Daemon(uint node) => _daemons[node];

    /// <summary>Starts these nodes as real daemons. The process that ran there must have ended.</summary>
    /// <remarks>
    /// Of several each starts when all before it stand: a daemon whose first join comes while others install their ring
    /// can stop one of them, ours or not (docs/design/testing.md).
    /// </remarks>
    public async Task StartRealAsync(params IReadOnlyList<uint> nodes)
    {
        foreach (var node in nodes)
            await RemoveAsync(node);
        foreach (var node in nodes)
        {
            if (node != nodes[0])
                await ReadyWith([.. _daemons.Keys, .. _ours.Keys]);
            _reports.Apply(() => _rings[node] = NodeRing.None);
            _daemons[node] = CorosyncDaemon.Start(node, _network, _daemonFolders[node], OnDaemon);
        }
    }

    /// <summary>How many frames of a visit may follow the token at ours.</summary>
    public int AcceleratedWindow { get; init; }

    /// <summary>Starts these nodes as processes of ours. The process that ran there must have ended.</summary>
    public async Task StartOursAsync(params IReadOnlyList<uint> nodes)
    {
        foreach (var node in nodes)
        {
            await RemoveAsync(node);
            _reports.Apply(() => _rings[node] = NodeRing.None);
            var state = Directory.CreateDirectory(Path.Combine(_folder.Path, $"state-{node}")).FullName;
            _ours[node] = GroupNode.Start(
                node, _network.WrapperOf(node), ConfigurationFile, state, new LoadShape(Seed: (int)node),
                AcceleratedWindow, OnOurs);
        }
    }

    /// <summary>Waits until all of these say that they are in one and the same ring of exactly themselves.</summary>
    public Task RingOf(params IReadOnlyList<uint> members) =>
        WaitAsync(() => IsOneRing(members), $"one ring of {Names(members)}");

    /// <summary>The same, and their services have synchronised.</summary>
    public Task ReadyWith(params IReadOnlyList<uint> members) => WaitAsync(
        () => IsOneRing(members) && members.All(x => _rings[x].IsReady), $"one synchronised ring of {Names(members)}");

    /// <summary>SIGKILL, whatever the node is.</summary>
    public void Kill(uint node)
    {
        if (_daemons.TryGetValue(node, out var daemon))
            daemon.Kill();
        else
            _ours[node].Kill();
    }

    /// <summary>The node says goodbye, and ends well.</summary>
    public Task StopAsync(uint node)
        => _daemons.TryGetValue(node, out var daemon) ? daemon.StopAsync() : _ours[node].QuitAsync();

    /// <summary>SIGSTOP, whatever the node is.</summary>
    public void Pause(uint node)
    {
        if (_daemons.TryGetValue(node, out var daemon))
            daemon.Pause();
        else
            _ours[node].Pause();
    }

    /// <summary>SIGCONT.</summary>
    public void Continue(uint node)
    {
        if (_daemons.TryGetValue(node, out var daemon))
            daemon.Continue();
        else
            _ours[node].Continue();
    }

    /// <summary>
    /// Lets a client at this node join a group: a process of its own at a real daemon, or the one that is in each
    /// process of ours, whose messages have the default shape.
    /// </summary>
    public async Task<LoadProcess> JoinAsync(uint node, string group)
    {
        LoadProcess client;
        if (_daemons.TryGetValue(node, out var daemon))
        {
            client = CpgLoad.Start($"client at {node}", _cpgLoad.Value, daemon.Wrapper, new LoadShape(Seed: (int)node));
            _clients.Add(client);
        }
        else
        {
            client = _ours[node];
        }

        await client.JoinAsync(group);
        return client;
    }

    /// <summary>Fails unless every daemon that nobody ended is the process that was started.</summary>
    public void AssertDaemonsRun()
    {
        foreach (var daemon in _daemons.Values.Where(x => x.HasDied))
            daemon.AssertStillRuns();
    }

    private string ConfigurationFile => Path.Combine(_folder.Path, "corosync.conf");

    private Task WaitAsync(Func<bool> condition, string what) => _reports.WaitAsync(
        () =>
        {
            if (_died.Count > 0)
                throw new ReportException($"node {_died.First()} died before {what}\n{Describe()}");
            return condition();
        },
        what,
        Limit);

    private bool IsOneRing(IReadOnlyList<uint> members)
        => members.All(x => _rings[x].Id == _rings[members[0]].Id && _rings[x].Members.SequenceEqual(members.Order()));

    private void OnOurs(GroupNode ours) => OnChange(ours.Node, ours.Ring, ours.HasDied);

    private void OnDaemon(CorosyncDaemon daemon) => OnChange(daemon.Node, NodeRing.Of(daemon.Log), daemon.HasDied);

    private void OnChange(uint node, NodeRing ring, bool hasDied) => _reports.Apply(() =>
    {
        _rings[node] = ring;
        if (hasDied)
            _died.Add(node);
    });

    private async Task RemoveAsync(uint node)
    {
        if (_daemons.Remove(node, out var daemon))
            await DisposeAsync(daemon);
        if (_ours.Remove(node, out var ours))
            await ours.DisposeAsync();
    }

    private async Task DisposeAsync(CorosyncDaemon daemon)
    {
        await daemon.DisposeAsync();
        _output.WriteLine(daemon.Log.Describe());
    }

    private string Describe()
    {
        var rings = _rings.Select(x => $"node {x.Key}: {x.Value}");
        return string.Join('\n', [
            .. rings,
            .. _ours.Values.Select(x => $"ours {x.Node}: {string.Join("; ", x.Complaints)}"),
            .. _daemons.Values.Select(x => x.Log.Reports.Read(x.Log.Describe))]);
    }

    private static string Names(IReadOnlyList<uint> members) => $"{{{string.Join(", ", members)}}}";

    /// <summary>Kills whatever still runs, and removes the network and the files.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            foreach (var client in _clients)
                await client.DisposeAsync();
            foreach (var ours in _ours.Values)
                await ours.DisposeAsync();
            foreach (var daemon in _daemons.Values)
                await DisposeAsync(daemon);
        }
        finally
        {
            _network.Dispose();
            _folder.Dispose();
        }
    }
}
