using Totem.Core;
using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Simulation.Knet;
using Totem.Simulation.Model;

namespace Totem.Simulation.Cluster;

/// <summary>
/// One processor over all its lives, with its host: stable storage, a socket buffer, an application that may be slow.
/// It does what the remarks of <see cref="IRing"/> ask of a host, after each input.
/// </summary>
internal sealed class SimulatedProcessor
{
    /// <summary>The room of a socket buffer before the kernel drops datagrams.</summary>
    public const int InboxBytesMax = 2 << 20;

    /// <summary>How many datagrams a host handles before it looks at its deadlines.</summary>
    private const int DatagramBatch = 32;

    /// <summary>An engine that sends more than this after one input has run wild.</summary>
    private const int TransmitsPerInputMax = 100_000;

    private readonly SimulatedCluster _cluster;
    /// <summary>A datagram that came as it is, and not over a link of kronosnet.</summary>
    private const int NoLink = -1;

    private readonly Queue<(int Handle, int From, int Link)> _inbox = [];
    private readonly Queue<(int Handle, int From, int Link)> _waitingTokens = [];
    private readonly List<CrashTrigger> _triggers = [];
    private ProcessorJournal? _journal;
    private GroupProcessor? _guestProcessor;
    private int _inboxBytes;
    private int _sinceDeadlines;
    private long _busyUntil;
    private Instant _pausedAt;
    private long _deadlineEventAt = long.MaxValue;
    private bool _consumeScheduled;
    private long _readerTicks;
    private bool _isReaderStopped;
    private readonly RestWatch _rests;
    private ReaderWatch? _reader;
    private bool _judgementScheduled;
    private ulong? _storing;
    private bool _storedWhilePaused;
    private CrashTrigger? _pulled;
    private int _sendsUntilCrash;

    public SimulatedProcessor(SimulatedCluster cluster, int index, ProcessorId id, ulong stored)
    {
        _cluster = cluster;
        Index = index;
        Id = id;
        StoredRingSequence = stored;
        Arus = new AruWatch(cluster.Setup.Options);
        _rests = new RestWatch(cluster.Setup.Options);
    }

    /// <summary>The place in the cluster, from 0.</summary>
    public int Index { get; }

    public ProcessorId Id { get; }

    /// <summary>The engine of this life; null while the process is down.</summary>
    public RingProcessor? Engine { get; private set; }

    /// <summary>The messages that this life accepted, sent and delivered; null while the process is down.</summary>
    public ProcessorJournal? Journal => Engine is null ? null : _journal;

    /// <summary>The processes on this processor; null while it is down, and without groups.</summary>
    public GroupApplication? Groups { get; private set; }

    /// <summary>The program on this processor; null while it is down, and where there are none.</summary>
    public IGroupGuest? Guest { get; private set; }

    /// <summary>Kronosnet in this life; null while the process is down, and without it.</summary>
    public KnetHost? Knet { get; private set; }

    /// <summary>The others' arus, as the tokens that it sends tell them.</summary>
    public AruWatch Arus { get; }

    /// <summary>Which start this is, from 1; 0 before the first.</summary>
    public int Life { get; private set; }

    /// <summary>The part that survives a crash.</summary>
    public ulong StoredRingSequence { get; private set; }

    public bool IsPaused { get; private set; }

    /// <summary>How long the host needs for one datagram.</summary>
    public long DatagramTicks { get; set; }

    /// <summary>How long the host's disk needs, beyond what all disks do.</summary>
    public long StoreTicks { get; set; }

    /// <summary>How long the application leaves deliveries lying.</summary>
    public long ConsumeTicks { get; set; }

    public void Start()
    {
        if (Engine is not null)
            return;
        Life++;
        _journal = new ProcessorJournal(_cluster, this);
        Engine = _cluster.Setup.HasGroups ? CreateWithGroups(_journal)
            : new RingProcessor(_cluster.OptionsOf(Id), StoredRingSequence, _journal);
        _busyUntil = 0;
        _journal.RecordStart();
        StartKnet();
        Engine.Start(_cluster.Now);
        _reader = new ReaderWatch(Engine.Options.TokenTimeout);
        _judgementScheduled = false;
        Drain();
    }

