using Totem.Bench.Load;
using Totem.Bench.Ring;

namespace Totem.Bench.Peers;

/// <summary>Makes the bus that a node was told to use.</summary>
internal static class Buses
{
    /// <summary>Starts it and waits until all nodes are there.</summary>
    public static async Task<IOrderedBus> StartAsync(NodeSetup setup, IBusReceiver receiver, CancellationToken cancellationToken)
        => setup.Bus switch
        {
            "totem" => await TotemBus.StartAsync(setup, receiver, cancellationToken).ConfigureAwait(false),
            _ => throw new BenchFailedException(ExitCode.Usage, $"there is no bus '{setup.Bus}'"),
        };
}
