using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The calls that the servers know.</summary>
internal enum BackendRequestKind
{
    /// <summary>Reads a znode.</summary>
    Get,

    /// <summary>Looks whether a znode is there.</summary>
    Exists,

    /// <summary>Lists the names below a znode.</summary>
    Children,

    /// <summary>Waits until the server that is asked knows all that was written before.</summary>
    Sync,

    /// <summary>Writes all of it or nothing.</summary>
    Write,
}

/// <summary>The step that goes on with the answer, and with it the part of a session whose request it is.</summary>
internal enum RequestPurpose
{
    /// <summary>The step that the arrival is at.</summary>
    Arrives,

    /// <summary>An entry of the session's own, or how far it has read.</summary>
    SenderWrites,

    /// <summary>Nobody goes on with it; what is asked behind it is answered with all that was written.</summary>
    SenderSyncs,

    /// <summary>The version of the mark, which says how many of the writes were applied.</summary>
    SenderAsksMark,

    /// <summary>An entry.</summary>
    ReaderReads,

    /// <summary>Whether the next entry is there, with a watch.</summary>
    ReaderLooks,

    /// <summary>How far the log goes.</summary>
    ReaderMeasures,

    /// <summary>The same now and then, in case the watch has missed something.</summary>
    ReaderChecks,

    /// <summary>A part of a state that the session is handed.</summary>
    HandoverReads,

    /// <summary>Removes a part that was read.</summary>
    HandoverRemoves,

    /// <summary>Which node the session is that this one watches.</summary>
    RingAsksMark,

    /// <summary>Whether that one's member znode is there, with a watch.</summary>
    RingAsksMember,

    /// <summary>Takes a session out.</summary>
    RingDeclares,

    /// <summary>The step that the collection of old entries is at.</summary>
    Collects,

    /// <summary>How far the lowest session has read.</summary>
    SessionAsksLowest,

    /// <summary>The owner of the node's member znode, when the mark is lost.</summary>
    SessionAsksOwner,
}

/// <summary>One request of a session, as a value: a host makes the call, and brings the request back with its
/// answer.</summary>
/// <param name="Purpose">The step that its answer is for.</param>
/// <param name="Kind">The call.</param>
/// <param name="Path">The znode; empty for a transaction.</param>
internal sealed record BackendRequest(RequestPurpose Purpose, BackendRequestKind Kind, string Path = "")
{
    /// <summary>Its number in the session, from 1.</summary>
    public long Number { get; init; }

    /// <summary>Exists: whether the znode's creation, change or end is told, once.</summary>
    public bool IsWatched { get; init; }

    /// <summary>Write: the parts of the transaction.</summary>
    public IReadOnlyList<ZooKeeperWrite> Writes { get; init; } = [];

    /// <summary>The session that it is about, where it is about one.</summary>
    public PeerId Peer { get; init; }

    /// <summary>The entry that it is about, where it is about one.</summary>
    public uint Entry { get; init; }

    public static BackendRequest Write(RequestPurpose purpose, params ZooKeeperWrite[] writes) =>
        new(purpose, BackendRequestKind.Write) { Writes = writes };
}
