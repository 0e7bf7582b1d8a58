using Totem.Core.Diagnostics;
using Totem.Core.Evs;
using Totem.Core.Model;
using Totem.Core.Time;

namespace Totem.Core;

/// <summary>
/// One processor of a Totem ring as a pure state machine: datagrams, deadlines and submissions go in; datagrams, ordered
/// deliveries and the next deadline come out. It has no socket, clock, thread or random source, and is used by one thread
/// at a time.
/// </summary>
/// <remarks>
/// The host's duty after every <c>Handle*</c> or <see cref="TrySubmit"/>: if <see cref="PendingStore"/> is set, write it to
/// stable storage and call <see cref="HandleStored"/>; call <see cref="TryTransmit"/> until it returns false; call
/// <see cref="TryDeliver"/> until it returns false, or later when the application is slow (undelivered messages stay in
/// the receive window and in time slow the ring down); then sleep until a datagram or <see cref="NextDeadline"/>.
/// </remarks>
public sealed class RingProcessor
{
    /// <summary>Creates a processor that has not started.</summary>
    /// <param name="options">See <see cref="RingOptions.Validate"/>.</param>
    /// <param name="storedRingSequence">What <see cref="PendingStore"/> last asked to keep; 0 on the very first start.</param>
    /// <param name="observer">Told of everything that happens; may be null.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the message lists every problem.</exception>
    public RingProcessor(RingOptions options, ulong storedRingSequence, IRingObserver? observer = null)
        => throw new NotSupportedException();

    /// <summary>The options the processor was created with.</summary>
    public RingOptions Options => throw new NotSupportedException();

    /// <summary>What the processor is doing.</summary>
    public RingPhase Phase => throw new NotSupportedException();

    /// <summary>The regular configuration installed last (perhaps not yet delivered); null before the first.</summary>
    public Configuration? Installed => throw new NotSupportedException();

    /// <summary>The member our token goes to, while operational; nobody otherwise. Hosts may probe it.</summary>
    public ProcessorId Successor => throw new NotSupportedException();

    /// <summary>When to call <see cref="HandleDeadline"/>; null when nothing is waited for.</summary>
    public Instant? NextDeadline => throw new NotSupportedException();

    /// <summary>The ring sequence that must reach stable storage before anything else is sent; null when there is none.</summary>
    public ulong? PendingStore => throw new NotSupportedException();

    /// <summary>Room in the send queue, in bytes of messages.</summary>
    public int SendQueueFreeBytes => throw new NotSupportedException();

    /// <summary>Messages submitted and not yet multicast whole.</summary>
    public int SendQueueCount => throw new NotSupportedException();

    /// <summary>Begins to look for a ring. Once.</summary>
    public void Start(Instant now) => throw new NotSupportedException();

    /// <summary>Says goodbye (the farewell is in the next <see cref="TryTransmit"/>) and stops for good.</summary>
    public void Leave(Instant now) => throw new NotSupportedException();

    /// <summary>A datagram came. Whatever it holds, this neither throws nor grows without bound.</summary>
    public void HandleDatagram(ReadOnlySpan<byte> datagram, Instant now) => throw new NotSupportedException();

    /// <summary>Time has passed. Too early is a no-op.</summary>
    public void HandleDeadline(Instant now) => throw new NotSupportedException();

    /// <summary>The operating system reports that nobody listens at this processor's port any more.</summary>
    public void HandleUnreachable(ProcessorId peer, Instant now) => throw new NotSupportedException();

    /// <summary>The sequence that <see cref="PendingStore"/> named is on stable storage.</summary>
    public void HandleStored(ulong ringSequence) => throw new NotSupportedException();

    /// <summary>Queues a message for the ring. It is copied.</summary>
    /// <param name="payload">0 to <see cref="RingOptions.MessageBytesMax"/> bytes.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="RingOptions.MessageBytesMax"/>.</exception>
    public SubmitResult TrySubmit(ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now) => throw new NotSupportedException();

    /// <summary>Takes the next datagram to send.</summary>
    /// <param name="buffer">Room for one frame: <see cref="Wire.WireFormat.FrameBytesMax"/> is always enough.</param>
    /// <param name="transmit">Where it goes and how long it is.</param>
    /// <returns>False when there is nothing to send (now).</returns>
    public bool TryTransmit(Span<byte> buffer, out Transmit transmit) => throw new NotSupportedException();

    /// <summary>Takes the next element of the ordered stream.</summary>
    /// <returns>False when there is nothing to deliver (now).</returns>
    public bool TryDeliver(out Delivery delivery) => throw new NotSupportedException();
}

/// <summary>What a processor is doing (TOCS95: the states of the membership protocol).</summary>
public enum RingPhase
{
    /// <summary>Not started.</summary>
    Idle,

    /// <summary>Looking for others and agreeing on a membership.</summary>
    Gather,

    /// <summary>The commit token is on its way.</summary>
    Commit,

    /// <summary>Exchanging messages of the old ring.</summary>
    Recovery,

    /// <summary>On a ring, ordering messages.</summary>
    Operational,

    /// <summary>Left for good, or stopped by a broken invariant.</summary>
    Left,
}
