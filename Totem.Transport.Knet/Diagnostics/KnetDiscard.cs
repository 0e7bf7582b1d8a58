namespace Totem.Transport.Knet.Diagnostics;

/// <summary>Why a packet, or what it brought, was dropped. Each is a counter.</summary>
internal enum KnetDiscard
{
    /// <summary>A datagram without a byte, or one that no buffer holds.</summary>
    BadLength,

    /// <summary>No configuration of keys fits, and clear traffic is not allowed.</summary>
    NotAuthentic,

    /// <summary>Shorter than its type.</summary>
    TooShort,

    /// <summary>Another version than 1.</summary>
    UnknownVersion,

    /// <summary>A type that does not exist.</summary>
    UnknownType,

    /// <summary>Numbers of fragments that no sender may use, or that contradict those that came before.</summary>
    BadFragment,

    /// <summary>Its sender is not configured.</summary>
    UnknownPeer,

    /// <summary>Its sender claims to be us.</summary>
    OwnId,

    /// <summary>Its envelope names another sender than the packet in it.</summary>
    WrongSender,

    /// <summary>It names a link that its sender does not have.</summary>
    UnknownLink,

    /// <summary>It comes from another address than the link's.</summary>
    WrongAddress,

    /// <summary>Data of a peer that cannot be reached.</summary>
    Unreachable,

    /// <summary>The message has been delivered.</summary>
    Duplicate,

    /// <summary>A fragment of a message that was delivered or abandoned.</summary>
    LateFragment,

    /// <summary>The fragments of a message that did not become whole in time.</summary>
    AbandonedMessage,

    /// <summary>A method of compression that we do not have.</summary>
    UnknownCompression,

    /// <summary>A message that does not decompress, or to more than a message may have.</summary>
    BadCompression,

    /// <summary>A channel that the ring does not use.</summary>
    UnknownChannel,

    /// <summary>A pong that answers no ping of ours of late.</summary>
    UnaskedPong,

    /// <summary>A pong that took longer than the ping's timeout.</summary>
    LatePong,

    /// <summary>An answer to no probe that is under way.</summary>
    UnaskedProbeReply,

    /// <summary>A packet in the format of our own that was received before.</summary>
    Replayed,

    /// <summary>A packet of a life of its sender that has not answered a ping of ours.</summary>
    UnprovenLife,

    /// <summary>A packet of libknet's format from a peer that speaks, or has to speak, ours.</summary>
    Downgraded,

    /// <summary>A message for another member, which somebody has recorded and sent here.</summary>
    Misdirected,

    /// <summary>Something to send, but more waits already than the limit.</summary>
    OutboxFull,
}
