using Totem.Core.Groups;
using Totem.Simulation.Cluster;
using Totem.Simulation.Model;

namespace Totem.Simulation.Faults;

/// <summary>Something that only a cluster with groups can do.</summary>
internal interface IGroupAction;

/// <summary>A process joins a group; when it has just left, as soon as it may.</summary>
internal sealed record JoinGroup(ProcessorId Node, GroupName Group, uint Pid) : FaultAction, IGroupAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"join-group node={Node} group={Group} pid={Pid}";

    public override void Apply(SimulatedCluster cluster) =>
        cluster[Node].Wish(Group, Pid, new GroupWish(GroupWishKind.Join));
}

/// <summary>A process leaves a group, after what it wanted to say.</summary>
internal sealed record LeaveGroup(ProcessorId Node, GroupName Group, uint Pid) : FaultAction, IGroupAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"leave-group node={Node} group={Group} pid={Pid}";

    public override void Apply(SimulatedCluster cluster) =>
        cluster[Node].Wish(Group, Pid, new GroupWish(GroupWishKind.Leave));
}

/// <summary>A process ends without a word, perhaps between two parts of a message, and its host says so.</summary>
internal sealed record EndProcess(ProcessorId Node, GroupName Group, uint Pid) : FaultAction, IGroupAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"end-process node={Node} group={Group} pid={Pid}";

    public override void Apply(SimulatedCluster cluster) =>
        cluster[Node].Wish(Group, Pid, new GroupWish(GroupWishKind.End));
}

/// <summary>A process in a group sends some messages, each in so many parts.</summary>
internal sealed record SendToGroup(
    ProcessorId Node, GroupName Group, uint Pid, int Count, int SizeLow, int SizeHigh, int Parts,
    SubmitGuarantee Guarantee)
    : FaultAction, IGroupAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"send-group node={Node} group={Group} pid={Pid} count={Count} size={SizeLow}"
        + (SizeHigh == SizeLow ? "" : $"..{SizeHigh}") + (Parts == 1 ? "" : $" parts={Parts}")
        + $" guarantee={Guarantee}";

    public override void Apply(SimulatedCluster cluster)
    {
        // The lengths follow from the action alone, so that leaving out others does not change them.
        var dice = new SimulationRandom(
            StableHash.Mix(StableHash.Mix(cluster.Setup.Seed, Node.Value), ((ulong)Pid << 32) | (uint)Count));
        for (var i = 0; i < Count; i++)
        {
            var isSafe = Guarantee == SubmitGuarantee.Safe || (Guarantee == SubmitGuarantee.Mixed && i % 2 == 1);
            cluster[Node].Wish(Group, Pid, new GroupWish(
                GroupWishKind.Send,
                (int)dice.Between(SizeLow, SizeHigh),
                Parts,
                isSafe ? Totem.Guarantee.Safe : Totem.Guarantee.Agreed));
        }
    }
}
