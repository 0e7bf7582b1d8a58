using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// The one transaction by which a session comes into the log: its mark, its join request, its member znode. In place of
/// an earlier session of the same node it also takes that one out. The earlier session's mark can be taken once: so an
/// arrival that a process sent before it was killed, and that a slow server handles late, does not take the place of
/// the process that was started after it.
/// </summary>
internal sealed class SessionArrival(ZooKeeperPaths paths, PeerId self, string nodeName)
{
    /// <summary>The join request.</summary>
    public required byte[] Request { get; init; }

    /// <summary>The content of the member znode.</summary>
    public required byte[] Credentials { get; init; }

    /// <summary>Where the log ended; the session reads from its own request on, which is not before this.</summary>
    public required uint LogEnd { get; init; }

    private string Member => paths.Member(nodeName);

    /// <summary>The writes where no member znode of the node is known.</summary>
    public ZooKeeperWrite[] Writes() => [Mark, Ask, BeMember];

    /// <summary>The writes in place of a session, whose mark goes with its member znode.</summary>
    public ZooKeeperWrite[] WritesInPlaceOf(PeerId earlier) =>
        [Mark, Ask, .. SessionRing.Gone(paths, earlier), ZooKeeperWrite.Delete(Member), BeMember];

    /// <summary>The writes in place of a session that has no mark any more, since others have taken it out.</summary>
    public ZooKeeperWrite[] WritesInPlaceOfUnmarked() => [Mark, Ask, ZooKeeperWrite.Delete(Member), BeMember];

    /// <summary>The number that the servers gave the request.</summary>
    public static uint? RequestNumber(ZooKeeperResults results) => ZooKeeperPaths.NumberOf(results.Created[1]);

    private ZooKeeperWrite Mark =>
        ZooKeeperWrite.Create(paths.Position(self), new SessionMark(LogEnd, nodeName).Encode());

    private ZooKeeperWrite Ask =>
        ZooKeeperWrite.Create(paths.NewEntry, new LogEntry(LogEntryKind.Message, self, Request).Encode(),
            ZooKeeperMode.PersistentSequential);

    private ZooKeeperWrite BeMember => ZooKeeperWrite.Create(Member, Credentials, ZooKeeperMode.Ephemeral);
}
