namespace Totem.Core.Wire;

/// <summary>Sizes and limits of corosync 3's frames (WIRE §2, §4 and §5), each named once.</summary>
public static class WireFormat
{
    /// <summary>The first two bytes of every frame, in the sender's byte order.</summary>
    public const ushort Magic = 0xC070;

    /// <summary>The protocol version in every frame.</summary>
    public const byte Version = 3;

    /// <summary>Magic, version, kind, encapsulation, node id, target id.</summary>
    public const int HeaderBytes = 13;

    /// <summary>A multicast message without its payload.</summary>
    public const int RegularMessageHeaderBytes = 45;

    /// <summary>A token without retransmission requests.</summary>
    public const int RegularTokenBytes = 57;

    /// <summary>One retransmission request: ring id and seq.</summary>
    public const int RetransmitRequestBytes = 16;

    /// <summary>The most requests in one token; real daemons before 3.1.10 overflow beyond it (WIRE §17).</summary>
    public const int MaxRetransmitRequestCount = 30;

    /// <summary>A merge detect.</summary>
    public const int MergeDetectBytes = 29;

    /// <summary>A join message without its lists.</summary>
    public const int JoinBytes = 33;

    /// <summary>A commit token without its lists.</summary>
    public const int CommitTokenBytes = 41;

    /// <summary>One member of a commit token: its address and its entry.</summary>
    public const int CommitMemberBytes = 4 + 24;

    /// <summary>A hold cancel.</summary>
    public const int HoldCancelBytes = 25;

    /// <summary>A loan of the token, there or back (EXT §2).</summary>
    public const int TokenLoanBytes = 43;

    /// <summary>
    /// The largest frame; real daemons abort on a longer multicast (WIRE §17). One with an old frame inside is as long
    /// on kronosnet, which carries more than a datagram does (KNET §15); elsewhere 65,507 is the end.
    /// </summary>
    public const int MaxFrameBytes = 65_536;

    /// <summary>The part that <c>netmtu</c> loses to headers: a regular and an encapsulating one (WIRE §3.5).</summary>
    public const int MtuOverheadBytes = 2 * RegularMessageHeaderBytes;
}
