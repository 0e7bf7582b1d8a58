using Totem.Core;

namespace Totem.Simulation.Cluster;

/// <summary>A program of another project on a simulated processor with groups, in one of its lives: in place of the
/// processes that a script lets join and send.</summary>
internal interface IGroupGuest
{
    /// <summary>Something of a group is delivered.</summary>
    void OnDelivery(in GroupDelivery delivery);

    /// <summary>Does what it can; true when the engine took anything.</summary>
    bool Work();

    /// <summary>Its processor has crashed, and it with it.</summary>
    void OnCrash();
}

/// <summary>A place for a guest.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Node">The processor.</param>
/// <param name="Life">Which start this is, from 1.</param>
/// <param name="Processor">Its engine.</param>
internal sealed record GuestSeat(SimulatedCluster Cluster, ProcessorId Node, int Life, GroupProcessor Processor);
