using Totem.Bench.Load;
using Totem.Bench.Processes;

namespace Totem.Bench.Ring;

/// <summary>The wanted runs: every run of a command is of this shape.</summary>
/// <param name="Engines">The engines that are measured, in turn.</param>
/// <param name="Nodes">How many nodes.</param>
/// <param name="Size">The length of a message.</param>
/// <param name="IsSafe">Whether messages are safe.</param>
/// <param name="Load">When messages are sent.</param>
/// <param name="Senders">How many nodes send: the first ones.</param>
/// <param name="Seconds">How long the measured window is.</param>
/// <param name="WarmUpSeconds">How long the load runs before it.</param>
/// <param name="Runs">How often each engine is measured.</param>
/// <param name="Transport">The transport of ours, <c>udp</c> or <c>udpu</c>.</param>
/// <param name="Api">How ours is used.</param>
/// <param name="IsBusyPolling">Whether ours looks for datagrams for milliseconds before it sleeps,
/// instead of the default.</param>
/// <param name="NodesDirectory">The build that nodes are of; null for this one.</param>
internal sealed record RingPlan(
    IReadOnlyList<EngineSpec> Engines,
    int Nodes,
    int Size,
    bool IsSafe,
    LoadShape Load,
    int Senders,
    double Seconds,
    double WarmUpSeconds,
    int Runs,
    string Transport,
    string Api,
    bool IsBusyPolling,
    string? NodesDirectory = null)
{
    /// <summary>An ordered queue by ours and by ZooKeeper.</summary>
    public static RingPlan OfQueue(LoadShape load, int nodes, int size, double seconds, double warmUp, int runs) => new(
        [EngineSpec.Parse(EngineSpec.Totem), EngineSpec.Parse(EngineSpec.ZooKeeper)], nodes, size, IsSafe: false, load,
        nodes, seconds, warmUp, runs,
        "udp", "stream", IsBusyPolling: false);
}