    /// <summary>Everything but the stored ring sequence is lost.</summary>
    public void Crash()
    {
        if (Engine is null)
            return;
        Consume();
        _journal!.RecordFail();
        Engine = null;
        CloseLinks();
        if (Groups is not null)
            Groups.Journal.IsAlive = false;
        Groups = null;
        Guest?.OnCrash();
        Guest = null;
        IsPaused = false;
        _pulled = null;
        _storing = null;
        _storedWhilePaused = false;
        _consumeScheduled = false;
        _deadlineEventAt = long.MaxValue;
        _inboxBytes = 0;
        while (_inbox.TryDequeue(out var item) || _waitingTokens.TryDequeue(out item))
            _cluster.Memory.Datagrams.Release(item.Handle);
    }

    /// <summary>Ends kronosnet, and counts what it dropped. The process must not go on.</summary>
    public void CloseLinks()
    {
        Knet?.Dispose();
        Knet = null;
    }

    /// <summary>Says goodbye, and ends the process.</summary>
    public void Leave()
    {
        if (Engine is null || IsPaused)
            return;
        Engine.Leave(_cluster.Now);
        Drain();
    }

    /// <summary>SIGSTOP: nothing is processed, the socket buffer fills.</summary>
    public void Pause()
    {
        if (!IsPaused)
            _pausedAt = _cluster.Now;
        IsPaused = Engine is not null;
    }

    /// <summary>SIGCONT: first all datagrams that wait, then deadlines, as a host does.</summary>
    public void Resume()
    {
        if (!IsPaused || Engine is null)
            return;
        IsPaused = false;
        var length = _cluster.Now - _pausedAt;
        if (length >= Engine.Options.TokenTimeout / 2)
            Engine.HandlePause(length, _cluster.Now);
        _reader!.HandlePause(length);
        Arus.HandlePause(length);
        _rests.HandlePause(length);
        if (_storedWhilePaused)
            FinishStore();
        Drain();
        WorkOff();
        if (Knet is not null)
            OnLinkTick(Life);
    }

    public void Arm(CrashTrigger trigger) => _triggers.Add(trigger);

    public void DisarmAll()
    {
        _triggers.Clear();
        _pulled = null;
    }

    /// <summary>A member's administrator tells the ring to read a key file.</summary>
    public void SubmitReload(int keyNumber)
    {
        if (Knet is null)
            return;
        var message = KnetHost.ReloadMessage(keyNumber);
        Submit(new Submission(message.Length, Guarantee.Agreed, message));
    }

    /// <summary>Lets the application hand messages in; what meets back-pressure waits for room.</summary>
    public void Submit(in Submission submission)
    {
        if (Engine is null)
            return;
        _journal!.Enqueue(submission);
        if (!IsPaused)
            Drain();
    }

    /// <summary>The application takes a delivery each so often, or everything as it comes; it reads
    /// again if it had stopped.</summary>
    public void PaceReader(TimeSpan each)
    {
        (_readerTicks, _isReaderStopped) = (each.Ticks, false);
        if (Engine is not null && !IsPaused)
            Drain();
    }

    /// <summary>The application takes nothing any more. Its host accepts that for as long as a
    /// member may be silent.</summary>
    public void StopReader()
    {
        _isReaderStopped = true;
        if (Engine is not null)
            ScheduleJudgement();
    }

    public void OnJudgeReader(int life)
    {
        if (life != Life || Engine is null)
            return;
        _judgementScheduled = false;
        if (!IsPaused)
        {
            Engine.HandleReader(_reader!.IsStopped(Engine, _cluster.Now), _cluster.Now);
            Drain();
        }

        if (Engine is not null && (!TakesAsItComes || Engine.IsAside))
            ScheduleJudgement();
    }

    /// <summary>An application too slow to take deliveries catches up.</summary>
    public void ConsumeAll()
    {
        if (Engine is null || IsPaused)
            return;
        Consume();
        Drain();
    }

    /// <summary>The guest has something to do.</summary>
    public void WakeGuest()
    {
        if (Guest is not null && !IsPaused)
            Drain();
    }

    /// <summary>A process wants to do something in a group.</summary>
    public void Wish(GroupName group, uint pid, in GroupWish wish)
    {
        if (Groups is null)
            return;
        Groups.Wish(group, pid, wish);
        if (!IsPaused)
            Drain();
    }

    /// <summary>Every process in a group says a last word.</summary>
    public void SayLast()
    {
        if (Groups is null)
            return;
        Groups.SayLast();
        Drain();
    }

    public void OnArrival(int handle, int from)
    {
        var datagrams = _cluster.Memory.Datagrams;
        if (Engine is null)
        {
            _cluster.OnNobodyThere(from, this, handle);
            datagrams.Release(handle);
            return;
        }

        Take(handle, from, NoLink);
    }

