using Totem.Core.Diagnostics;
using Totem.Core.Evs;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Core.Time;
using Totem.Core.Wire;

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
public sealed partial class RingProcessor
{
    private readonly ObserverGuard _observer;
    private readonly FrameBuffers _buffers = new();
    private readonly ReceiveWindows _windows;
    private readonly Outbox _outbox;
    private readonly ApplicationFrames _frames;
    private readonly ReceiveLanes _lanes;
    private readonly TokenHolder _holder;
    private readonly DeliveryStream _stream;
    private readonly Neighbourhood _neighbours;
    private readonly RingHistory _history = new();
    private readonly DeadlineTable _deadlines = new();
    private readonly RingId _firstRing;

    private ProcessorState _state = new IdleState();
    private InstalledRing? _installed;

    // The ring we are on or have committed to, and the highest ring sequence anybody has shown us.
    private RingId _ring;
    private ulong _highestRingSequence;

    /// <summary>Creates a processor that has not started.</summary>
    /// <param name="options">See <see cref="RingOptions.Validate"/>.</param>
    /// <param name="storedRingSequence">What <see cref="PendingStore"/> last asked to keep; 0 on the very first start.</param>
    /// <param name="observer">Told of everything that happens; may be null.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the message lists every problem.</exception>
    public RingProcessor(RingOptions options, ulong storedRingSequence, IRingObserver? observer = null)
        : this(options, storedRingSequence, observer, new AddressOnly(), hasGroups: false)
    {
    }

