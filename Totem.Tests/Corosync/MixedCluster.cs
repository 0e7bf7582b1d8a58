using System.Globalization;
using Totem.Cli.Nodes;
using Totem.Cli.Workers;
using Totem.Tests.Processes;
using Totem.Tests.Transport;
using Xunit.Abstractions;

namespace Totem.Tests.Corosync;

/// <summary>
/// Nodes in network namespaces that all read one <c>corosync.conf</c>. In each of its lives a node is a real daemon or a
/// process of ours. What they say goes to the test's output in the end, where a failure shows it.
/// </summary>
internal sealed class MixedCluster : IAsyncDisposable
{
    // A bound for a run that goes wrong, far above what busy cores need.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(45);

    private readonly ITestOutputHelper _output;
    private readonly TemporaryDirectory _folder = new();
    private readonly NamespaceNetwork _network;
    private readonly Dictionary<uint, DaemonFolder> _daemonFolders = [];
    private readonly SortedDictionary<uint, NodeRing> _rings = [];
    private readonly SortedDictionary<uint, CorosyncDaemon> _daemons = [];
    private readonly List<CorosyncDaemon> _died = [];
    private readonly List<IGroupClient> _clients = [];
    private readonly WorkerCluster _workers;
    private readonly Reports _reports;
    private readonly Lazy<string> _cpgLoad;

    public MixedCluster(CorosyncConfFile configuration, ITestOutputHelper output)
    {
        _output = output;
        _reports = new Reports(Describe);
        _cpgLoad = new Lazy<string>(() => NativeProgram.Compile("cpg_load", _folder.Path, "cpg", "m"));
        Nodes = [.. Enumerable.Range(1, configuration.Nodes).Select(x => (uint)x)];
        var text = configuration.ToString();
        foreach (var node in Nodes)
            _daemonFolders[node] = new DaemonFolder(Path.Combine(_folder.Path, $"daemon-{node}"), text);
        var file = Path.Combine(_folder.Path, "corosync.conf");
        File.WriteAllText(file, text);
        _network = NamespaceNetwork.Create(configuration.Nodes);
        _workers = new WorkerCluster((node, incarnation) => new WorkerLaunch(
            node,
            [
                "--config", file, "--id", Text(node), "--incarnation", Text((uint)incarnation),
                "--state", Directory.CreateDirectory(Path.Combine(_folder.Path, $"state-{node}")).FullName,
            ],
            _network.WrapperOf(node)))
        { OnEvent = OnWorker };
    }

    /// <summary>Every node, running or not.</summary>
    public uint[] Nodes { get; }

    /// <summary>What connects them.</summary>
    public NamespaceNetwork Network => _network;

    /// <summary>The processes of ours.</summary>
    public WorkerCluster Workers => _workers;

    /// <summary>The daemon of a node that is a real one.</summary>
    public CorosyncDaemon Daemon(uint node) => _daemons[node];

    /// <summary>Starts these nodes as real daemons. Whatever ran there must have ended.</summary>
    public async Task StartRealAsync(params IReadOnlyList<uint> nodes)
    {
        foreach (var node in nodes)
        {
            await RemoveAsync(node);
            _reports.Apply(() => _rings[node] = NodeRing.None);
            _daemons[node] = CorosyncDaemon.Start(node, _network, _daemonFolders[node], OnDaemon);
        }
    }

    /// <summary>Starts these nodes as processes of ours. Whatever ran there must have ended.</summary>
    public async Task StartOursAsync(params IReadOnlyList<uint> nodes)
    {
        foreach (var node in nodes)
        {
            await RemoveAsync(node);
            _reports.Apply(() => _rings[node] = NodeRing.None);
            _workers.Start(node);
        }
    }

    /// <summary>Waits until all of these say that they are in one and the same ring of exactly themselves.</summary>
    public Task RingOf(params IReadOnlyList<uint> members) => WaitAsync(() => IsOneRing(members), $"one ring of {Names(members)}");