    /// <summary>A packet of kronosnet.</summary>
    public void OnPacket(int handle, int from, int link)
    {
        if (Engine is not null)
        {
            Take(handle, from, link);
            return;
        }

        _cluster.OnNobodyThere(from, link, this);
        _cluster.Memory.Datagrams.Release(handle);
    }

    /// <summary>The tick of kronosnet.</summary>
    public void OnLinkTick(int life)
    {
        if (life != Life || Knet is not { NextDeadline: { } due } || IsPaused)
            return;
        if (due <= _cluster.Now)
        {
            var step = Knet.HandleDeadline(_cluster.Now);
            DrainKnet();
            if (step is not null)
                Submit(new Submission(step.Length, Guarantee.Safe, step));
        }

        ScheduleLinkTick();
    }

    /// <summary>The system says that nobody listens at a peer's end of a link.</summary>
    public void OnLinkRefused(int life, int peer, int link)
    {
        if (life != Life || Knet is null || IsPaused)
            return;
        var isGone = Knet.HandleRefused(peer, link, _cluster.Now);
        DrainKnet();
        if (isGone)
            OnUnreachable(life, _cluster.Nodes[peer].Id);
    }

    /// <summary>A reload: there are these links from now on.</summary>
    public void UseLinks(IReadOnlyList<int> links)
    {
        if (Knet is null || IsPaused)
            return;
        Knet.UseLinks(links, _cluster.Now);
        DrainKnet();
    }

    private void Take(int handle, int from, int link)
    {
        var datagrams = _cluster.Memory.Datagrams;
        if (!IsPaused && WaitingCount == 0 && _busyUntil <= _cluster.NowTicks)
        {
            Handle((handle, from, link));
            return;
        }

        if (_inboxBytes + datagrams[handle].Length > InboxBytesMax)
        {
            if (link == NoLink)
                _cluster.ReportFrame(from, this, handle, FrameFate.Overflowed);
            datagrams.Release(handle);
            return;
        }

        // The host of an accelerated ring keeps tokens and messages apart; on a plain one it reads what came first.
        var isApart = link == NoLink && Engine!.Options.AcceleratedWindow > 0
            && datagrams[handle] is [_, _, _, (byte)FrameKind.RegularToken, ..];
        (isApart ? _waitingTokens : _inbox).Enqueue((handle, from, link));
        _inboxBytes += datagrams[handle].Length;
        ScheduleWake();
    }

    public void OnWake(int life)
    {
        if (life == Life && Engine is not null && !IsPaused && _busyUntil <= _cluster.NowTicks)
            WorkOff();
    }

    public void OnDeadline(int life)
    {
        if (life != Life || Engine is null || _cluster.NowTicks < _deadlineEventAt)
            return;
        _deadlineEventAt = long.MaxValue;
        if (IsPaused)
            return;
        if (_busyUntil > _cluster.NowTicks)
        {
            ScheduleWake();
            return;
        }

        HandleDueDeadline();
        ScheduleDeadline();
    }

    public void OnConsume(int life)
    {
        if (life != Life || Engine is null)
            return;
        _consumeScheduled = false;
        if (!TakesAsItComes)
            TakeOne();
        else
            ConsumeAll();
    }

    public void OnStored(int life)
    {
        if (life != Life || Engine is null || _storing is not { } value)
            return;
        StoredRingSequence = value;
        if (IsPaused)
        {
            _storedWhilePaused = true;
            return;
        }

        FinishStore();
        Drain();
    }

    public void OnUnreachable(int life, ProcessorId peer)
    {
        if (life != Life || Engine is null || IsPaused)
            return;
        Engine.HandleUnreachable(peer, _cluster.Now);
        Drain();
    }

    /// <summary>The engine reported something: a trigger may wait for it.</summary>
    public void PullTriggers(RingEventKind kind)
    {
        foreach (var trigger in _triggers)
        {
            if (trigger.IsPulledBy(kind) && _pulled is null)
            {
                _pulled = trigger;
                _sendsUntilCrash = trigger.Sends;
            }
        }
    }

    private void WorkOff()
    {
        while (Engine is not null && !IsPaused && _busyUntil <= _cluster.NowTicks && TryTakeWaiting(out var item))
        {
            _inboxBytes -= _cluster.Memory.Datagrams[item.Handle].Length;
            Handle(item);
        }

        if (Engine is null || IsPaused)
            return;
        if (WaitingCount > 0)
            ScheduleWake();
        // A host reads its socket empty, or a batch, before it looks at the clock.
        if (WaitingCount > 0 && _sinceDeadlines < DatagramBatch)
            return;
        HandleDueDeadline();
        ScheduleDeadline();
    }

