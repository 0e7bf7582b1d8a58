using System.Globalization;

namespace Totem.Tests.Corosync;

/// <summary>The ring that a node says it is in.</summary>
/// <param name="Id">Representative and sequence, both decimal.</param>
/// <param name="Members">Its members, ascending.</param>
/// <param name="IsReady">Whether the node serves its clients on it.</param>
internal sealed record NodeRing(string Id, IReadOnlyList<uint> Members, bool IsReady)
{
    public static readonly NodeRing None = new("none", [], IsReady: false);

    /// <summary>A daemon's words.</summary>
    public static NodeRing Of(DaemonLog log) => log.Reports.Read(() => new NodeRing(
        string.Create(CultureInfo.InvariantCulture, $"{log.Ring.Representative}.{log.Ring.Sequence}"),
        [.. log.Members.Order()],
        log.IsSynchronized));

    public override string ToString() => $"ring {Id} {{{string.Join(", ", Members)}}}{(IsReady ? "" : ", not ready")}";
}
