namespace Totem.Transport.Knet.Diagnostics;

/// <summary>An event of a link or a peer.</summary>
internal enum KnetEventKind
{
    /// <summary>The link carries packets both ways.</summary>
    LinkUp,

    /// <summary>No pong came in time.</summary>
    LinkTimedOut,

    /// <summary>The system reported that nobody listens at the link's other end.</summary>
    LinkRefused,

    /// <summary>A reload took the link away while it was up.</summary>
    LinkRemoved,

    /// <summary>The first link of the peer is up.</summary>
    PeerReachable,

    /// <summary>The last link of the peer is down.</summary>
    PeerUnreachable,

    /// <summary>The peer's numbers begin anew: it is another process.</summary>
    PeerRestarted,

    /// <summary>The peer has proven that it speaks the format of our own, now.</summary>
    PeerProven,

    /// <summary>Messages are cut into pieces of another size from now on. Value: its bytes.</summary>
    DataSizeChanged,

    /// <summary>The search for the path's MTU has ended. Value: the bytes of the largest IP packet.</summary>
    PathMtuFound,

    /// <summary>The peer compresses with a method that we do not have, so its messages are lost. Value: the
    /// method.</summary>
    CompressionUnknown,
}

/// <summary>An event, for logs and metrics.</summary>
/// <param name="Kind">The event.</param>
/// <param name="Peer">With whom; 0 when it is nobody's.</param>
/// <param name="Link">On which link; -1 when it is none's.</param>
/// <param name="Value">See <see cref="KnetEventKind"/>.</param>
internal readonly record struct KnetEvent(KnetEventKind Kind, ushort Peer, int Link = -1, int Value = 0);

/// <summary>Told of events as they happen, on the machine's thread. It must not call the machine.</summary>
internal interface IKnetObserver
{
    void OnEvent(in KnetEvent knetEvent);
}
