using Totem.Core.Model;
using Totem.Core.Wire;

namespace Totem.Core.Diagnostics;

/// <summary>The events that the engine can report. Each kind says which fields of <see cref="RingEvent"/> it
/// fills.</summary>
public enum RingEventKind
{
    /// <summary>Entered gather. Ring: current ring; Reason; Peer: who caused it, if anybody.</summary>
    EnteredGather,

    /// <summary>Entered commit. Ring: the new ring.</summary>
    EnteredCommit,

    /// <summary>Entered recovery. Ring: the new ring; Count: old messages to originate.</summary>
    EnteredRecovery,

    /// <summary>Entered operational. Ring: the installed ring; Count: its members.</summary>
    EnteredOperational,

    /// <summary>Left the ring for good.</summary>
    Left,

    /// <summary>A token was taken. Ring, Seq: its seq, TokenSeq, Count: messages multicast on this visit.</summary>
    TokenVisit,

    /// <summary>Accelerated ring: messages followed the token. Ring; Count; Seq: the first.</summary>
    MulticastAfterToken,

    /// <summary>The last token was sent again because nothing showed that the successor has it.
    /// Peer: the successor; TokenSeq.</summary>
    TokenRetransmitted,

    /// <summary>The token stays here: the ring is idle, or nobody else sends. Ring; TokenSeq.</summary>
    TokenHeld,

    /// <summary>A token that rested set out early because somebody has a message. Peer: who asked.</summary>
    HoldCancelled,

    /// <summary>A message was numbered while the token rested here. Ring; Seq: the last; Count.</summary>
    SentAtRest,

    /// <summary>A token that rests here was lent. Peer: to whom; TokenSeq; Count: how many numbers
    /// it may give.</summary>
    TokenLent,

    /// <summary>We borrowed a token that rests elsewhere, and gave it back. Peer: where it rests;
    /// Seq: the last number; Count: ours.</summary>
    TokenBorrowed,

    /// <summary>An application message was multicast whole (its last fragment got a number). Messages are sent in the
    /// order of submission. Ring; Seq: of the last fragment; Count: its index among the messages that this frame
    /// completes.</summary>
    MessageSent,

    /// <summary>The same of what goes to a group, a join or a leave among it.</summary>
    GroupMessageSent,

    /// <summary>A message was multicast again at somebody's request. Seq.</summary>
    MessageRetransmitted,

    /// <summary>Messages were asked for on the token. Count; Seq: the first.</summary>
    RetransmitRequested,

    /// <summary>A frame of the old ring is not delivered: it lies behind a hole and its sender did
    /// not come along. Peer, Seq.</summary>
    MessageWithheld,

    /// <summary>The old ring ended with a hole: a frame that no transitional member has. Ring: the
    /// old ring; Seq: the first.</summary>
    HoleInRecovery,

    /// <summary>Somebody's earlier promise to deliver was taken over in recovery. Ring: the new
    /// ring; Count: the obligation set.</summary>
    ObligationTakenOver,

    /// <summary>A member is put into the fail set. Peer; Reason; Count: of one that failed to receive, the bytes of the
    /// first frame that it lacks, or 0 when that is not known.</summary>
    MemberSuspected,

    /// <summary>A processor does not hear another although somebody hears both. Peer: who does not
    /// hear; OtherPeer: whom.</summary>
    LinkBroken,

    /// <summary>The application is so many configuration changes behind that the processor leaves.
    /// Count: how many.</summary>
    ApplicationTooSlow,

    /// <summary>A frame was dropped. Discard; Peer: who is named as its sender, if known.</summary>
    Discarded,
}

/// <summary>Why a frame was dropped. Counted one by one; never an exception, never a change of state.</summary>
public enum DiscardReason
{
    /// <summary>The decoder refused it: see <see cref="RingEvent.Decode"/>.</summary>
    Malformed,

    /// <summary>Our own multicast came back to us.</summary>
    OwnMessage,

    /// <summary>A message that we hold, or have held, already.</summary>
    Duplicate,

    /// <summary>A message number outside the receive window.</summary>
    OutsideWindow,

    /// <summary>The receive window has no bytes left for it.</summary>
    WindowFull,

    /// <summary>A frame of a ring that we have left behind.</summary>
    StaleRing,

    /// <summary>A token, loan, commit token or hold cancel of a ring that is not ours.</summary>
    ForeignRing,

    /// <summary>A token or loan that we have had already.</summary>
    StaleToken,

    /// <summary>A token whose numbers make no sense: seq behind ours or beyond the window, aru beyond seq.</summary>
    AbsurdToken,

    /// <summary>A ring sequence too far from every one we know.</summary>
    AbsurdRingSequence,

    /// <summary>A frame this state has no use for.</summary>
    NotInThisState,

    /// <summary>A join message that lists us as failed, or is older than our ring, or comes from
    /// somebody we excluded.</summary>
    IrrelevantJoin,

    /// <summary>A processor that is not in the set of allowed processors.</summary>
    UnknownProcessor,

    /// <summary>A foreign frame of a processor that cannot work with a member of our ring, because
    /// they do not hear each other.</summary>
    BrokenLink,

    /// <summary>The packet of messages inside the frame contradicts itself.</summary>
    BadPacket,

    /// <summary>A fragment whose beginning we do not have.</summary>
    FragmentWithoutStart,

    /// <summary>A message that grew over the limit while it was put together.</summary>
    MessageTooLong,

    /// <summary>A message for a group that nobody here listens to.</summary>
    UnknownGroup,

    /// <summary>A foreign message of a processor that we have not heard ourselves of late: somebody
    /// else may have sent it again.</summary>
    SecondHand,

    /// <summary>Its sender lost commit tokens of late, and is left alone for a while.</summary>
    LeftAlone,
}

/// <summary>One thing the engine reports; only the fields its kind names are filled.</summary>
/// <param name="Kind">The event.</param>
/// <param name="Ring">The ring it happened on.</param>
/// <param name="Peer">The other processor it is about.</param>
/// <param name="OtherPeer">A second processor it is about.</param>
/// <param name="Seq">A message number.</param>
/// <param name="TokenSeq">A token's hop number.</param>
/// <param name="Count">How many.</param>
/// <param name="Reason">Why a gather began.</param>
/// <param name="Discard">Why a frame was dropped.</param>
/// <param name="Decode">The decoder's objection.</param>
public readonly record struct RingEvent(
    RingEventKind Kind,
    RingId Ring = default,
    ProcessorId Peer = default,
    ProcessorId OtherPeer = default,
    Seq Seq = default,
    TokenSeq TokenSeq = default,
    int Count = 0,
    GatherReason Reason = default,
    DiscardReason Discard = default,
    DecodeResult Decode = default);

/// <summary>
/// The one seam for logs, metrics and traces. Called on the thread that calls into the processor, inside that call: it
/// must be quick and must not call into the processor (asserted).
/// </summary>
public interface IRingObserver
{
    /// <summary>Something happened.</summary>
    void OnEvent(in RingEvent ringEvent);
}
