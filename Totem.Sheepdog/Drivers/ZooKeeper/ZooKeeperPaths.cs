using System.Globalization;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>Where what lies below a cluster's root.</summary>
internal sealed record ZooKeeperPaths(string Root)
{
    /// <summary>The log: an entry a child, numbered by the servers.</summary>
    public string Queue { get; } = Root + "/queue";

    /// <summary>A child for each session that has not been declared gone: how far it has read, and who it is.</summary>
    public string Positions { get; } = Root + "/queue_pos";

    /// <summary>A child for each node, which lives as long as its session.</summary>
    public string Members { get; } = Root + "/member";

    /// <summary>States that joiners are handed.</summary>
    public string Handovers { get; } = Root + "/handover";

    /// <summary>All directories, parents before children.</summary>
    public IEnumerable<string> Directories
    {
        get
        {
            for (var slash = Root.IndexOf('/', 1); slash > 0; slash = Root.IndexOf('/', slash + 1))
                yield return Root[..slash];
            foreach (var path in (string[])[Root, Queue, Positions, Members, Handovers])
                yield return path;
        }
    }

    public string NewEntry => Queue + '/';

    public string Entry(uint position) => string.Create(CultureInfo.InvariantCulture, $"{Queue}/{position:D10}");

    public string Position(PeerId peer) => $"{Positions}/{NameOf(peer)}";

    public string Member(string node) => $"{Members}/{node}";

    public string Handover(PeerId joiner, PeerId sender, uint number, int chunk) =>
        string.Create(CultureInfo.InvariantCulture, $"{Handovers}/{NameOf(joiner)}-{NameOf(sender)}-{number}-{chunk}");

    public static uint? NumberOf(string entry) =>
        uint.TryParse(
            entry.AsSpan(entry.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The session that a name begins with; null when it does not.</summary>
    public static PeerId? PeerOf(string name) =>
        name.Length >= 16 && ulong.TryParse(
            name.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            ? new PeerId((uint)(id >> 32), (uint)id)
            : null;

    public static PeerId PeerOf(long session) => new((uint)((ulong)session >> 32), (uint)session);

    public static long SessionOf(PeerId peer) => (long)(((ulong)peer.Seat << 32) | peer.Instance);

    private static string NameOf(PeerId peer) =>
        string.Create(CultureInfo.InvariantCulture, $"{peer.Seat:x8}{peer.Instance:x8}");
}
