using Totem.Core.Time;

namespace Totem.Simulation.Cluster;

/// <summary>
/// Sees to it that a change of keys reaches everybody: a member that was not on the ring when the others were told to
/// read the new file still has the old key, and nobody of the others can hear it (KNET §17.3).
/// </summary>
internal sealed class KeyAdministrator(SimulatedCluster cluster)
{
    private Instant? _nextLook;

    /// <summary>Where somebody lacks the latest key, one member of each ring tells it to read the file.</summary>
    public void Look()
    {
        if (cluster.Knet is not { } network || _nextLook > cluster.Now)
            return;
        _nextLook = cluster.Now + cluster.Setup.Options.TokenTimeout;
        foreach (var node in cluster.Nodes)
        {
            if (node.Knet is { } knet && knet.KeyNumber < network.Keys.Latest && node.Journal!.Regular is { } regular
                && regular.Members.First(x => cluster[x].Knet is null
                    || cluster[x].Knet!.KeyNumber < network.Keys.Latest) == node.Id)
                node.SubmitReload(network.Keys.Latest);
        }
    }

    /// <summary>Everybody has the latest key and no other; else what is missing.</summary>
    public string? Missing()
    {
        foreach (var node in cluster.Nodes)
        {
            if (node.Knet is { } knet && (knet.KeyNumber < cluster.Knet!.Keys.Latest || !knet.IsSettled))
                return $"{node.Id} has key file {knet.KeyNumber} of "
                    + $"{cluster.Knet.Keys.Latest}{(knet.IsSettled ? "" : ", and the one before")}";
        }

        return null;
    }
}
