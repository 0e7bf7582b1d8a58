using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Totem.Core;
using Totem.Core.Diagnostics;
using Totem.Core.Groups;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Transport.Udp.Internal;
using Totem.Transport.Udp.Storage;

namespace Totem.Transport.Udp;

/// <summary>
/// The duty cycle of one member: sleep until a datagram, a submission or a deadline; read what came; then the deadlines; then the
/// submissions. After each of them what is to be stored or sent is, and deliveries are handed over, of several datagrams at a time. One
/// dedicated thread owns all of it. The public methods are the doors for other threads.
/// </summary>
internal sealed class RingHost
{
    /// <summary>What a receive buffer of the default size can hold; more than that in one go would starve the deadlines.</summary>
    private const int DatagramsPerCycleMax = 8192;

    /// <summary>Datagrams between two deliveries: what they brought is still in the processor's cache when it is handed over.</summary>
    private const int DatagramsPerDrainMax = 32;

    /// <summary>Deliveries between two looks at the network: an application that lags must not stop the token.</summary>
    private const int DeliveriesPerDrainMax = 1024;

    /// <summary>Of the token timeout: longer than this without a turn of the thread, and the others may have gone on without us.</summary>
    private const double PauseShare = 0.5;

    private static readonly TimeSpan AnswerInterval = TimeSpan.FromMilliseconds(0.5);

    private static readonly long ClockOrigin = Stopwatch.GetTimestamp();

    private readonly TotemNodeOptions _options;
    private readonly UdpTransport _transport;
    private readonly RingSequenceStore? _store;
    private readonly GroupProcessor _groups;
    private readonly IRing _processor;
    private readonly RingReporter _reporter;
    private readonly NodeMeters _meters;
    private readonly ReaderWatch _reader;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Instant? _nextProbe;
    private Instant? _leaveAt;
    private RingTurns? _turns;
    private Instant _due;
    private Instant _nextAnswer;
    private bool _hasMoreToDeliver;
    private bool _isFull;
    private long _beyondRoomBytes;
    private bool _isStopped;
    private RingFailedException? _killed;
    private volatile bool _isStreamDropped;
    private volatile bool _leaveRequested;
    private volatile bool _killRequested;
    private int _isSleeping;
    private int _isWoken;

    /// <exception cref="IOException">The ring sequence cannot be read.</exception>
    /// <exception cref="InvalidDataException">What is stored is no ring sequence.</exception>
    public RingHost(TotemNodeOptions options, UdpTransport transport, NodeCounters counters)
    {
        _options = options;
        _transport = transport;
        Counters = counters;
        _logger = (options.LoggerFactory ?? Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance).CreateLogger("Totem.Node");
        var isOneHost = options.Transport.Kind == UdpTransportKind.Loopback;
        _store = options.StateDirectory is { } directory
            ? RingSequenceStore.Open(
                new RingSequenceFile(directory, transport.Self, survivesPowerLoss: !isOneHost, options.StateGroup), transport.Self, Wake)
            : null;
        StoredSequence = _store?.Start ?? 0;
        _meters = new NodeMeters(options.MeterFactory, transport.Self, transport.LocalAddress, counters);
        _reporter = new RingReporter(transport.Self, counters, _logger, options.Observer, _meters);
        _groups = new GroupProcessor(
            options.Ring with
            {
                Self = transport.Self,
                Allowed = options.Ring.Allowed ?? transport.Members,
                // The others' buffers are most likely like ours.
                WindowSizeMax = Math.Min(options.Ring.WindowSizeMax, transport.FramesHeld(options.Ring.NetMtu)),
            },
            options.Groups, StoredSequence, _reporter);
        _processor = _groups.Ring;
        _transport.Answers = Answer;
        _transport.KeepsTokensApart = options.Ring.AcceleratedWindow > 0 || options.Ring.AcceleratedWindowBesideDaemons > 0;
        Submissions = new SubmissionQueue(
            options.SubmissionBytesMax, options.WaitingMulticastsMax, Wake,
            (in Submission submission, ReadOnlySpan<byte> payload, Instant now) => Groups!.Submit(submission, payload, now));
        Stream = options.OnDelivery is null && options.Receives ? new RingEventStream(options.StreamBytesMax, Wake) : null;
        _reader = new ReaderWatch(options.StoppedReaderTimeout == Timeout.InfiniteTimeSpan ? null : options.StoppedReaderTimeout);
        _thread = new Thread(Run) { IsBackground = true, Name = $"totem ring {transport.Self}" };
        Waits = new HandlerWaits(_thread, $"node {transport.Self}");
        Groups = new GroupHost(_groups, Submissions, options, Waits, Wake);
    }

