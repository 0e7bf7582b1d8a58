using Totem.Bench.Load;
using Totem.Bench.Results;

namespace Totem.Bench.Ring;

/// <summary>One run of one engine: nodes start, warm up, are measured, and end.</summary>
internal sealed class RingRun(RingPlan plan, IBenchNetwork network, string folder)
{
    // Bounds for a run that goes wrong, far above what busy cores need.
    private static readonly TimeSpan FormationLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MarkLimit = TimeSpan.FromSeconds(45);

    /// <summary>Runs it.</summary>
    /// <exception cref="RunFailedException">It came to nothing.</exception>
    public async Task<RunResult> RunAsync(EngineSpec engine, CancellationToken cancellationToken)
    {
        var nodes = new List<NodeProcess>();
        try
        {
            var program = OwnProgram.Command(engine.Directory);
            for (var node = 1u; node <= plan.Nodes; node++)
                nodes.Add(NodeProcess.Start(SetupOf(engine, node), network.WrapperOf(node), program));
            return await MeasureAsync(nodes, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Together: each waits for its goodbye.
            await Task.WhenAll(nodes.Select(x => x.DisposeAsync().AsTask())).ConfigureAwait(false);
        }
    }

    private async Task<RunResult> MeasureAsync(List<NodeProcess> nodes, CancellationToken cancellationToken)
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
        return RunResult.Of([.. closed.Select(x => x.Counts)]);
    }

    private NodeSetup SetupOf(EngineSpec engine, uint node) => new()
    {
        Self = node,
        Nodes = plan.Nodes,
        Bus = engine.Name,
        Settings = [.. engine.Settings],
        Addresses = [.. network.Addresses],
        Port = network.Port,
        Transport = plan.Transport,
        Api = plan.Api,
        StateDirectory = Directory.CreateDirectory(Path.Combine(folder, $"state-{node}")).FullName,
        DaemonPid = 0,
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

    private static async Task<T[]> AllAsync<T>(List<NodeProcess> nodes, TimeSpan limit, CancellationToken cancellationToken)
        where T : NodeEvent
        => await Task.WhenAll(nodes.Select(x => x.ExpectAsync<T>(limit, cancellationToken))).ConfigureAwait(false);
}
