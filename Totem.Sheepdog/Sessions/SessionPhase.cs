namespace Totem.Sheepdog.Sessions;

/// <summary>Where a session stands.</summary>
internal enum SessionPhase
{
    /// <summary>Not accepted yet; it knows nothing of the cluster's state.</summary>
    Joining,

    /// <summary>Accepted, also when it has left and goes on hearing.</summary>
    Joined,

    /// <summary>Members are missing, and it is not clear that this side may go on: what comes is kept back.</summary>
    InDoubt,

    /// <summary>Over: the other side goes on, or this one lagged too far behind. A fresh session follows.</summary>
    Lost,
}