    /// <summary>The way in for messages.</summary>
    public SubmissionQueue Submissions { get; }

    /// <summary>The way out; null when a handler takes the deliveries, or nobody does.</summary>
    public RingEventStream? Stream { get; }

    /// <summary>Nobody read the stream while the node was used for groups, and it has overflowed.</summary>
    public bool IsStreamDropped => _isStreamDropped;

    /// <summary>The groups this node is in.</summary>
    public GroupHost Groups { get; }

    public NodeCounters Counters { get; }

    public ulong StoredSequence { get; }

    /// <summary>What is waited for in a handler.</summary>
    public HandlerWaits Waits { get; }

    /// <summary>Who could be on the ring, with this node.</summary>
    public ProcessorSet Allowed => _options.Ring.Allowed ?? _transport.Members;

    /// <summary>Who is here, for those who wait for it.</summary>
    public MembershipWatch Membership { get; } = new();

    /// <summary>Ends when the thread has ended: well after <see cref="Leave"/>, or with why it stopped by itself.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Tests look at the ring's thread from inside: called at the start of each cycle.</summary>
    internal Action? CycleProbe { get; set; }

    public void Start()
    {
        foreach (var notice in _options.Notices)
            Log.ConfigurationNotice(_logger, notice);
        if (_transport.SmallBuffers is { } buffers)
            Log.SmallBuffers(_logger, buffers);
        _meters.Start();
        _thread.Start();
    }

    /// <summary>Multicast what was accepted, say goodbye, stop. Any thread; again is a no-op.</summary>
    public void Leave()
    {
        Submissions.Seal(new ObjectDisposedException(nameof(TotemNode), $"node {_transport.Self} is leaving the ring"));
        _leaveRequested = true;
        Wake();
    }

    /// <summary>Stop like a process that was killed: nothing is sent, nobody is told. Any thread.</summary>
    public void Kill()
    {
        _killRequested = true;
        Wake();
    }

    /// <summary>There is work. Costs a system call only while the ring's thread sleeps.</summary>
    private void Wake()
    {
        // Exchanges are fences: either the thread sees that it is woken before it sleeps, or we see that it sleeps.
        Interlocked.Exchange(ref _isWoken, 1);
        if (Volatile.Read(ref _isSleeping) != 0 && Interlocked.Exchange(ref _isSleeping, 0) != 0)
            _transport.Wake();
    }

    private static Instant Now() => new(Stopwatch.GetElapsedTime(ClockOrigin).Ticks);

    private void Run()
    {
        Exception? failure = null;
        try
        {
            if (OperatingSystem.IsLinux())
                Schedule();
            Log.Started(_logger, _transport.Self, _options.Transport.Kind, _transport.LocalAddress, _transport.Path, StoredSequence);
            _due = Now();
            var now = Tick();
            _processor.Start(now);
            Drain(now);
            while (!_isStopped && !_killRequested)
                RunCycle();
            if (_isStopped)
                Log.LeftRing(_logger, _transport.Self);
            failure = _killed;
        }
        catch (Exception exception)
        {
            // Whatever it was: a member that cannot vouch for its state must not take part. The others survive its silence.
            failure = Describe(exception);
            Log.Failed(_logger, _transport.Self, failure.Message, exception);
        }

        _meters.End();
        _transport.Dispose();
        _store?.Dispose();
        var closed = failure ?? new ObjectDisposedException(nameof(TotemNode), $"node {_transport.Self} has left the ring");
        Submissions.Close(closed);
        Groups.Close(closed, failure);
        Membership.Close(closed);
        Stream?.Complete(failure);
        if (failure is null)
            _completion.SetResult();
        else
            _completion.SetException(failure);
    }

