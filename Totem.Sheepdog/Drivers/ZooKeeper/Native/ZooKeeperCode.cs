namespace Totem.Sheepdog.Drivers.ZooKeeper.Native;

/// <summary>The answers of the client library (<c>ZOO_ERRORS</c>); only those that somebody looks at have a
/// name.</summary>
internal enum ZooKeeperCode
{
    Ok = 0,
    ConnectionLoss = -4,
    OperationTimeout = -7,
    BadArguments = -8,
    InvalidState = -9,
    NoNode = -101,
    BadVersion = -103,
    NodeExists = -110,
    SessionExpired = -112,
    AuthenticationFailed = -113,
    Closing = -116,
    SessionMoved = -118,
    Throttled = -127,
}

/// <summary>Where a session stands (<c>ZOO_*_STATE</c>).</summary>
internal enum ZooKeeperState
{
    Expired = -112,
    AuthenticationFailed = -113,
    Connecting = 1,
    Connected = 3,
}

/// <summary>The news of a watch (<c>ZOO_*_EVENT</c>).</summary>
internal enum ZooKeeperEvent
{
    Session = -1,
    Created = 1,
    Deleted = 2,
    Changed = 3,
}
