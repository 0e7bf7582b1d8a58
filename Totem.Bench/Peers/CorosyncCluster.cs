using System.Runtime.InteropServices;
using Totem.Bench.Processes;
using Totem.CommandLine;

namespace Totem.Bench.Peers;

/// <summary>A daemon at each node.</summary>
internal sealed class CorosyncCluster : IAsyncDisposable
{
    private static readonly TimeSpan FormationLimit = TimeSpan.FromSeconds(60);

    private readonly Dictionary<uint, CorosyncDaemon> _daemons = [];

    private CorosyncCluster()
    {
    }

    /// <summary>Fails unless there is a corosync here, with its libraries.</summary>
    public static void Require()
    {
        if (SystemCommand.TryRun("corosync", "-v").ExitCode != 0)
            throw new CommandFailedException(ExitCode.Usage, "corosync is not installed here (package corosync)");
        if (!NativeLibrary.TryLoad(LibCpg.Library, out var library))
            throw new CommandFailedException(
                ExitCode.Usage, $"{LibCpg.Library} is not installed here (package libcpg4)");
        NativeLibrary.Free(library);
    }

    /// <summary>Starts the engine's daemons and waits until each runs.</summary>
    public static async Task<CorosyncCluster> StartAsync(
        EngineSpec engine, int nodes, IBenchNetwork network, string folder, CancellationToken cancellationToken)
    {
        if (network.Addresses.Count == 0)
            throw new CommandFailedException(ExitCode.Usage, $"{engine.Name} needs --net namespaces, hence root: its "
                + "daemons all have the same port");
        var cluster = new CorosyncCluster();
        try
        {
            var configuration = CorosyncFile.TextFor(engine, network.Addresses);
            for (var node = 1u; node <= nodes; node++)
            {
                if (!engine.HasDaemonAt(node))
                    continue;
                var own = Directory.CreateDirectory(Path.Combine(folder, $"corosync-{node}")).FullName;
                cluster._daemons.Add(node, CorosyncDaemon.Start(network.WrapperOf(node), own, configuration));
            }

            await Task.WhenAll(cluster._daemons.Values.Select(x => x.Ready))
                .WaitAsync(FormationLimit, cancellationToken).ConfigureAwait(false);
            return cluster;
        }
        catch (Exception failure)
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            if (failure is TimeoutException)
                throw new RunFailedException($"{engine.Name}: the daemons were not ready within "
                    + $"{FormationLimit.TotalSeconds:0} s");
            throw;
        }
    }

    /// <summary>The daemon of a node; null where there is none.</summary>
    public CorosyncDaemon? this[uint node] => _daemons.GetValueOrDefault(node);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons.Values)
            await daemon.DisposeAsync().ConfigureAwait(false);
    }
}
