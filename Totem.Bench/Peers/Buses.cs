using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.CommandLine;

namespace Totem.Bench.Peers;

/// <summary>Makes the bus that a node was told to use.</summary>
internal static class Buses
{
    /// <summary>Starts it and waits until all nodes are there.</summary>
    public static async Task<IOrderedBus> StartAsync(
        NodeSetup setup, IBusReceiver receiver, CancellationToken cancellationToken)
        => setup.Engine switch
        {
            EngineKind.Totem => await TotemBus.StartAsync(setup, receiver, cancellationToken).ConfigureAwait(false),
            EngineKind.Corosync or EngineKind.LibCpg =>
                await CpgBus.StartAsync(setup, receiver, cancellationToken).ConfigureAwait(false),
            EngineKind.ZooKeeper =>
                await ZooKeeperBus.StartAsync(setup, receiver, cancellationToken).ConfigureAwait(false),
            _ => throw new CommandFailedException(ExitCode.Usage, $"{setup.Engine} has no bus"),
        };
}
