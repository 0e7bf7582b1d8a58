using Totem.Core.Groups;
using Totem.Simulation.Cluster;
using Totem.Simulation.Groups;

namespace Totem.Simulation.Scenarios;

/// <summary>The conditions that must hold of groups when all is quiet.</summary>
internal static class GroupConditions
{
    /// <summary>
    /// Every join, leave and message has come through, and every processor believes of every group exactly what its
    /// members' processors know to be so. The missing condition, or null.
    /// </summary>
    public static string? MissingForQuiet(SimulatedCluster cluster)
    {
        foreach (var node in cluster.Nodes)
        {
            if (node.Groups is not { } groups || node.Engine?.Installed is not { } ring)
                continue;
            if (!groups.Processor.IsSynchronized)
                return $"{node.Id} has not synchronised {ring}";
            if (groups.WaitingCount > 0)
                return $"{groups.WaitingCount} wishes of processes of {node.Id} wait";
            if (groups.Processor.Ring.SendQueueCount > 0)
                return $"{groups.Processor.Ring.SendQueueCount} messages of {node.Id} wait";
            if (groups.Journal.Streams.FirstOrDefault(IsOnItsWay) is { } stuck)
                return $"{stuck} is {stuck.Membership!.State}";
            var believed = Text(groups.Processor.AllGroups().SelectMany(x => x.Members.Select(m => (x.Group, m))));
            var real = Text(ring.Members.SelectMany(x => cluster[x].Groups?.Journal.Streams ?? [])
                .Where(x => x.Membership?.State == GroupMembershipState.Joined)
                .Select(x => (x.Group, x.Member)));
            if (believed != real)
                return $"{node.Id} believes {believed}, expected {real}";
        }

        return null;
    }

    private static bool IsOnItsWay(GroupStream stream) =>
        stream.Membership?.State is GroupMembershipState.Joining or GroupMembershipState.Leaving;

    private static string Text(IEnumerable<(GroupName Group, GroupMember Member)> members) => string.Join("; ", members
        .GroupBy(x => x.Group.ToString(), x => x.Member, StringComparer.Ordinal)
        .OrderBy(x => x.Key, StringComparer.Ordinal)
        .Select(x => $"{x.Key} {{{string.Join(", ", x.Order())}}}"));
}
