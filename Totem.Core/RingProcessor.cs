using Totem.Core.Diagnostics;
using Totem.Core.Evs;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Core.Recovery;
using Totem.Core.Time;

namespace Totem.Core;

/// <summary>
/// One processor of a Totem ring as a pure state machine: datagrams, deadlines and submissions go in; datagrams,
/// ordered deliveries and the next deadline come out. It has no socket, clock, thread or random source, and is used by
/// one thread at a time.
/// </summary>
/// <remarks>See <see cref="IRing"/> for what a host does; here it also takes the deliveries.</remarks>
public sealed partial class RingProcessor : IRing
{
    private readonly ObserverGuard _observer;
    private readonly FrameBuffers _buffers = new();
    private readonly ReceiveWindows _windows;
    private readonly Outbox _outbox;
    private readonly ApplicationFrames _frames;
    private readonly ReceiveLanes _lanes;
    private readonly TokenHolder _holder;
    private readonly DeliveryStream _stream;
    private readonly DeadlineTable _deadlines = new();
    private readonly RingTrail _trail;
    private readonly ChangeCause _cause;
    private readonly Admission _admission;
    private readonly Intake _intake;
    private readonly MembershipProtocol _membership;

    private ProcessorState _state = new IdleState();
    private InstalledRing? _installedRing;

    /// <summary>Creates a processor that has not started.</summary>
    /// <param name="options">See <see cref="RingOptions.Validate"/>.</param>
    /// <param name="storedRingSequence">The value that <see cref="PendingStore"/> last asked to keep; 0 on the very
    /// first start.</param>
    /// <param name="observer">Told of everything that happens; may be null.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the message lists
    /// every problem.</exception>
    public RingProcessor(RingOptions options, ulong storedRingSequence, IRingObserver? observer = null)
        : this(options, storedRingSequence, observer, StreamUse.RingOnly)
    {
    }

