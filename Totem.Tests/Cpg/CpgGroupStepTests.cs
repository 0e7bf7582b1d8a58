using Totem.Cpg;
using Totem.Cpg.Ring;

namespace Totem.Tests.Cpg;

/// <summary>A change of several kinds is told in corosync's order (CPG §9).</summary>
public sealed class CpgGroupStepTests
{
    private static readonly RingId Ring = new(new ProcessorId(1), 8);

    [Fact]
    public void A_simple_change_is_one_step()
    {
        var steps = Split([Member(1), Member(2)], joined: [Came(2, GroupChangeReason.Joined)]);
        var step = Assert.Single(steps);
        Assert.Equal([new CpgAddress(1, 100), new CpgAddress(2, 100)], step.Members);
        Assert.Equal([new CpgAddress(2, 100, CpgReason.Join)], step.Joined);
        Assert.Empty(step.Left);
    }

    [Fact]
    public void Lost_nodes_come_first_then_those_that_came_then_each_process_that_ended()
    {
        var steps = Split(
            [Member(1), Member(5)],
            joined: [Came(5, GroupChangeReason.NodeUp)],
            left: [Came(2, GroupChangeReason.NodeDown), Came(3, GroupChangeReason.ProcessDown),
                Came(4, GroupChangeReason.NodeDown)]);
        Assert.Equal(3, steps.Count);
        Assert.Equal([2u, 4u], steps[0].Left.Select(x => x.Node));
        Assert.Equal([1u, 3u], steps[0].Members.Select(x => x.Node));
        Assert.Equal([5u], steps[1].Joined.Select(x => x.Node));
        Assert.Equal([1u, 3u, 5u], steps[1].Members.Select(x => x.Node));
        Assert.Equal([3u], steps[2].Left.Select(x => x.Node));
        Assert.Equal([1u, 5u], steps[2].Members.Select(x => x.Node));
    }

    [Fact]
    public void A_node_that_failed_and_came_back_goes_first()
    {
        var steps = Split(
            [Member(1), Member(2)], joined: [Came(2, GroupChangeReason.NodeUp)],
            left: [Came(2, GroupChangeReason.NodeDown)]);
        Assert.Equal(2, steps.Count);
        Assert.Equal([1u], steps[0].Members.Select(x => x.Node));
        Assert.Equal([1u, 2u], steps[1].Members.Select(x => x.Node));
    }

    private static GroupMember Member(uint node) => new(new ProcessorId(node), 100);

    private static GroupMemberChange Came(uint node, GroupChangeReason reason) => new(Member(node), reason);

    private static List<CpgGroupStep> Split(
        GroupMember[] members, GroupMemberChange[]? joined = null, GroupMemberChange[]? left = null)
    {
        var steps = new List<CpgGroupStep>();
        CpgGroupStep.Split(new GroupChange(new GroupName("g"), Ring, members, joined ?? [], left ?? []), steps);
        return steps;
    }
}