    /// <summary>Somebody who is not on the ring asks for its groups. More often than this would take time from the ring.</summary>
    private byte[]? Answer(GroupQuestion question)
    {
        if (_due < _nextAnswer)
            return null;
        _nextAnswer = _due + AnswerInterval;
        return GroupAnswer.Write(in question, _groups.IsSynchronised, _groups.AllGroups());
    }

    private RingFailedException Describe(Exception exception) => exception switch
    {
        InvariantException => new RingFailedException($"node {_transport.Self} stopped, the engine contradicted itself: {exception.Message}", exception),
        IOException or UnauthorizedAccessException => new RingFailedException(
            $"node {_transport.Self} stopped, the ring sequence could not be stored: {exception.Message}", exception),
        _ => new RingFailedException($"node {_transport.Self} stopped: {exception.Message}", exception),
    };

    private void RunCycle()
    {
        Waits.NoteReturn();
        Sleep();
        CycleProbe?.Invoke();

        // Datagrams first: a process that was not scheduled for a while reads what had come before it judges that nothing did.
        var now = Tick();
        var undrained = 0;
        for (var count = 0; count < DatagramsPerCycleMax && _transport.TryReceive(out var frame, _processor.ReadsTokenFirst); count++)
        {
            _processor.HandleDatagram(frame, now);
            undrained++;
            // What is to leave leaves at once. Deliveries are handed over some at a time, and the clock is read as often.
            if (!_processor.HasOutput && undrained < DatagramsPerDrainMax)
                continue;
            Drain(now);
            RestIfOwed();
            now = Tick();
            undrained = 0;
        }

        if (undrained > 0)
            Drain(now);
        now = Tick();
        while (_transport.TryTakeUnreachable(now, out var peer))
        {
            if (_processor.HandleUnreachable(peer, now))
                _reporter.OnUnreachable(peer);
            _options.OnPortClosed?.Invoke(peer);
            Drain(now);
        }

        if (_processor.NextDeadline <= now)
            _processor.HandleDeadline(now);
        Groups.RunCommands(now);
        Counters.MessagesSubmitted += Submissions.Drain(now);
        Drain(now);
        JudgeReader(now);
        _nextProbe = Earlier(_transport.ProbeIfQuiet(_processor.Successor, _processor.Installed?.Members ?? ProcessorSet.Empty, now), _transport.CheckInterface(now));
        if (_processor.Phase == RingPhase.Left)
            throw new RingFailedException("the application did not read its events through so many configurations that the engine left the ring");
        if (_leaveRequested)
            LeaveWhenFlushed(now);
    }

    [SupportedOSPlatform("linux")]
    private void Schedule()
    {
        var wanted = _options.Scheduling;
        if (wanted.IsRealTime && LinuxThread.TrySetRealTime(true))
        {
            _transport.Turns = _turns = new RingTurns(HostLoad.IsBusy);
            _transport.MayLook = () => _turns.MayLook(_reporter.Now);
            return;
        }

        if (wanted.IsRealTime)
            Log.NoRealTime(_logger, _transport.Self, Marshal.GetLastPInvokeErrorMessage(), LinuxThread.RealTimePriority);
        if ((wanted.IsRealTime ? LinuxThread.FallbackNiceness : wanted.Niceness) is not { } niceness)
            return;
        if (!LinuxThread.TrySetNiceness(niceness) && !wanted.IsRealTime)
            Log.NoNiceness(_logger, _transport.Self, niceness, Marshal.GetLastPInvokeErrorMessage());
    }

