using Totem.Core.Model;

namespace Totem.Simulation.Cluster;

/// <summary>The conditions that tests and the liveness check wait for. Each says what is missing, or null when it
/// holds.</summary>
internal static class ClusterConditions
{
    /// <summary>The processors whose process runs.</summary>
    public static ProcessorSet Live(SimulatedCluster cluster) =>
        ProcessorSet.Of([.. cluster.Nodes.Where(x => x.Engine is not null).Select(x => x.Id)]);

    /// <summary>
    /// Every live processor is operational on one ring with exactly the members expected of it, and its application has
    /// been told so.
    /// </summary>
    public static string? MissingForOneRing(SimulatedCluster cluster, ProcessorSet members)
    {
        Configuration? first = null;
        foreach (var node in cluster.Nodes)
        {
            if (!members.Contains(node.Id))
                continue;
            if (MissingForRing(node) is { } missing)
                return missing;
            var ring = node.Engine!.Installed!;
            if (ring.Members != members)
                return $"{node.Id} is on {ring}, expected the members {members}";
            if (first is not null && ring.Ring != first.Ring)
                return $"{node.Id} is on {ring}, others on {first}";
            first ??= ring;
        }

        return null;
    }

    /// <summary>
    /// Every live processor is operational, and all members of its ring are on the same ring: what a stable view means
    /// when some links stay broken and nobody can say which rings there will be.
    /// </summary>
    public static string? MissingForConsistentRings(SimulatedCluster cluster)
    {
        foreach (var node in cluster.Nodes)
        {
            if (node.Engine is null)
                continue;
            if (MissingForRing(node) is { } missing)
                return missing;
            var ring = node.Engine!.Installed!;
            foreach (var id in ring.Members.AsSpan())
            {
                var member = cluster[id];
                if (member.Engine?.Installed?.Ring != ring.Ring)
                    return $"{node.Id} is on {ring}, its member {id} on "
                        + $"{member.Engine?.Installed?.ToString() ?? "none"}";
            }
        }

        return null;
    }

    /// <summary>Everything that was submitted at a live processor was sent, and delivered at every
    /// member of its ring.</summary>
    public static string? MissingForQuiet(SimulatedCluster cluster)
    {
        foreach (var node in cluster.Nodes)
        {
            if (node.Engine is null || node.Journal is not { } journal)
                continue;
            if (journal.WaitingCount > 0)
                return $"{journal.WaitingCount} messages meet back-pressure at {node.Id}";
            if (journal.SentCount < journal.AcceptedCount)
                return $"{journal.AcceptedCount - journal.SentCount} of {journal.AcceptedCount} messages of {node.Id} "
                    + "are not sent";
            if (journal.Regular is not { } regular)
                return $"{node.Id} has no regular configuration";
            var sent = 0;
            foreach (var id in regular.Members.AsSpan())
                sent += cluster[id].Journal?.SentOn(regular.Ring) ?? 0;
            if (journal.DeliveredHere != sent)
                return $"{node.Id} delivered {journal.DeliveredHere} messages of {regular.Ring}, {sent} were sent";
        }

        return null;
    }

    private static string? MissingForRing(SimulatedProcessor node)
    {
        if (node.Engine is not { } engine)
            return $"{node.Id} is down";
        if (engine.Phase != RingPhase.Operational)
            return $"{node.Id} is in {engine.Phase}";
        if (engine.Installed is not { } installed)
            return $"{node.Id} is operational without a ring";
        return node.Journal!.Regular?.Ring == installed.Ring
            ? null
            : $"{node.Id} has not delivered {installed}, its application is at "
                + $"{node.Journal.Last?.ToString() ?? "none"}";
    }
}