    /// <summary>With process groups on top: somebody will say when the members of each ring have synchronised.</summary>
    internal RingProcessor(
        RingOptions options, ulong storedRingSequence, IRingObserver? observer, IEnvelopes envelopes, bool hasGroups)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = options.Validate();
        if (problems.Count > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));
        Options = options;
        _observer = new ObserverGuard(observer);
        // Half for what the application lags behind, half for what others may number meanwhile (OrderedLog.AruWithin).
        _windows = new ReceiveWindows(_buffers, options.ReceiveWindow * 2, options.ReceiveWindowBytesMax);
        _outbox = new Outbox(_buffers);
        _frames = new ApplicationFrames(options, envelopes, hasGroups, _observer);
        _lanes = new ReceiveLanes(RingOptions.MessageBytesMax + Envelopes.BytesMax, hasGroups);
        _holder = new TokenHolder(options, _buffers, _outbox, _deadlines, _observer);
        _stream = new DeliveryStream(_windows, _lanes);
        _neighbours = new Neighbourhood(options);
        // wire.md section 6.3: one more than what was stored, so that a restarted processor is told from its old self.
        _firstRing = _ring = new RingId(options.Self, unchecked(storedRingSequence + 1));
        _highestRingSequence = _ring.Sequence;
    }

    /// <summary>The options the processor was created with.</summary>
    public RingOptions Options { get; }

    /// <summary>What the processor is doing.</summary>
    public RingPhase Phase => _state.Phase;

    /// <summary>The regular configuration installed last (perhaps not yet delivered); null before the first.</summary>
    public Configuration? Installed => _installed?.Configuration;

    /// <summary>The member our token goes to, while operational; nobody otherwise. Hosts may probe it.</summary>
    public ProcessorId Successor => _state is OperationalState { Ring: var ring } ? ring.Successor : ProcessorId.None;

    /// <summary>
    /// Of a regular token and messages that both wait to be read, the token should be read first. It changes with every datagram
    /// handled. What does not look is no less correct, only slower (docs/protocol.md, "Which to read first").
    /// </summary>
    public bool ReadsTokenFirst => _state is OperationalState { Ring.Passing.IsTokenFirst: true };

    /// <summary>When to call <see cref="HandleDeadline"/>; null when nothing is waited for.</summary>
    public Instant? NextDeadline => _deadlines.Earliest;

    /// <summary>The ring sequence that must reach stable storage before anything else is sent; null when there is none.</summary>
    public ulong? PendingStore { get; private set; }

    /// <summary>Something is to be stored or sent, so the host's duty has an object. Deliveries are not counted: they may wait.</summary>
    public bool HasOutput => PendingStore is not null || _outbox.Count > 0 || _state is OperationalState { Ring.Rest.HasWork: true };

    /// <summary>Room in the send queue, in bytes of messages.</summary>
    public int SendQueueFreeBytes => _frames.Queue.FreeBytes;

    /// <summary>Messages submitted and not yet multicast whole.</summary>
    public int SendQueueCount => _frames.Queue.Count;

    /// <summary>New frames that all members together may send in a rotation of the token; 0 while there is no ring that carries messages.</summary>
    public int WindowSize => _state is OperationalState { Ring.Flow.Window.Size: var size } ? size : 0;

    /// <summary>The place of the last frame that this processor multicast. A member that is to end asks <see cref="IsEverywhere"/> of
    /// it first: nobody could send the frame again after that.</summary>
    public RingPosition Multicast => _installed?.Own ?? default;

    /// <summary>The token rests here, and what is submitted leaves at once (docs/design/token.md).</summary>
    public bool HasToken => _state is OperationalState { Ring.Rest.Loan: null };

    /// <summary>Somebody who lost commit tokens is left alone for now: there will be a change when it is met again.</summary>
    internal bool LeavesSomebodyAlone(Instant now) => _neighbours.IsAnybodyResting(now);

    /// <summary>Begins to look for a ring. Once.</summary>
    /// <exception cref="InvalidOperationException">Called a second time.</exception>
    public void Start(Instant now)
    {
        _observer.Enter();
        if (_state is not IdleState)
            throw new InvalidOperationException("A processor starts once; create a new one to start again.");
        NoteCause(GatherReason.Started, ProcessorSet.Empty, TimeSpan.Zero);
        EnterGather(GatherFor(ProcessorSet.Empty, ProcessorSet.Empty, now), GatherReason.Started, default, now);
    }

    /// <summary>
    /// Every member of its ring is known to have what stands there and before it; or that ring is over, and those who came along have
    /// exchanged what they had.
    /// </summary>
    /// <param name="position">What <see cref="Multicast"/> was, now or earlier.</param>
    public bool IsEverywhere(RingPosition position) =>
        _installed is not { } installed || installed.Id != position.Ring || installed.Log.SafeThrough >= position.Seq;

    /// <summary>Says goodbye (the farewell is in the next <see cref="TryTransmit"/>) and stops for good.</summary>
    /// <remarks>Messages that were multicast stay on the ring; those still queued are forgotten.</remarks>
    public void Leave(Instant now)
    {
        _observer.Enter();
        if (_state is LeftState)
            return;
        if (_state is not IdleState)
            SendFarewell();
        EnterLeft();
    }

    /// <summary>A datagram came. Whatever it holds, this neither throws nor grows without bound.</summary>
    public void HandleDatagram(ReadOnlySpan<byte> datagram, Instant now)
    {
        _observer.Enter();
        var result = FrameHeader.TryRead(datagram, out var header);
        if (result == DecodeResult.Ok)
        {
            if (_state is IdleState or LeftState)
            {
                Discard(DiscardReason.NotInThisState, header.Node);
                return;
            }

            if (!header.Node.IsNone && !IsAllowed(header.Node))
            {
                Discard(DiscardReason.UnknownProcessor, header.Node);
                return;
            }

            result = header.Kind switch
            {
                FrameKind.RegularToken => HandleToken(datagram, now),
                FrameKind.RegularMessage => HandleMessage(datagram, now),
                FrameKind.MergeDetect => HandleMergeDetect(datagram, now),
                FrameKind.Join => HandleJoin(datagram, now),
                FrameKind.CommitToken => HandleCommitToken(datagram, now),
                FrameKind.TokenLoan => HandleTokenLoan(datagram, now),
                _ => HandleHoldCancel(datagram, now),
            };
        }

        if (result != DecodeResult.Ok)
            _observer.OnEvent(new RingEvent(RingEventKind.Discarded, _ring, header.Node, Discard: DiscardReason.Malformed, Decode: result));
        CheckInvariants();
    }

    /// <summary>Time has passed. Too early is a no-op.</summary>
    public void HandleDeadline(Instant now)
    {
        _observer.Enter();
        while (_deadlines.TryTakeDue(now, out var deadline))
            Expire(deadline, now);
        CheckInvariants();
    }

    /// <summary>The operating system reports that nobody listens at this processor's port any more.</summary>
    /// <returns>True when that was news: the processor counted on it until now.</returns>
    public bool HandleUnreachable(ProcessorId peer, Instant now)
    {
        _observer.Enter();
        var isNews = !peer.IsNone && peer != Options.Self && SuspectUnreachable(peer, now);
        CheckInvariants();
        return isNews;
    }

    /// <summary>The sequence that <see cref="PendingStore"/> named is on stable storage.</summary>
    public void HandleStored(ulong ringSequence)
    {
        if (PendingStore == ringSequence)
            PendingStore = null;
    }

    /// <summary>Queues a message for the ring. It is copied.</summary>
    /// <param name="payload">0 to <see cref="RingOptions.MessageBytesMax"/> bytes.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="RingOptions.MessageBytesMax"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The guarantee is none of the two.</exception>
    public SubmitResult TrySubmit(ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now)
    {
        GuaranteeArgument.Check(guarantee);
        return TrySubmitEnveloped(new Envelope(MessageChannel.Ring), payload, guarantee, now);
    }

    internal SubmitResult TrySubmitEnveloped(in Envelope envelope, ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now)
    {
        _observer.Enter();
        if (payload.Length > RingOptions.MessageBytesMax)
        {
            throw new ArgumentException(
                $"A message of {payload.Length} bytes; at most {RingOptions.MessageBytesMax} expected.", nameof(payload));
        }

        if (_state is IdleState or LeftState)
            return SubmitResult.NotRunning;
        if (!_frames.Queue.TryEnqueue(envelope, payload, guarantee))
            return SubmitResult.Backpressured;
        if (_state is OperationalState { Ring: var ring } && !_frames.IsSynchronising)
            _holder.Wake(ring, now);
        return SubmitResult.Accepted;
    }

    /// <summary>Queues a message with which the members of a ring synchronise.</summary>
    /// <returns>False when that ring is over: the message has no meaning any more.</returns>
    internal bool TrySubmitSync(RingId ring, MessageChannel channel, ReadOnlySpan<byte> payload, Instant now)
    {
        _observer.Enter();
        if (_installed?.Id != ring || _state is LeftState)
            return false;
        var fits = _frames.SyncQueue.TryEnqueue(new Envelope(channel), payload, Guarantee.Agreed);
        Invariant.That(fits, "what a processor says to synchronise is less than its queue holds");
        if (_state is OperationalState { Ring: var current })
            _holder.Wake(current, now);
        return true;
    }

    /// <summary>
    /// The message delivered last ends the synchronisation of this ring, here as everywhere: the packets behind it belong to the
    /// regular stream, and our own messages may go out.
    /// </summary>
    internal void EndSynchronisation(RingId ring, Instant now)
    {
        _observer.Enter();
        _lanes.EndSynchronisation();
        if (_installed?.Id != ring)
            return;
        _frames.EndSynchronisation();
        if (_state is OperationalState { Ring: var current } && _frames.Queue.Count > 0)
            _holder.Wake(current, now);
    }

    /// <summary>Takes the next datagram to send.</summary>
    /// <param name="buffer">Room for one frame: <see cref="WireFormat.FrameBytesMax"/> is always enough.</param>
    /// <param name="transmit">Where it goes and how long it is.</param>
    /// <returns>False when there is nothing to send (now).</returns>
    public bool TryTransmit(Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        // Here and not when it was submitted: messages that are submitted together share a frame.
        if (_state is OperationalState { Ring: { Rest.HasWork: true } ring })
        {
            _observer.Enter();
            _holder.SendWaiting(ring, _frames);
        }

        // A ring sequence must survive a crash before anybody can learn of it (wire.md section 6.3).
        return PendingStore is null && _outbox.TryTake(buffer, out transmit);
    }

    /// <summary>Takes the next element of the ordered stream.</summary>
    /// <returns>False when there is nothing to deliver (now).</returns>
    public bool TryDeliver(out Delivery delivery)
    {
        _observer.Enter();
        return _stream.TryNext(out delivery);
    }

    private bool IsAllowed(ProcessorId peer) => Options.Allowed is not { } allowed || allowed.Contains(peer);

    private bool AreAllowed(ProcessorSet peers) => Options.Allowed is not { } allowed || peers.IsSubsetOf(allowed);

    private void Discard(DiscardReason reason, ProcessorId peer) =>
        _observer.OnEvent(new RingEvent(RingEventKind.Discarded, _ring, peer, Discard: reason));

    private void CheckInvariants()
    {
        Invariant.That(
            _state is not OperationalState || _installed is not null, "who is operational has installed a configuration");
        Invariant.That(
            _state is LeftState or IdleState || _deadlines.Earliest is not null, "a running processor always waits for something");
        if (_state is OperationalState { Ring: var ring })
        {
            Invariant.That(ring.Id == _ring && ring.Id == _installed!.Id, "the ring we are on is the ring we installed");
            Invariant.That(ring.Log.SafeThrough <= ring.Log.Window.Aru, "nothing is safe that we lack");
            Invariant.That(ring.Log.DeliveredThrough <= ring.Log.DeliverableThrough, "nothing is delivered before it is decided");
            Invariant.That(ring.Log.Window.Released <= ring.Log.DeliveredThrough, "nothing is released before it is delivered");
        }
    }
}
