using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core;

/// <summary>
/// The side of a ring that a host feeds and drains. Deliveries are not here: they are taken where the ordered stream
/// ends, from a <see cref="RingProcessor"/> or from the <see cref="GroupProcessor"/> above it.
/// </summary>
/// <remarks>
/// The host's duty after every <c>Handle*</c> or <see cref="TrySubmit"/>: if <see cref="PendingStore"/> is set, write
/// it to stable storage and call <see cref="HandleStored"/>; call <see cref="TryTransmit"/> until it returns false;
/// take deliveries until there are none, or later when the application is slow (undelivered messages stay in the
/// receive window and in time slow the ring down); then sleep until a datagram or <see cref="NextDeadline"/>.
/// </remarks>
public interface IRing
{
    /// <summary>The options the processor was created with.</summary>
    RingOptions Options { get; }

    /// <summary>The state of the protocol that the processor is in.</summary>
    RingPhase Phase { get; }

    /// <summary>The regular configuration installed last (perhaps not yet delivered); null before the first.</summary>
    Configuration? Installed { get; }

    /// <summary>The member our token goes to, while operational; nobody otherwise. Hosts may probe it.</summary>
    ProcessorId Successor { get; }

    /// <summary>
    /// Of a regular token and messages that both wait to be read, the token should be read first. It changes with every
    /// datagram handled. A host that does not look is no less correct, only slower (docs/design/protocol.md, "Which to
    /// read first").
    /// </summary>
    bool ReadsTokenFirst { get; }

    /// <summary>When to call <see cref="HandleDeadline"/>; null when nothing is waited for.</summary>
    Instant? NextDeadline { get; }

    /// <summary>The ring sequence that must reach stable storage before anything else is sent; null when there is
    /// none.</summary>
    ulong? PendingStore { get; }

    /// <summary>Something is to be stored or sent, so there is work for the host. Deliveries are not counted: they
    /// may wait.</summary>
    bool HasOutput { get; }

    /// <summary>Room in the send queue, in bytes of messages.</summary>
    int SendQueueFreeBytes { get; }

    /// <summary>Messages submitted and not yet multicast whole.</summary>
    int SendQueueCount { get; }

    /// <summary>New frames that all members together may send in a rotation of the token; 0 while there is no ring that
    /// carries messages.</summary>
    int WindowSize { get; }

    /// <summary>The place of the last frame that this processor multicast. A member that is to end asks
    /// <see cref="HasReachedAll"/> of it first: nobody could send the frame again after that.</summary>
    RingPosition LastMulticast { get; }

    /// <summary>
    /// The application has stopped reading, so this processor has left the others and forms no ring with anybody until
    /// it reads again.
    /// </summary>
    bool IsAside { get; }

    /// <summary>The first frame of the installed ring that the application could have been handed and was not; null
    /// when there is none.</summary>
    RingPosition? FirstUndelivered { get; }

    /// <summary>
    /// A message that is submitted now makes this processor send something at once: the token rests here, or has to be
    /// asked for. Otherwise the message leaves with the token, which is on its way, and the host need not wake its
    /// thread for it (docs/design/token.md).
    /// </summary>
    bool ActsOnSubmission { get; }

    /// <summary>Begins to look for a ring. Once.</summary>
    /// <exception cref="InvalidOperationException">Called a second time.</exception>
    void Start(Instant now);

    /// <summary>Says goodbye (the farewell is in the next <see cref="TryTransmit"/>) and stops for good.</summary>
    /// <remarks>Messages that were multicast stay on the ring; those still queued are forgotten.</remarks>
    void Leave(Instant now);

    /// <summary>A datagram came. It may hold anything: this neither throws nor grows without bound.</summary>
    void HandleDatagram(ReadOnlySpan<byte> datagram, Instant now);

    /// <summary>Time has passed. Too early is a no-op.</summary>
    void HandleDeadline(Instant now);

    /// <summary>The operating system reports that nobody listens at this processor's port any more.</summary>
    /// <returns>True when that was news: the processor counted on it until now.</returns>
    bool HandleUnreachable(ProcessorId peer, Instant now);

    /// <summary>
    /// The host noticed that it had not run for a while, though it had meant to: its process was stopped or not
    /// scheduled. It says so before it hands in what has come meanwhile. The pause changes no decision about the
    /// membership, but what follows from it is not put down to others: the next change names it as the cause
    /// (<see cref="GatherReason.StoodStill"/>).
    /// </summary>
    /// <param name="length">How long the host had not run.</param>
    /// <param name="now">The time, at the end of the pause.</param>
    void HandlePause(TimeSpan length, Instant now);

    /// <summary>
    /// The host judges whether its application has stopped reading, as a rule by <see cref="FirstUndelivered"/>. If it
    /// has, and others would wait for it, the processor says goodbye to them and goes on alone; it comes back when the
    /// host says that the application reads. Nothing changes the order: the application sees the same transitional and
    /// regular configurations as in any parting (docs/design/protocol.md, "A slow reader").
    /// </summary>
    /// <param name="isStopped">The application has not taken a whole frame for longer than the host accepts; or it
    /// stands aside for that, and has not caught up.</param>
    /// <param name="now">The time.</param>
    void HandleReader(bool isStopped, Instant now);

    /// <summary>The configuration of a running ring names these processors as well: they are heard from now on, where
    /// <see cref="RingOptions.Allowed"/> says who is. Nobody is heard no more.</summary>
    void HandleAllowed(ProcessorSet more);

    /// <summary>The sequence that <see cref="PendingStore"/> named is on stable storage.</summary>
    void HandleStored(ulong ringSequence);

    /// <summary>Queues a message for the ring. It is copied.</summary>
    /// <param name="payload">0 to <see cref="RingOptions.MaxMessageBytes"/> bytes.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ArgumentException">The payload is longer than
    /// <see cref="RingOptions.MaxMessageBytes"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The guarantee is not one of the two.</exception>
    SubmitResult TrySubmit(ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now);

    /// <summary>Takes the next datagram to send.</summary>
    /// <param name="buffer">Room for one frame: <see cref="WireFormat.MaxFrameBytes"/> is always enough.</param>
    /// <param name="transmit">Where it goes and how long it is.</param>
    /// <returns>False when there is nothing to send (now).</returns>
    bool TryTransmit(Span<byte> buffer, out Transmit transmit);

    /// <summary>
    /// Every member of its ring is known to have what stands there and before it; or that ring is over, and those who
    /// came along have exchanged what they had.
    /// </summary>
    /// <param name="position">The value of <see cref="LastMulticast"/>, now or earlier.</param>
    bool HasReachedAll(RingPosition position);
}