    private int WaitingCount => _inbox.Count + _waitingTokens.Count;

    private bool TryTakeWaiting(out (int Handle, int From, int Link) item) =>
        _waitingTokens.Count > 0 && (_inbox.Count == 0 || Engine!.ReadsTokenFirst)
            ? _waitingTokens.TryDequeue(out item)
            : _inbox.TryDequeue(out item);

    private void Handle(in (int Handle, int From, int Link) item)
    {
        _sinceDeadlines++;
        var datagram = _cluster.Memory.Datagrams[item.Handle];
        if (item.Link == NoLink)
            HandleFrame(datagram);
        else if (TryOpen(datagram, item.From, item.Link, out var frame))
            HandleFrame(frame);
        _cluster.Memory.Datagrams.Release(item.Handle);
        if (DatagramTicks > 0)
            _busyUntil = _cluster.NowTicks + DatagramTicks;
        Drain();
    }

    private void HandleFrame(ReadOnlySpan<byte> frame)
    {
        var hadToken = Engine!.HasToken;
        Engine.HandleDatagram(frame, _cluster.Now);
        Report(_rests.ObjectionTo(frame, Engine, hadToken, _cluster.Now));
    }

    private bool TryOpen(ReadOnlySpan<byte> packet, int from, int link, out ReadOnlySpan<byte> frame)
    {
        if (!Knet!.TryOpen(packet, from, link, _cluster.Now, out frame, out var sender, out var objection))
        {
            DrainKnet();
            return false;
        }

        if (objection is not null)
            _cluster.ReportAnomaly("knet", $"{Id} is handed {frame.Length} bytes of {_cluster.Nodes[sender].Id}, "
                + $"{objection}");
        return !_cluster.Network.TakesOpened(sender, Index, frame, _cluster.NowTicks);
    }

    private void StartKnet()
    {
        if (_cluster.Knet is not { } network)
            return;
        // The copies of a former life's packets that are under way may be new to whoever knows only this one.
        network.Ledger.IsLoose |= Life > 1;
        Knet = new KnetHost(_cluster.Setup, _cluster.Memory, network, _cluster.Coverage, Index, Life);
        Knet.Start(_cluster.Now);
        DrainKnet();
        ScheduleLinkTick();
    }

    private void DrainKnet()
    {
        if (Knet is null)
            return;
        Knet.Drain(_cluster.Now);
        foreach (var knetEvent in Knet.TakeEvents())
            _cluster.Listener?.OnLink(_cluster.Now, Id, KnetText.Describe(in knetEvent));
    }

    private void ScheduleLinkTick() => _cluster.Push(
        Math.Max(0, (Knet!.NextDeadline!.Value - _cluster.Now).Ticks), SimulationEventKind.LinkTick, this, Life);

    private void HandleDueDeadline()
    {
        _sinceDeadlines = 0;
        if (Engine?.NextDeadline is { } deadline && deadline <= _cluster.Now)
        {
            Engine.HandleDeadline(_cluster.Now);
            Drain();
        }

        if (Engine is not null)
            Report(_rests.ObjectionToRest(Engine, _cluster.Now));
    }

    private void Report(string? objection)
    {
        if (objection is not null)
            _cluster.ReportAnomaly("liveness", $"{Id} {objection}");
    }

    private RingProcessor CreateWithGroups(ProcessorJournal journal)
    {
        var options = new GroupOptions { IsForeign = _cluster.Setup.Foreign.Contains(Id) };
        var processor = new GroupProcessor(_cluster.OptionsOf(Id), options, StoredRingSequence, journal);
        if (_cluster.Guests is { } guests)
        {
            _guestProcessor = processor;
            Guest = guests(new GuestSeat(_cluster, Id, Life, processor));
            return processor.Processor;
        }

        Groups = new GroupApplication(_cluster, Id, Life, processor);
        _cluster.GroupJournals.Add(Groups.Journal);
        return processor.Processor;
    }

    /// <summary>The application takes everything there is; true when that may have given the engine
    /// something to send.</summary>
    private bool Consume()
    {
        if (Groups is not null)
            return Groups.Consume(_journal!);
        if (Guest is not null)
            return ConsumeForGuest();
        _journal!.Consume(Engine!);
        return false;
    }

    private bool ConsumeForGuest()
    {
        var any = false;
        while (_guestProcessor!.TryDeliver(_cluster.Now, out var delivery))
        {
            any = true;
            if (delivery.Kind == GroupDeliveryKind.Ring)
                _journal!.Record(delivery.Ring);
            else
                Guest!.OnDelivery(delivery);
        }

        return any;
    }

