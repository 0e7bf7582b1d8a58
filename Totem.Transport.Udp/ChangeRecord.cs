using Totem.Transport.Udp.Operation;

namespace Totem;

/// <summary>The origin of a change of membership, as far as the member that wrote the record can tell. Members may
/// differ: one that stood still says so itself, to the others it was silent.</summary>
public enum ChangeDiagnosis
{
    /// <summary>None of the others fits; <see cref="ChangeRecord.Reason"/> has the protocol's own reason.</summary>
    Other,

    /// <summary>This member has started.</summary>
    Started,

    /// <summary>Members came in, and nobody went.</summary>
    Joined,

    /// <summary>Members said goodbye.</summary>
    Left,

    /// <summary>The kernel of a member's host says that nobody listens at its port any more: its process has ended.
    /// </summary>
    ProcessEnded,

    /// <summary>Nothing more came from one member: its process is stopped, or its host or the way to it is down.
    /// </summary>
    MemberSilent,

    /// <summary>Several members fell silent together, so it was most likely the network between.</summary>
    Parted,

    /// <summary>A member does not hear another, although somebody hears both.</summary>
    LinkBroken,

    /// <summary>A member has failed to receive, and the frame that it lacks is a large one: small frames reach it.
    /// </summary>
    LargeFramesLost,

    /// <summary>A member has failed to receive.</summary>
    FailedToReceive,

    /// <summary>The token was lost, and nobody with it.</summary>
    TokenLost,

    /// <summary>Another member gave somebody up and called for a ring without it; why, its own record says.</summary>
    GivenUp,

    /// <summary>Receive buffers of this member were full, and it lost datagrams.</summary>
    ReceiveOverflow,

    /// <summary>The interface that has this member's address is down or gone.</summary>
    InterfaceDown,

    /// <summary>This process did not run: it was stopped (SIGSTOP, a debugger, a frozen container), or the machine
    /// was suspended.</summary>
    Suspended,

    /// <summary>The garbage collector held this process up.</summary>
    GarbageCollection,

    /// <summary>The ring's thread of this process wanted to run and got no core.</summary>
    Starved,

    /// <summary>A handler of this process did not return to the ring's thread.</summary>
    HandlerBlocked,

    /// <summary>The application of this process has stopped reading.</summary>
    ReaderStopped,
}

/// <summary>The reasons for which the ring's thread of a member is held up.</summary>
public enum PauseKind
{
    /// <summary>It did not run, and nothing in the process says why: it was stopped, or the machine was.</summary>
    Suspended,

    /// <summary>The garbage collector had stopped all threads.</summary>
    GarbageCollection,

    /// <summary>It wanted to run and got no core.</summary>
    Starved,

    /// <summary>A handler of the application did not return.</summary>
    Handler,
}

/// <summary>The longest time for which the ring's thread did not turn, though it had meant to.</summary>
/// <param name="Length">How long.</param>
/// <param name="Kind">The reason.</param>
/// <param name="GarbageCollection">How much of it the garbage collector took, as far as is known.</param>
/// <param name="WaitedForCore">For how much of it the thread was ready to run and had no core, as far as is known; zero
/// where the system does not count it.</param>
public sealed record OwnPause(TimeSpan Length, PauseKind Kind, TimeSpan GarbageCollection, TimeSpan WaitedForCore);

/// <summary>Since when a member that is gone was silent.</summary>
/// <param name="Member">The member.</param>
/// <param name="Since">When a datagram came from its address last; null when none ever did.</param>
/// <param name="For">For how long nothing had come when the next ring was installed; null when nothing ever did.
/// </param>
public sealed record MemberSilence(ProcessorId Member, DateTimeOffset? Since, TimeSpan? For);

/// <summary>How long each phase of a change took.</summary>
/// <param name="Gather">From the end of the old ring until the members had agreed on the next one.</param>
/// <param name="Commit">Until all had declared what they hold of the old rings.</param>
/// <param name="Recovery">Until all had what is to be delivered of these.</param>
/// <param name="Attempts">Rings that were begun; more than one when commits or recoveries came to nothing.</param>
public sealed record ChangePhases(TimeSpan Gather, TimeSpan Commit, TimeSpan Recovery, int Attempts);

/// <summary>
/// Why the membership changed, written by one member at the installation of a ring: what ended the old one, who was
/// missing, whether this member was held up itself, and how long each phase took. <see cref="ToString"/> says it in a
/// sentence. Immutable.
/// </summary>
public sealed record ChangeRecord
{
    /// <summary>The member that wrote it.</summary>
    public required ProcessorId Node { get; init; }

    /// <summary>When the ring was installed, on this host's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The ring that was installed.</summary>
    public required RingId Ring { get; init; }

    /// <summary>This member's ring before; null for its first.</summary>
    public RingId? PreviousRing { get; init; }

    /// <summary>The members of the ring.</summary>
    public required ProcessorSet Members { get; init; }

    /// <summary>Those that came in.</summary>
    public required ProcessorSet Joined { get; init; }

    /// <summary>Those that went.</summary>
    public required ProcessorSet Left { get; init; }

    /// <summary>The origin of the change.</summary>
    public required ChangeDiagnosis Diagnosis { get; init; }

    /// <summary>The members that the diagnosis is about; may be this one, or nobody.</summary>
    public required ProcessorSet About { get; init; }

    /// <summary>The reason for which this member looked for a new ring, in the protocol's words.</summary>
    public required GatherReason Reason { get; init; }

    /// <summary>The member that noticed first, as far as is known here.</summary>
    public required ProcessorId NoticedBy { get; init; }

    /// <summary>Of a lost token: the last member that is known to have had it; null otherwise.</summary>
    public ProcessorId? LastHolder { get; init; }

    /// <summary>For how long the ring had been quiet, or a member had failed to receive; zero where time plays no
    /// part.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>How often this member had sent its last token again.</summary>
    public int TokensSentAgain { get; init; }

    /// <summary>Since when each of those that went was silent.</summary>
    public IReadOnlyList<MemberSilence> Silences { get; init; } = [];

    /// <summary>Members that do not hear each other although somebody hears both.</summary>
    public IReadOnlyList<BrokenLink> BrokenLinks { get; init; } = [];

    /// <summary>Failed to receive: the bytes of the frame that the member lacks; null when not known.</summary>
    public int? LackedFrameBytes { get; init; }

    /// <summary>The longest time at the end of the old ring for which this member's own thread was held up; null when
    /// it was not for 10 ms.</summary>
    public OwnPause? Pause { get; init; }

    /// <summary>Datagrams that receive buffers of this member dropped since shortly before.</summary>
    public long DatagramsDropped { get; init; }

    /// <summary>Datagrams that the system of this member did not send since shortly before.</summary>
    public long DatagramsUnsent { get; init; }

    /// <summary>How long it took.</summary>
    public required ChangePhases Phases { get; init; }

    /// <summary>The record in a sentence.</summary>
    public string Sentence => ToString();

    /// <summary>The ring's token timeout, by which silences and pauses are long or short.</summary>
    public required TimeSpan TokenTimeout { get; init; }

    /// <summary>For people: <c>node 3 was silent for 1.32 s; noticed by node 2; …</c>.</summary>
    public override string ToString() => ChangeSentence.Of(this);
}
