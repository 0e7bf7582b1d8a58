using System.Globalization;
using System.Net;
using System.Text;
using Totem.Cli.Demos;
using Totem.Cli.Traces;
using Totem.Cli.Workers;
using Totem.Simulation.Checkers;
using Totem.Transport.Udp.Slots;

namespace Totem.Tests.Processes;

/// <summary>
/// Real processes of the command, each running one member, on loopback or each in a network namespace of its own. They
/// are driven through their standard input, waited for by what they report, and leave traces that the checker reads.
/// </summary>
internal sealed class ProcessCluster : IAsyncDisposable
{
    private const int EndMark = 1_000_000;

    // Bounds for a run that goes wrong, far above what busy cores need.
    private static readonly TimeSpan Limit = HangLimit.OfAWait;
    private static readonly TimeSpan DrainLimit = HangLimit.OfAWait;

    private readonly TraceFolder _folder = new(Path.Combine(Path.GetTempPath(), $"totem-test-{Guid.NewGuid():n}"));
    private readonly HashSet<LifeId> _killed = [];
    private readonly PortBlock? _ports;
    private readonly bool _isTraced;

    private ProcessCluster(
        int nodes, NamespaceNetwork? network, TimeSpan tokenTimeout, int duplicatePercent, bool isTraced,
        bool isWatched = true,
        int acceleratedWindow = 0)
    {
        Nodes = [.. Enumerable.Range(1, nodes).Select(x => (uint)x)];
        Network = network;
        _isTraced = isTraced;
        Func<uint, string[]> arguments = node =>
            ["--config", ConfigurationFile, "--id", Text(node), "--duplicate", Text((uint)duplicatePercent),
                "--accelerated-window", Text((uint)acceleratedWindow)];
        if (network is null)
        {
            _ports = PortBlock.Take();
            arguments = node =>
            [
                "--id", Text(node), "--port", Text((uint)_ports.BasePort),
                "--token-timeout", tokenTimeout.TotalMilliseconds.ToString(CultureInfo.InvariantCulture),
                .. isWatched ? Array.Empty<string>() : ["--unwatched"],
            ];
        }

        Workers = new WorkerCluster((node, incarnation) => new WorkerLaunch(
            node,
            [
                .. arguments(node), "--incarnation", Text((uint)incarnation), "--state", _folder.StateOf(node),
                .. isTraced ? ["--trace", _folder.TraceOf(node, incarnation)] : Array.Empty<string>(),
            ],
            [.. network?.WrapperOf(node) ?? [], .. Prefixes.GetValueOrDefault(node) ?? []]));
    }

    /// <summary>The command that runs a node's command, within its network: <c>env NAME=VALUE</c>.</summary>
    public Dictionary<uint, string[]> Prefixes { get; } = [];

    /// <summary>Where a node keeps its ring sequence.</summary>
    public string StateOf(uint node) => _folder.StateOf(node);

    /// <summary>Every node, running or not.</summary>
    public uint[] Nodes { get; }

    /// <summary>The network of namespaces; null on loopback.</summary>
    public NamespaceNetwork? Network { get; }

    /// <summary>Where a member on loopback has its UDP socket.</summary>
    public IPEndPoint EndPointOf(uint node) =>
        LoopbackSlots.Peers(_ports!.BasePort, "").First(peer => peer.Id.Value == node).EndPoint;

    /// <summary>The processes.</summary>
    public WorkerCluster Workers { get; }

    /// <summary>Members on loopback ports that no other run uses; unwatched, they know of a death
    /// by probing only.</summary>
    public static ProcessCluster OnLoopback(
        int nodes, TimeSpan tokenTimeout, bool isTraced = true, bool isWatched = true)
        => new(nodes, network: null, tokenTimeout, duplicatePercent: 0, isTraced, isWatched);

