using System.Globalization;
using Totem.Bench.Limits;
using Totem.Bench.Load;
using Totem.Bench.Peers;
using Totem.Bench.Processes;
using Totem.Bench.Results;
using Totem.CommandLine;

namespace Totem.Bench.Ring;

/// <summary>One run of one engine: nodes start, warm up, are measured, and end.</summary>
/// <param name="plan">The shape of the run.</param>
/// <param name="network">Where the nodes are.</param>
/// <param name="folder">An empty folder for whatever needs files.</param>
/// <param name="limitProgram">The compiled program of the limits; null when no engine needs it.</param>
internal sealed class RingRun(RingPlan plan, IBenchNetwork network, string folder, string? limitProgram)
{
    // To compare two builds of libcpg.
    private const string Libraries = "Libraries=";
    private const string PerSecond = "LIMIT_PER_SECOND"; // Of limits.c.

    // Bounds for a run that goes wrong, far above what busy cores need.
    private static readonly TimeSpan FormationLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MarkLimit = TimeSpan.FromSeconds(45);

    /// <summary>Runs it.</summary>
    /// <exception cref="RunFailedException">It came to nothing.</exception>
    public async Task<RunResult> RunAsync(EngineSpec engine, CancellationToken cancellationToken)
    {
        var daemons = engine.HasDaemonAt(1)
            ? await CorosyncCluster.StartAsync(engine, plan.Nodes, network, folder, cancellationToken)
            .ConfigureAwait(false)
            : null;
        var server = engine.Kind == EngineKind.ZooKeeper ? ZooKeeperServer.Start(engine, network, folder) : null;
        var nodes = new List<NodeProcess>();
        try
        {
            for (var node = 1u; node <= plan.Nodes; node++)
                nodes.Add(NodeProcess.Start(SetupOf(engine, node, daemons, server), daemons?[node]?.Wrapper
                    ?? network.WrapperOf(node), ProgramOf(engine, node), VariablesOf(engine, node)));
            var counts = await MeasureAsync(nodes, cancellationToken).ConfigureAwait(false);
            return engine.Kind == EngineKind.Limit ? LimitResult.Of(engine.LimitMode, counts) : RunResult.Of(counts);
        }
        finally
        {
            // Together: each waits for its goodbye.
            await Task.WhenAll(nodes.Select(x => x.DisposeAsync().AsTask())).ConfigureAwait(false);
            if (daemons is not null)
                await daemons.DisposeAsync().ConfigureAwait(false);
            if (server is not null)
                await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private IReadOnlyList<string> ProgramOf(EngineSpec engine, uint node) => engine.Kind switch
    {
        EngineKind.Limit => LimitProgram.Command(limitProgram!, engine.LimitMode, node, plan.Nodes, network),
        _ => [.. OwnProgram.Command(DirectoryOf(engine)), OwnProgram.NodeCommand],
    };

    private string? DirectoryOf(EngineSpec engine)
        => engine.Directory is null ? plan.NodesDirectory : engine.Directory == EngineSpec.ThisProgram ? null
            : engine.Directory;

    // Programs that do not read the setup are told in their environment.
    private Dictionary<string, string> VariablesOf(EngineSpec engine, uint node)
    {
        if (engine.Kind == EngineKind.Limit && plan.Load.Kind == LoadKind.Rate)
            return new(StringComparer.Ordinal) { [PerSecond] =
                plan.Load.PerSecond.ToString(CultureInfo.InvariantCulture) };
        if (engine.Kind != EngineKind.LibCpg)
            return new Dictionary<string, string>(StringComparer.Ordinal);
        if (network.Addresses.Count == 0)
            throw new CommandFailedException(ExitCode.Usage, $"{engine.Name} needs --net namespaces, hence root: its "
                + "members all have the same port");
        var configuration = Path.Combine(folder, "corosync.conf");
        if (!File.Exists(configuration))
            File.WriteAllText(configuration, CorosyncFile.TextFor(engine with { Settings = [] }, network.Addresses));
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["LD_LIBRARY_PATH"] = NativeNodes.LibCpgFolder(engine.Settings.FirstOrDefault(x =>
                x.StartsWith(Libraries, StringComparison.Ordinal))?[Libraries.Length..]),
            ["TOTEM_CONFIG"] = configuration,
            ["TOTEM_NODE"] = node.ToString(CultureInfo.InvariantCulture),
            ["TOTEM_STATE"] = Directory.CreateDirectory(Path.Combine(folder, $"libcpg-{node}")).FullName,
        };
    }

    private async Task<WindowCounts[]> MeasureAsync(List<NodeProcess> nodes, CancellationToken cancellationToken)
    {
        await AllAsync<NodeReady>(nodes, FormationLimit, cancellationToken).ConfigureAwait(false);
        TellAll(nodes, new StartLoad());
        await Task.Delay(TimeSpan.FromSeconds(plan.WarmUpSeconds), cancellationToken).ConfigureAwait(false);
        nodes[0].Tell(new OpenWindow());
        await AllAsync<WindowOpened>(nodes, MarkLimit, cancellationToken).ConfigureAwait(false);
        await Task.Delay(TimeSpan.FromSeconds(plan.Seconds), cancellationToken).ConfigureAwait(false);
        nodes[0].Tell(new CloseWindow());
        var closed = await AllAsync<WindowClosed>(nodes, MarkLimit, cancellationToken).ConfigureAwait(false);
        TellAll(nodes, new Leave());
        return [.. closed.Select(x => x.Counts)];
    }

    private NodeSetup SetupOf(EngineSpec engine, uint node, CorosyncCluster? daemons, ZooKeeperServer? server) => new()
    {
        Self = node,
        Nodes = plan.Nodes,
        Engine = engine.Kind == EngineKind.Mixed ? (engine.HasDaemonAt(node) ? EngineKind.Corosync : EngineKind.Totem)
            : engine.Kind,
        Settings = [.. engine.Settings],
        Addresses = [.. network.Addresses],
        Port = server?.Port ?? network.Port,
        Transport = engine.Kind == EngineKind.Mixed ? engine.Transport : plan.Transport,
        Api = engine.Kind == EngineKind.Mixed ? "group" : plan.Api,
        StateDirectory = Directory.CreateDirectory(Path.Combine(folder, $"state-{node}")).FullName,
        DaemonPid = daemons?[node]?.Pid ?? (node == 1 ? server?.Pid : null) ?? 0,
        IsSafe = plan.IsSafe,
        Size = plan.Size,
        Load = plan.Load.ToString(),
        Senders = plan.Senders,
        IsBusyPolling = plan.IsBusyPolling,
    };

    private static void TellAll(List<NodeProcess> nodes, NodeInstruction what)
    {
        foreach (var node in nodes)
            node.Tell(what);
    }

    private static async Task<T[]> AllAsync<T>(
        List<NodeProcess> nodes, TimeSpan limit, CancellationToken cancellationToken)
        where T : NodeEvent
        => await Task.WhenAll(nodes.Select(x => x.ExpectAsync<T>(limit, cancellationToken))).ConfigureAwait(false);
}
