namespace Totem.Sheepdog;

/// <summary>Why a node is no member any more.</summary>
public enum LeaveReason
{
    /// <summary>It left in good order.</summary>
    Left,

    /// <summary>Its process, or its session with the servers, has ended without a goodbye.</summary>
    Killed,

    /// <summary>It is not heard any more. It may be running, cut off or stopped.</summary>
    Silent,

    /// <summary>Another process has joined as this node.</summary>
    Restarted,
}
