using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Totem.Core;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Operation;
using Totem.Transport.Udp.Queues;
using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>A member put together from its options: the processor, and what stands between it and
/// the network, the disk and the application.</summary>
internal sealed class RingParts
{
    private readonly NodeMeters _meters;
    private readonly SequenceReserve _sequences;

    /// <param name="options">How to run.</param>
    /// <param name="transport">The way to the others; closed with this.</param>
    /// <param name="counters">Where everything is counted.</param>
    /// <param name="run">The work of the ring's thread.</param>
    /// <exception cref="IOException">The ring sequence cannot be read.</exception>
    /// <exception cref="InvalidDataException">The stored bytes are no ring sequence.</exception>
    public RingParts(TotemNodeOptions options, IRingTransport transport, NodeCounters counters, ThreadStart run)
    {
        var self = transport.Self;
        Options = options;
        Transport = transport;
        Counters = counters;
        Logger = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("Totem.Node");
        Signal = new WakeSignal(transport.Wake);
        _sequences = SequenceReserve.Open(options, self, counters, Logger, Signal.Wake);
        _meters = new NodeMeters(options.MeterFactory, self, transport.LocalAddress, counters);
        Vitals = new Vitals(ReadVitals);
        var addresses = options.AddressesOf(self);
        Witness = new ChangeWitness(
            self, options.Ring.TokenTimeout, Vitals, LastHeard, () => InterfaceState.IsDown(addresses),
            HostClock.DateOf);
        Reporter = new RingReporter(self, counters, Logger, options.Observer, _meters, Witness, Rotations);
        Processor = new GroupProcessor(OptionsFor(transport, options), options.Groups, _sequences.Start, Reporter);
        End = new RingEnd(options.FlushTimeout);
        Reader = new ReaderWatch(options.StoppedReaderTimeout == Timeout.InfiniteTimeSpan ? null
            : options.StoppedReaderTimeout);
        Clock = new HostClock(Processor.Ring, Reporter, Reader, End, Vitals);
        Share = new ThreadShare(transport, Reporter, Logger);
        Submissions = new SubmissionQueue(
            options.MaxSubmissionBytes, options.MaxWaitingMulticasts, Signal.Tell,
            (in Submission submission, ReadOnlySpan<byte> payload, Instant now) =>
                Groups!.Submit(submission, payload, now));
        Stream = options.OnDelivery is null && options.Receives
            ? new RingEventStream(options.MaxStreamBytes, Signal.Wake, Witness.Find)
            : null;
        Thread = new Thread(run) { IsBackground = true, Name = $"totem ring {self}" };
        Waits = new HandlerWaits(Thread, $"node {self}");
        Groups = new GroupHost(Processor, Submissions, options, Waits, Signal.Wake);
        Room = new StreamRoom(self, Stream, Groups, options.MaxBeyondRoomBytes, Reporter, Logger);
        Reloads = new ReloadDesk(options, transport, Processor.Ring, Signal.Wake, Logger);
        Deliveries = new DeliveryHandout(
            Processor, Room, Groups, Waits, options.OnDelivery, Reporter, counters, HandleKill,
            Reloads, Clock);
        Output = new OutputDrain(Processor, transport, _sequences, Deliveries, Membership, counters);
        Desk = new StatusDesk(this);
        transport.Answers = new InquiryDesk(Processor, Reporter).Answer;
        transport.KeepsTokensApart = options.Ring.AcceleratedWindow > 0
            || options.Ring.AcceleratedWindowBesideDaemons > 0;
    }

    public TotemNodeOptions Options { get; }

    public IRingTransport Transport { get; }

    public NodeCounters Counters { get; }

    public ILogger Logger { get; }

    public Thread Thread { get; }

    public GroupProcessor Processor { get; }

    public WakeSignal Signal { get; }

    public RingReporter Reporter { get; }

    /// <summary>How the ring's thread fared of late.</summary>
    public Vitals Vitals { get; }

    /// <summary>The records of changes.</summary>
    public ChangeWitness Witness { get; }

    /// <summary>The last rotations of the token.</summary>
    public RotationTimes Rotations { get; } = new();

    /// <summary>Shows the member to those who ask.</summary>
    public StatusDesk Desk { get; }

    public RingEnd End { get; }

    public HostClock Clock { get; }

    public ThreadShare Share { get; }

    public ReaderWatch Reader { get; }

    /// <summary>The way in for messages.</summary>
    public SubmissionQueue Submissions { get; }

    /// <summary>The way out; null when a handler takes the deliveries, or nobody does.</summary>
    public RingEventStream? Stream { get; }

    public StreamRoom Room { get; }

    public DeliveryHandout Deliveries { get; }

    public ReloadDesk Reloads { get; }

    public OutputDrain Output { get; }

    /// <summary>The groups this node is in.</summary>
    public GroupHost Groups { get; }

    /// <summary>Fails a wait that a handler begins on the ring's own thread: it could never end.</summary>
    public HandlerWaits Waits { get; }

    /// <summary>The members that are here, for those who wait for it.</summary>
    public MembershipWatch Membership { get; } = new();

    public ulong StoredSequence => _sequences.Start;

    /// <summary>Logs the notices about the configuration, and starts the meters.</summary>
    public void Start()
    {
        foreach (var notice in Options.Notices)
            Log.ConfigurationNotice(Logger, notice);
        if (Transport.SmallBuffers is { } buffers)
            Log.SmallBuffers(Logger, buffers);
        _meters.Start();
        Desk.Open();
    }

    /// <summary>Multicast what was accepted, say goodbye, stop. Any thread; again is a no-op.</summary>
    public void Leave()
    {
        Submissions.Seal(new ObjectDisposedException(nameof(TotemNode), $"node {Transport.Self} is leaving the ring"));
        End.RequestLeave();
        Signal.Wake();
    }

    /// <summary>The member is over: nothing is measured, sent or stored any more.</summary>
    public void Close()
    {
        Desk.Dispose();
        _meters.End();
        Reloads.Close();
        Transport.Dispose();
        _sequences.Dispose();
    }

    private VitalSigns ReadVitals() => new(
        GC.GetTotalPauseDuration(),
        OperatingSystem.IsLinux() && RunDelay.OfThisThread() is { } waited ? waited : TimeSpan.Zero,
        Counters.DatagramsDropped, Counters.DatagramsLostBySystem);

    private Instant? LastHeard(ProcessorId member) =>
        Transport.LastHeard(member) is not 0 and var ticks ? new Instant(ticks) : null;

    private static RingOptions OptionsFor(IRingTransport transport, TotemNodeOptions options) => options.Ring with
    {
        Self = transport.Self,
        Allowed = options.Ring.Allowed ?? transport.Members,
        // The others' buffers are most likely like ours.
        MaxWindowSize = Math.Min(options.Ring.MaxWindowSize, transport.FramesHeld(options.Ring.NetMtu)),
    };

    private void HandleKill(string reason)
    {
        Log.KillRequested(Logger, Transport.Self, reason);
        End.NoteKillReason(new RingFailedException($"node {Transport.Self} was told to stop: {reason}"));
        Leave();
    }
}