    private void RestIfOwed()
    {
        if (_turns?.TakeOwedRest(Now()) is { Ticks: > 0 } owed)
            Thread.Sleep(owed);
    }

    private void Sleep()
    {
        RestIfOwed();
        Interlocked.Exchange(ref _isSleeping, 1);
        var awake = Volatile.Read(ref _isWoken) != 0 || _hasMoreToDeliver;
        var now = Tick();
        var wait = awake ? TimeSpan.Zero : TimeUntilNext(now);
        _transport.Forecast = _reporter.ForecastAt(now);
        _due = wait is { } planned ? now + planned : new Instant(long.MaxValue);
        _transport.Wait(wait);
        Volatile.Write(ref _isSleeping, 0);
        Interlocked.Exchange(ref _isWoken, 0);
    }

    private TimeSpan? TimeUntilNext(Instant now)
    {
        var next = Earlier(Earlier(_processor.NextDeadline, _nextProbe), _leaveAt);
        if (next is not { } instant)
            return null;
        var wait = instant - now;
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private static Instant? Earlier(Instant? a, Instant? b) => a is null || b < a ? b ?? a : a;

    private Instant Tick()
    {
        var now = Now();
        // Between two looks at the clock lies work that takes microseconds, or a sleep whose end was planned.
        if (now > _due && now - _due >= _options.Ring.TokenTimeout * PauseShare)
            NotePause(now - _due, now);
        return _due = _reporter.Now = now;
    }

    /// <summary>Our judgement of others now, or of our application, may be only our own absence.</summary>
    private void NotePause(TimeSpan length, Instant now)
    {
        _reporter.Now = now;
        _reporter.OnPause(length);
        _processor.HandlePause(length, now);
        _reader.HandlePause(length);
        _leaveAt += length;
    }

    /// <summary>The host's duty after every input: store, send, deliver (RingProcessor's remarks).</summary>
    private void Drain(Instant now)
    {
        // Nothing more is sent until the sequence would survive a crash; usually it was stored long ago.
        if (_processor.PendingStore is { } sequence && MayUse(sequence))
            _processor.HandleStored(sequence);

        Transmit(now);
        Deliver(now);
        // What was delivered may be answered: members that synchronise do.
        Transmit(now);
        Membership.Update(_processor.Installed);
        Counters.Members = _processor.Installed?.Members.Count ?? 0;
        Counters.IsOperational = _processor.Phase == RingPhase.Operational ? 1 : 0;
        Counters.Backlog = _processor.SendQueueCount;
        Counters.Window = _processor.WindowSize;
    }

    private bool MayUse(ulong sequence)
    {
        if (_store is null || _store.IsStored(sequence))
            return true;
        if (_store.Failure is not { } failure)
            return false; // The store wakes us.
        // We remember our rings as long as we live, and a start without storage is refused.
        Counters.SequencesNotStored++;
        Log.SequenceNotStored(_logger, _transport.Self, sequence, failure.Message);
        return true;
    }

    private void Transmit(Instant now)
    {
        while (_processor.TryTransmit(_transport.NextFrame, out var transmit))
        {
            _transport.Send(in transmit, now);
            // Messages that follow a token are on their way to the kernel only when it is: it need not wait until they are copied.
            if (!transmit.IsMulticast)
                _transport.Flush();
        }

        _transport.Flush();
    }

    private void Deliver(Instant now)
    {
        var (messages, bytes) = (0, 0L);
        var budget = DeliveriesPerDrainMax;
        while (budget > 0 && MayDeliver() && _groups.TryDeliver(now, out var delivery))
        {
            budget--;
            Waits.NoteReturn();
            switch (delivery.Kind)
            {
                case GroupDeliveryKind.Ring:
                    var element = delivery.Ring;
                    if (element.Change is { } change)
                        _reporter.OnChange(change);
                    else
                        messages++;
                    bytes += element.Payload.Length;
                    NoteBeyondRoom(element.Payload.Length);
                    if (Stream is null)
                        _options.OnDelivery?.Invoke(in element);
                    else if (!_isStreamDropped)
                        Stream.Add(in element);
                    break;
                case GroupDeliveryKind.KillRequested:
                    Log.KillRequested(_logger, _transport.Self, delivery.Text!);
                    _killed ??= new RingFailedException($"node {_transport.Self} was told to stop: {delivery.Text}");
                    Leave();
                    break;
                default:
                    messages += delivery.Kind == GroupDeliveryKind.Message ? 1 : 0;
                    bytes += delivery.Payload.Length;
                    NoteBeyondRoom(delivery.Payload.Length);
                    Groups.Deliver(in delivery);
                    break;
            }
        }

        _hasMoreToDeliver = budget == 0;
        if (budget == DeliveriesPerDrainMax)
            return;
        Counters.MessagesDelivered += messages;
        Counters.BytesDelivered += bytes;
        Stream?.Signal();
        Groups.Signal();
    }

    /// <summary>The application's pace decides, except where others wait for what only deliveries bring about.</summary>
    private bool MayDeliver()
    {
        if (HasRoomInStream())
        {
            (_isFull, _beyondRoomBytes) = (false, 0);
            return true;
        }

        _isFull = true;
        return _groups.MustDeliver;
    }

    private void NoteBeyondRoom(int bytes)
    {
        const int overheadBytes = 64;
        if (_isFull && (_beyondRoomBytes += bytes + overheadBytes) > _options.BeyondRoomBytesMax)
            throw new RingFailedException($"the application did not read its events while {_beyondRoomBytes} bytes of them came with changes of membership");
    }

    /// <summary>An application that has stopped reading holds nobody up for longer than is accepted.</summary>
    private void JudgeReader(Instant now)
    {
        var wasAside = _processor.IsAside;
        _processor.HandleReader(_reader.IsStopped(_processor, now, hasRoom: !_isFull), now);
        if (_processor.IsAside == wasAside)
            return;
        if (wasAside)
            Log.ReadsAgain(_logger, _transport.Self);
        else
            Log.StandsAside(_logger, _transport.Self, now - _reader.WaitingSince!.Value);
        Drain(now);
    }

    private bool HasRoomInStream()
    {
        var hasRoom = Stream is null || _isStreamDropped || Stream.HasRoom();
        if (!hasRoom && !Stream!.HasReader && Groups.IsUsed)
        {
            // A program of groups only, which never reads what is sent to the ring as a whole, must not be held up by it, nor hold up others.
            _isStreamDropped = hasRoom = true;
            Stream.Complete(new InvalidOperationException("nobody had begun to read the node's own events when they overflowed"));
            Log.StreamDropped(_logger, _transport.Self);
        }

        if (hasRoom && Groups.HasRoom())
            return true;
        _reporter.OnStreamFull();
        return false;
    }

    private void LeaveWhenFlushed(Instant now)
    {
        _leaveAt ??= now + _options.FlushTimeout;
        // In this order: what was accepted is multicast before its senders leave their groups. A frame that somebody misses could not
        // be sent again without us.
        var isFlushed = Submissions.IsEmpty && Groups.LeaveAll(now, HasRoomInStream()) && _processor.SendQueueCount == 0
            && _processor.IsEverywhere(_processor.Multicast);
        if (!isFlushed && now < _leaveAt)
            return;
        if (!isFlushed)
            Log.FlushTimedOut(_logger, _transport.Self, _processor.SendQueueCount, _options.FlushTimeout);
        _processor.Leave(now);
        Drain(now);
        _isStopped = true;
    }
}