    /// <summary>Members in network namespaces, configured by a <c>corosync.conf</c>.</summary>
    /// <param name="nodes">How many.</param>
    /// <param name="transport"><c>udp</c> or <c>udpu</c>.</param>
    /// <param name="tokenTimeout">The token timeout.</param>
    /// <param name="duplicatePercent">How many of a hundred datagrams each member takes twice.</param>
    /// <param name="acceleratedWindow">How many messages of a visit may follow the token.</param>
    public static ProcessCluster InNamespaces(
        int nodes, string transport, TimeSpan tokenTimeout, int duplicatePercent, int acceleratedWindow = 0)
    {
        var network = NamespaceNetwork.Create(nodes);
        try
        {
            var cluster = new ProcessCluster(
                nodes, network, tokenTimeout, duplicatePercent, isTraced: true, acceleratedWindow: acceleratedWindow);
            File.WriteAllText(cluster.ConfigurationFile, Configuration(nodes, transport, tokenTimeout));
            return cluster;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private string ConfigurationFile => Path.Combine(_folder.Path, "corosync.conf");

    /// <summary>The <c>corosync.conf</c> of so many nodes in namespaces.</summary>
    public static string Configuration(int nodes, string transport, TimeSpan tokenTimeout)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""
            totem {
                version: 2
                cluster_name: totem-test
                transport: {{transport}}
                crypto_cipher: none
                crypto_hash: none
                token: {{tokenTimeout.TotalMilliseconds}}
                token_coefficient: 0
                interface {
                    ringnumber: 0
                    bindnetaddr: 10.77.0.0
                    mcastaddr: 239.192.77.1
                    mcastport: 5405
                }
            }

            nodelist {

            """);
        for (var node = 1u; node <= nodes; node++)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""
                    node {
                        nodeid: {{node}}
                        ring0_addr: {{NamespaceNetwork.AddressOf(node)}}
                    }

                """);
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>Starts all, and waits until they are one ring.</summary>
    public async Task StartAllAsync()
    {
        foreach (var node in Nodes)
            Workers.Start(node);
        await RingOf(Nodes);
    }

    /// <summary>Waits until these are one ring of exactly themselves.</summary>
    public Task RingOf(params uint[] members) => Workers.WaitForRingAsync(members, Limit, CancellationToken.None);

    /// <summary>Waits until these have delivered that many messages more.</summary>
    public async Task Deliver(int more, params uint[] nodes)
    {
        var goals = Workers.Read(x => nodes.ToDictionary(node => node, node => x[node].View.Delivered + more));
        await Workers.WaitAsync(
            nodes, () => nodes.All(x => Workers[x].View.Delivered >= goals[x]), $"{more} more messages", Limit,
            CancellationToken.None);
    }

    /// <summary>
    /// From now on everybody multicasts that many messages a second, small and large, three in ten of them safe; a
    /// member that is started later does not.
    /// </summary>
    public void Load(int perSecond, int load = 1) => Workers.Tell(
        new StartLoad(load, Count: 0, MinSizeBytes: 32, SizeBytesMax: 20_000, SafePercent: 30, OutstandingMax: 64,
            perSecond), Nodes);

    /// <summary>Kills a member without a goodbye.</summary>
    public void Kill(uint node)
    {
        var worker = Workers[node];
        _killed.Add(new LifeId(new ProcessorId(node), worker.Incarnation));
        worker.Kill();
    }

    /// <summary>A member that did not even start has no trace to be checked.</summary>
    public void ForgetLife(uint node) => File.Delete(_folder.TraceOf(node, Workers[node].Incarnation));

    /// <summary>Regular configurations that were installed since a moment, each with the cause its node gave.</summary>
    public string[] ChangesSince(DateTimeOffset moment) => Workers.Read(x => x
        .SelectMany(worker => worker.Value.View.Configurations.Where(c => c.IsRegular && c.At > moment)
            .Select(c => $"{c.At:mm:ss.fff} node {worker.Key} installed {c.Ring} of {c.Members.Length}: {c.Cause}"))
        .Order(StringComparer.Ordinal)
        .ToArray());

    /// <summary>
    /// Ends every load, waits until everything is delivered everywhere, and checks every rule over the traces of all
    /// lives. Everybody must run and be in one ring.
    /// </summary>
    public async Task<EvsReport> FinishAsync()
    {
        await EndLoadsAsync();
        Workers.Tell(new EndTrace(), Nodes);
        await Workers.WaitForAllAsync(
            Nodes, x => x.HasEndedTrace, "the end of every trace", Limit, CancellationToken.None);
        await LeaveAsync();
        if (!_isTraced)
            throw new InvalidOperationException("the run was not traced");
        return EvsChecker.Check(RunTraces.Read(_folder.TraceFiles), new EvsCheckOptions
        {
            Quiescent = true,
            ExpectedComponents = [ProcessorSet.Of([.. Nodes.Select(x => new ProcessorId(x))])],
            TornLives = _killed,
        });
    }

    /// <summary>Ends every load, and waits until everybody has delivered everything.</summary>
    public async Task EndLoadsAsync()
    {
        Workers.Tell(new StopLoad(), Nodes);
        Workers.Tell(new SendMark(EndMark), Nodes);
        await Workers.WaitForAllAsync(
            Nodes, x => x.HasMarks(EndMark, Nodes), "everybody's marks", DrainLimit, CancellationToken.None);
    }

    /// <summary>Everybody says goodbye; their processes end well.</summary>
    public async Task LeaveAsync()
    {
        Workers.Tell(new LeaveRing(), Nodes);
        using var limit = new CancellationTokenSource(Limit);
        foreach (var worker in Workers.Current)
        {
            var exitCode = await worker.WaitForExitAsync(limit.Token);
            if (exitCode != 0)
                throw new WorkerClusterException($"node {worker.Node} ended with exit code "
                    + $"{exitCode}\n{worker.LastErrors}");
        }
    }

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Kills whatever still runs, and removes the network and the traces.</summary>
    public async ValueTask DisposeAsync()
    {
        await Workers.DisposeAsync();
        Network?.Dispose();
        _ports?.Dispose();
        Directory.Delete(_folder.Path, recursive: true);
    }
}
