using Totem.Core.Time;
using Totem.Simulation.Model;

namespace Totem.Simulation.Groups;

/// <summary>The cluster as the journals of its groups see it: the order that they share, and where
/// they report to.</summary>
internal interface IGroupWitness
{
    Instant Now { get; }

    ISimulationListener? Listener { get; }

    /// <summary>Every message to a group that was sent, by its place in the order.</summary>
    Dictionary<OrderPlace, GroupMessageRecord> GroupMessages { get; }

    /// <summary>Messages to groups that were handed to processors.</summary>
    long GroupDeliveryCount { get; set; }

    void ReportAnomaly(string rule, string text);

    /// <summary>Takes a number into the digest of the run.</summary>
    void Fold(ulong value);
}