    internal RingProcessor(RingOptions options, ulong storedRingSequence, IRingObserver? observer, StreamUse use)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = options.Validate();
        if (problems.Count > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));
        Options = options;
        _observer = new ObserverGuard(observer);
        // Half for what the application lags behind, half for what others may number meanwhile (OrderedLog.AruWithin).
        _windows = new ReceiveWindows(_buffers, options.ReceiveWindow * 2, options.MaxReceiveWindowBytes);
        _outbox = new Outbox(_buffers);
        _frames = new ApplicationFrames(options, use, _observer);
        _lanes = new ReceiveLanes(RingOptions.MaxMessageBytes + Envelopes.BytesMax, use);
        _holder = new TokenHolder(options, _buffers, _outbox, _deadlines, _observer);
        _stream = new DeliveryStream(_windows, _lanes);
        _trail = new RingTrail(options.Self, storedRingSequence);
        _cause = new ChangeCause(options, _trail);
        _admission = new Admission(options);
        _intake = new Intake(_trail, _observer);
        _membership = new MembershipProtocol(options, _trail, _cause, _buffers, _outbox, _deadlines, _observer);
    }

    /// <inheritdoc />
    public RingOptions Options { get; }

    /// <inheritdoc />
    public RingPhase Phase => _state.Phase;

    /// <inheritdoc />
    public Configuration? Installed { get; private set; }

    /// <inheritdoc />
    public ProcessorId Successor => _state is OperationalState { Ring: var ring } ? ring.Successor : ProcessorId.None;

    /// <inheritdoc />
    public bool ReadsTokenFirst => _state is OperationalState { Ring.Passing.IsTokenFirst: true };

    /// <inheritdoc />
    public Instant? NextDeadline => _deadlines.Earliest;

    /// <inheritdoc />
    public ulong? PendingStore { get; private set; }

    /// <inheritdoc />
    public bool HasOutput =>
        PendingStore is not null || _outbox.Count > 0 || _state is OperationalState { Ring.Rest.HasWork: true };

    /// <inheritdoc />
    public bool ActsOnSubmission => _state is OperationalState { Ring: var ring } && _holder.ActsOnWork(ring);

    /// <inheritdoc />
    public int SendQueueFreeBytes => _frames.Queue.FreeBytes;

    /// <inheritdoc />
    public int SendQueueCount => _frames.Queue.Count;

    /// <inheritdoc />
    public int WindowSize => _state is OperationalState { Ring.Flow.Window.Size: var size } ? size : 0;

    /// <inheritdoc />
    public RingPosition LastMulticast => _installedRing?.Own ?? default;

    /// <inheritdoc />
    public bool IsAside => _membership.IsAside;

    /// <inheritdoc />
    public RingPosition? FirstUndelivered => _installedRing?.FirstUndelivered;

    /// <summary>The token rests here, and what is submitted leaves at once (docs/design/token.md).</summary>
    internal bool HasToken => _state is OperationalState { Ring.Rest.Loan: null };

    /// <summary>Somebody who lost commit tokens is left alone for now: there will be a change when
    /// it is met again.</summary>
    internal bool LeavesSomebodyAlone(Instant now) => _membership.IsAnybodyResting(now);

    /// <summary>The application has not been handed all of a ring that has ended.</summary>
    internal bool IsChangeWaiting => _stream.WaitingCount > 0;

    /// <inheritdoc />
    public void Start(Instant now)
    {
        _observer.RefuseReentry();
        if (_state is not IdleState)
            throw new InvalidOperationException("A processor starts once; create a new one to start again.");
        Enter(_membership.Start(now), now);
    }

    /// <inheritdoc />
    public bool HasReachedAll(RingPosition position) =>
        _installedRing is not { } installed || installed.Id != position.Ring
            || installed.Log.SafeThrough >= position.Seq;

    /// <inheritdoc />
    public void Leave(Instant now)
    {
        _observer.RefuseReentry();
        if (_state is LeftState)
            return;
        if (_state is not IdleState)
            _membership.SendFarewell();
        EnterLeft();
    }

    /// <inheritdoc />
    public void HandleStored(ulong ringSequence)
    {
        if (PendingStore == ringSequence)
            PendingStore = null;
    }

    /// <inheritdoc />
    public SubmitResult TrySubmit(ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now)
    {
        GuaranteeArgument.Check(guarantee);
        return TrySubmitEnveloped(new Envelope(MessageChannel.Ring), payload, guarantee, now);
    }

    internal SubmitResult TrySubmitEnveloped(
        in Envelope envelope, ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now)
    {
        _observer.RefuseReentry();
        MessageArgument.Check(payload);
        if (_state is IdleState or LeftState)
            return SubmitResult.NotRunning;
        if (!_frames.Queue.TryEnqueue(envelope, payload, guarantee))
            return SubmitResult.Backpressured;
        if (!_frames.IsSynchronising)
            Wake(now);
        return SubmitResult.Accepted;
    }

    /// <summary>The frames and lanes of those who use the stream; what they say goes out with
    /// <see cref="Wake"/>.</summary>
    internal StreamSeam Seam => new(this, _frames, _lanes);

    /// <summary>This ring is installed, and messages for it have a meaning.</summary>
    internal bool IsOn(RingId ring)
    {
        _observer.RefuseReentry();
        return _installedRing?.Id == ring && _state is not LeftState;
    }

    /// <summary>Tells the holder that something waits to be sent: it sends, or asks for the token, if it may.</summary>
    internal void Wake(Instant now)
    {
        if (_state is OperationalState { Ring: var ring })
            _holder.Wake(ring, now);
    }

    /// <inheritdoc />
    public bool TryTransmit(Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        // Here and not when it was submitted: messages that are submitted together share a frame.
        if (_state is OperationalState { Ring: { Rest.HasWork: true } ring })
        {
            _observer.RefuseReentry();
            _holder.SendWaiting(ring, _frames);
        }

        // A ring sequence must survive a crash before anybody can learn of it (WIRE §6.3).
        return PendingStore is null && _outbox.TryTake(buffer, out transmit);
    }

    /// <summary>Takes the next element of the ordered stream.</summary>
    /// <returns>False when there is nothing to deliver (now).</returns>
    public bool TryDeliver(out Delivery delivery)
    {
        _observer.RefuseReentry();
        return _stream.TryNext(out delivery);
    }

    private void CheckInvariants()
    {
        Invariant.That(PendingStore is not { } stored || stored == _trail.Current.Sequence, "our own ring is stored");
        Invariant.That(
            _state is not FormingState forming || forming.NewRing == _trail.Current,
            "we form the ring we committed to");
        Invariant.That(
            _state is not OperationalState { Ring: var on } || (on.Id == _trail.Current && on == _installedRing?.Ring),
            "the ring we are on is the ring we installed");
        _state.CheckInvariants(_deadlines);
    }
}
