namespace Totem;

/// <summary>Why a processor left what it was doing to form a new ring. Logs, metrics and traces carry it.</summary>
public enum GatherReason
{
    /// <summary>The processor starts.</summary>
    Started,

    /// <summary>No token for the token loss timeout, while operational.</summary>
    TokenLost,

    /// <summary>The commit token did not come back.</summary>
    CommitTokenLost,

    /// <summary>The token was lost while old messages were being recovered.</summary>
    RecoveryTokenLost,

    /// <summary>A message of another ring was heard.</summary>
    ForeignMessage,

    /// <summary>A merge detect of another ring was heard.</summary>
    MergeDetected,

    /// <summary>A join message changed what we propose, or called us while operational.</summary>
    JoinReceived,

    /// <summary>A member said that it leaves.</summary>
    MemberLeft,

    /// <summary>The host of a member reported that nobody listens at its port.</summary>
    MemberUnreachable,

    /// <summary>Another member gave a member up and called for a ring without it.</summary>
    MemberGivenUp,

    /// <summary>A member held the ring's aru down for longer than <c>FailToReceiveTimeout</c>.</summary>
    MemberFailedToReceive,

    /// <summary>Somebody did not answer within the consensus timeout.</summary>
    ConsensusTimeout,

    /// <summary>Our own application has stopped reading, and the others were not to wait for it.</summary>
    ReaderStopped,

    /// <summary>Our own process stood still, and the others went on without us meanwhile.</summary>
    StoodStill,
}