    private bool TakesAsItComes => _readerTicks == 0 && !_isReaderStopped;

    /// <summary>A slow application takes the next delivery.</summary>
    private void TakeOne()
    {
        if (IsPaused || _isReaderStopped)
            return;
        if (Groups is not null ? Groups.ConsumeSome(_journal!, 1) : _journal!.ConsumeOne(Engine!))
            Drain();
    }

    /// <summary>Without room for it the host takes only what others wait for; true when that may
    /// have given the engine something to send.</summary>
    private bool ConsumeWhatMust()
    {
        if (!_isReaderStopped)
            ScheduleConsume();
        ScheduleJudgement();
        return Groups is not null && Groups.ConsumeSome(_journal!, 0);
    }

    private void ScheduleJudgement()
    {
        if (_judgementScheduled)
            return;
        _judgementScheduled = true;
        _cluster.Push(Engine!.Options.TokenTimeout.Ticks / 2, SimulationEventKind.JudgeReader, this, Life);
    }

    /// <summary>The host's duty after every input.</summary>
    private void Drain()
    {
        bool isMore;
        do
        {
            isMore = false;
            if (_pulled?.Point == CrashPoint.AtOnce)
            {
                Crash();
                return;
            }

            if (Engine!.PendingStore is { } value && _storing is null)
                BeginStore(value);
            if (_pulled?.Point == CrashPoint.Stored && _storing is null)
            {
                Crash();
                return;
            }

            DrainKnet();
            if (!TransmitAll())
                return;
            if (!TakesAsItComes)
                isMore = ConsumeWhatMust();
            else if (ConsumeTicks == 0)
                isMore = Consume();
            else
                ScheduleConsume();
            isMore |= _journal!.SubmitWaiting(Engine);
            isMore |= Groups is not null && Groups.Work();
            isMore |= Guest is not null && Guest.Work();
        }
        while (isMore);
        // An engine that has left, by itself or by our wish, is a process that ends.
        if (Engine.Phase == RingPhase.Left)
        {
            Crash();
            return;
        }

        ScheduleDeadline();
    }

    /// <summary>False when the processor crashed on the way.</summary>
    private bool TransmitAll()
    {
        for (var count = 0; ; count++)
        {
            if (_pulled?.Point == CrashPoint.Sent && _sendsUntilCrash == 0)
            {
                Crash();
                return false;
            }

            var mayNotSend = Engine!.PendingStore;
            if (!Engine.TryTransmit(_cluster.Memory.Frame, out var transmit))
                return true;
            if (mayNotSend is not null)
                _cluster.ReportAnomaly("store", $"{Id} sends while ring sequence {mayNotSend} waits to be stored");
            if (count >= TransmitsPerInputMax)
                throw new SimulationLimitException($"{Id} sent {count} datagrams after one input");
            _sendsUntilCrash--;
            _cluster.Transmit(this, transmit);
        }
    }

    private void BeginStore(ulong value)
    {
        var latency = _cluster.Setup.StoreLatency.Ticks + StoreTicks;
        _storing = value;
        if (latency > 0)
        {
            _cluster.Push(latency, SimulationEventKind.Stored, this, Life);
            return;
        }

        StoredRingSequence = value;
        FinishStore();
    }

    private void FinishStore()
    {
        var value = _storing!.Value;
        _storing = null;
        _storedWhilePaused = false;
        Engine!.HandleStored(value);
    }

    // The engine moves its deadline at every token visit, mostly to later. One event waits in the queue; when it comes
    // too early it is put off, which is cheaper than a new one each time.
    private void ScheduleDeadline()
    {
        if (Engine?.NextDeadline is not { } deadline)
            return;
        var at = Math.Max(deadline.Ticks, _cluster.NowTicks);
        if (at >= _deadlineEventAt)
            return;
        _deadlineEventAt = at;
        _cluster.Push(at - _cluster.NowTicks, SimulationEventKind.Deadline, this, Life);
    }

    private void ScheduleWake()
    {
        if (!IsPaused)
            _cluster.Push(Math.Max(0, _busyUntil - _cluster.NowTicks), SimulationEventKind.Wake, this, Life);
    }

    private void ScheduleConsume()
    {
        if (_consumeScheduled)
            return;
        _consumeScheduled = true;
        _cluster.Push(_readerTicks > 0 ? _readerTicks : ConsumeTicks, SimulationEventKind.Consume, this, Life);
    }
}
