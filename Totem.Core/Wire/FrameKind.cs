namespace Totem.Core.Wire;

/// <summary>The frames of corosync 3's protocol, with their numbers on the wire, and one of our own.</summary>
public enum FrameKind : byte
{
    /// <summary>The token that orders messages (corosync: ORF token).</summary>
    RegularToken = 0,

    /// <summary>A multicast message, regular or encapsulated.</summary>
    RegularMessage = 1,

    /// <summary>Shows a ring to other rings.</summary>
    MergeDetect = 2,

    /// <summary>Proposes a membership; with node id 0 in its header, says goodbye.</summary>
    Join = 3,

    /// <summary>Commits a membership and collects what each member holds of its old ring.</summary>
    CommitToken = 4,

    /// <summary>Asks whoever keeps the token to let go of it.</summary>
    HoldCancel = 5,

    /// <summary>Lends a token that rests to a member that asked for it, and gives it back. Only
    /// among processors of this engine.</summary>
    TokenLoan = 6,
}

/// <summary>The content of a multicast message.</summary>
public enum Encapsulation : byte
{
    /// <summary>Not a multicast message.</summary>
    None = 0,

    /// <summary>A complete message of an old ring, sent again during recovery.</summary>
    Encapsulated = 1,

    /// <summary>A packet of application messages.</summary>
    Regular = 2,
}

/// <summary>The decoder's verdict on a frame. Everything but <see cref="Ok"/> is counted and dropped.</summary>
public enum DecodeResult
{
    /// <summary>Well formed.</summary>
    Ok,

    /// <summary>Shorter than its kind, or than the lists it announces.</summary>
    TooShort,

    /// <summary>Not a frame of this protocol, in either byte order.</summary>
    BadMagic,

    /// <summary>A version other than 3.</summary>
    UnknownVersion,

    /// <summary>A kind, or an encapsulation, that does not exist; or a kind that this decoder does not read.</summary>
    UnknownKind,

    /// <summary>A count beyond its limit.</summary>
    CountOutOfRange,

    /// <summary>Longer than the largest frame.</summary>
    TooLong,

    /// <summary>A processor id of 0 where a processor must be named, or a list of ids that is not a set.</summary>
    InvalidProcessor,
}