    /// <summary>The same, and their services have synchronised.</summary>
    public Task ReadyWith(params IReadOnlyList<uint> members) => WaitAsync(
        () => IsOneRing(members) && members.All(x => _rings[x].IsReady), $"one synchronised ring of {Names(members)}");

    /// <summary>SIGKILL, whatever the node is.</summary>
    public void Kill(uint node)
    {
        if (_daemons.TryGetValue(node, out var daemon))
            daemon.Kill();
        else
            _workers[node].Kill();
    }

    /// <summary>The node says goodbye, and ends well.</summary>
    public async Task StopAsync(uint node)
    {
        if (_daemons.TryGetValue(node, out var daemon))
        {
            await daemon.StopAsync();
            return;
        }

        using var limit = new CancellationTokenSource(Limit);
        _workers[node].Tell(new LeaveRing());
        Xunit.Assert.Equal(0, await _workers[node].WaitForExitAsync(limit.Token));
    }

    /// <summary>SIGSTOP, whatever the node is.</summary>
    public void Pause(uint node)
    {
        if (_daemons.TryGetValue(node, out var daemon))
            daemon.Pause();
        else
            _workers[node].Pause();
    }

    /// <summary>SIGCONT.</summary>
    public void Continue(uint node)
    {
        if (_daemons.TryGetValue(node, out var daemon))
            daemon.Continue();
        else
            _workers[node].Continue();
    }

    /// <summary>Starts a client of a real daemon and lets it join a group.</summary>
    public async Task<CpgLoad> JoinAsync(uint node, string group, LoadShape shape)
    {
        var load = CpgLoad.Start($"client at {node}", _cpgLoad.Value, Daemon(node).Wrapper, shape);
        _clients.Add(load);
        await load.JoinAsync(group);
        return load;
    }

    /// <summary>Fails unless every daemon that nobody ended is the process that was started.</summary>
    public void AssertDaemonsRun()
    {
        foreach (var daemon in _daemons.Values.Where(x => x.HasDied))
            daemon.AssertStillRuns();
    }

    private Task WaitAsync(Func<bool> condition, string what) => _reports.WaitAsync(
        () =>
        {
            if (_died.Count > 0)
                throw new ReportException($"daemon {_died[0].Node} died before {what}\n{Describe()}");
            return condition();
        },
        what,
        Limit);

    private bool IsOneRing(IReadOnlyList<uint> members)
        => members.All(x => _rings[x].Id == _rings[members[0]].Id && _rings[x].Members.SequenceEqual(members.Order()));

    // Called under the workers' lock, so that ours is always taken inside of it and never the other way round.
    private void OnWorker(WorkerProcess worker, NodeEvent happened)
    {
        if (happened is ConfigurationInstalled { IsRegular: true } installed)
            _reports.Apply(() => _rings[worker.Node] = new NodeRing(installed.Ring, [.. installed.Members.Order()], IsReady: true));
    }

    private void OnDaemon(CorosyncDaemon daemon)
    {
        var (ring, died) = (NodeRing.Of(daemon.Log), daemon.HasDied);
        _reports.Apply(() =>
        {
            _rings[daemon.Node] = ring;
            if (died)
                _died.Add(daemon);
        });
    }

    private async Task RemoveAsync(uint node)
    {
        if (_daemons.Remove(node, out var daemon))
            await DisposeAsync(daemon);
    }

    private async Task DisposeAsync(CorosyncDaemon daemon)
    {
        await daemon.DisposeAsync();
        _output.WriteLine(daemon.Log.Describe());
    }

    private string Describe()
    {
        var rings = _rings.Select(x => $"node {x.Key}: {x.Value}");
        return string.Join('\n', [.. rings, .. _daemons.Values.Select(x => x.Log.Describe())]);
    }

    private static string Names(IReadOnlyList<uint> members) => $"{{{string.Join(", ", members)}}}";

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Kills whatever still runs, and removes the network and the files.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        await _workers.DisposeAsync();
        foreach (var daemon in _daemons.Values)
            await DisposeAsync(daemon);
        _network.Dispose();
        _folder.Dispose();
    }
}
