using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Simulation.Groups;
using Totem.Simulation.Knet;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Cluster;

/// <summary>Something wrong that the harness itself sees, under the rule of EVS §2 it belongs to
/// where there is one.</summary>
internal sealed record Anomaly(string Rule, Instant At, string Text);

/// <summary>
/// A whole cluster in one thread on virtual time. Everything that happens comes from one queue of events, so the same
/// setup and the same actions give the same bytes.
/// </summary>
internal sealed class SimulatedCluster : IGroupWitness
{
    /// <summary>Enough for the longest scenario many times over; beyond it something feeds itself.</summary>
    private const long EventsMax = 50_000_000;

    private const int AnomaliesMax = 20;

    private readonly SimulatedProcessor[] _nodes;
    private readonly List<FaultAction> _actions = [];
    private bool _replaysEnded;

    public SimulatedCluster(ClusterSetup setup, SimulationMemory? memory = null, ISimulationListener? listener = null)
    {
        Setup = setup;
        Memory = memory ?? new SimulationMemory();
        Memory.Reset();
        Listener = listener;
        Network = new SimulatedNetwork(setup, Memory, listener);
        Knet = setup.Knet is null ? null : new KnetNetwork(setup, Memory, Network);
        Ledger = new MessageLedger(setup.Seed);
        _nodes = new SimulatedProcessor[setup.Processors.Count];
        for (var i = 0; i < _nodes.Length; i++)
        {
            var id = setup.Processors[i];
            _nodes[i] = new SimulatedProcessor(this, i, id, setup.Stored.GetValueOrDefault(id));
        }
    }

    public ClusterSetup Setup { get; }

    public SimulationMemory Memory { get; }

    public ISimulationListener? Listener { get; }

    public SimulatedNetwork Network { get; }

    /// <summary>The links between processors; null where datagrams go as they are.</summary>
    public KnetNetwork? Knet { get; }

    public MessageLedger Ledger { get; }

    public Trace Trace { get; } = new();

    /// <summary>Every message to a group that was sent, by its place in the order.</summary>
    public Dictionary<OrderPlace, GroupMessageRecord> GroupMessages { get; } = [];

    /// <summary>With groups: every life of every processor.</summary>
    public List<GroupJournal> GroupJournals { get; } = [];

    /// <summary>Messages to groups that were handed to processors.</summary>
    public long GroupDeliveryCount { get; set; }

    public Coverage Coverage { get; } = new();

    /// <summary>Makes the guest of a processor with groups; null where scripts say who joins and sends.</summary>
    public Func<GuestSeat, IGroupGuest>? Guests { get; init; }

    public IReadOnlyList<SimulatedProcessor> Nodes => _nodes;

    public Instant Now => new(NowTicks);

    public long NowTicks { get; private set; }

    /// <summary>Over every byte sent, every delivery and every configuration, in their order.</summary>
    public ulong Digest { get; private set; }

    public long EventCount { get; private set; }

    public long TransmitCount { get; private set; }

    /// <summary>Configurations delivered, both kinds, at all processors.</summary>
    public long InstallCount { get; private set; }

    /// <summary>When the last configuration was delivered anywhere.</summary>
    public Instant LastInstallAt { get; private set; }

    public IReadOnlyList<Anomaly> Anomalies => _anomalies;

    private readonly List<Anomaly> _anomalies = [];

    /// <summary>The processor with this id.</summary>
    /// <exception cref="ArgumentException">There is no such processor.</exception>
    public SimulatedProcessor this[ProcessorId id] => _nodes[IndexOf(id)];

    public int IndexOf(ProcessorId id)
    {
        for (var i = 0; i < _nodes.Length; i++)
        {
            if (_nodes[i].Id == id)
                return i;
        }

        throw new ArgumentException($"no processor {id} here, expected one of {string.Join(", ", Setup.Processors)}",
            nameof(id));
    }

    public RingOptions OptionsOf(ProcessorId id) => Setup.Options with
    {
        Self = id,
        TokenPark = Setup.Restless.Contains(id) ? TimeSpan.Zero : Setup.Options.TokenPark,
        AcceleratedWindow = Setup.Plain.Contains(id) ? 0 : Setup.Options.AcceleratedWindow,
        AcceleratedWindowBesideDaemons = Setup.Plain.Contains(id) ? 0 : Setup.Options.AcceleratedWindow,
    };

    /// <summary>Puts an action into the queue.</summary>
    public void Schedule(Instant at, FaultAction action)
    {
        _actions.Add(action);
        Memory.Queue.Push(new SimulationEvent(
            Math.Max(at.Ticks, NowTicks), SimulationEventKind.Action, 0, _actions.Count - 1));
    }

    /// <summary>Does something now.</summary>
    public void Apply(FaultAction action)
    {
        Listener?.OnAction(Now, action.ToString());
        action.Apply(this);
    }

    /// <summary>Lets time pass up to this point.</summary>
    /// <exception cref="EngineFaultException">An engine threw.</exception>
    public void RunUntil(Instant until)
    {
        while (Memory.Queue.NextAt <= until.Ticks)
            Step();
        NowTicks = Math.Max(NowTicks, until.Ticks);
    }

    /// <summary>From now on no late duplicate arrives.</summary>
    public void EndReplays() => _replaysEnded = true;

    public void ReportAnomaly(string rule, string text)
    {
        if (_anomalies.Count < AnomaliesMax)
            _anomalies.Add(new Anomaly(rule, Now, text));
    }

    internal void Push(long delay, SimulationEventKind kind, SimulatedProcessor node, int a, int b = 0) =>
        Memory.Queue.Push(new SimulationEvent(NowTicks + delay, kind, node.Index, a, b));

    internal void Transmit(SimulatedProcessor from, Transmit transmit)
    {
        var frame = Memory.Frame.AsSpan(0, transmit.LengthBytes);
        TransmitCount++;
        if (from.Arus.Objection(frame, Now) is { } objection)
            ReportAnomaly("liveness", $"{from.Id} {objection}");
        Fold(StableHash.Mix(StableHash.Of(frame), ((ulong)from.Id.Value << 32) | transmit.Destination.Value));
        Fold((ulong)NowTicks);
        var to = transmit.IsMulticast ? -1 : IndexOf(transmit.Destination);
        if (from.Knet is not { } knet || to == from.Index)
        {
            Network.Send(from.Index, to, frame, NowTicks);
            return;
        }

        Network.NoteSent(from.Index, to, frame, NowTicks);
        knet.Send(to, frame, Now);
    }

    public void Fold(ulong value) => Digest = StableHash.Mix(Digest, value);

    internal void CountInstall(Configuration configuration, SimulatedProcessor node)
    {
        InstallCount++;
        LastInstallAt = Now;
        Fold(((ulong)node.Id.Value << 32) | configuration.Ring.Representative.Value);
        Fold(configuration.Ring.Sequence + (ulong)configuration.Kind);
        foreach (var member in configuration.Members.AsSpan())
            Fold(member.Value);
    }

    internal void ReportFrame(int from, SimulatedProcessor to, int handle, FrameFate fate) =>
        Listener?.OnFrame(Now, Setup.Processors[from], to.Id, Memory.Datagrams[handle], fate);

    /// <summary>A packet met a live host without the process: the host may say so.</summary>
    internal void OnNobodyThere(int from, int link, SimulatedProcessor node)
    {
        if (Setup.UnreachableRate <= 0 || Network.Links.IsClosed(node.Index, from, NowTicks)
            || Knet!.Paths[node.Index, from, link].IsCut)
            return;
        var dice = Knet.Dice(node.Index, from, link);
        if (dice.Chance(Setup.UnreachableRate))
            Push(Setup.Latency.Ticks, SimulationEventKind.LinkRefused, _nodes[from], _nodes[from].Life,
                KnetNetwork.Pack(node.Index, link));
    }

    /// <summary>A datagram met a live host without the process: the host may say so.</summary>
    internal void OnNobodyThere(int from, SimulatedProcessor node, int handle)
    {
        ReportFrame(from, node, handle, FrameFate.NobodyThere);
        if (Setup.UnreachableRate <= 0 || Network.Links.IsClosed(node.Index, from, NowTicks))
            return;
        var dice = Network.Dice(node.Index, from);
        if (dice.Chance(Setup.UnreachableRate))
            Push(Setup.Latency.Ticks, SimulationEventKind.Unreachable, _nodes[from], _nodes[from].Life, node.Index);
    }

    private void Step()
    {
        var next = Memory.Queue.Pop();
        NowTicks = next.At;
        if (++EventCount > EventsMax)
            throw new SimulationLimitException($"more than {EventsMax} events");
        if (next.Kind == SimulationEventKind.Action)
        {
            var action = _actions[next.A];
            try
            {
                Apply(action);
            }
            catch (Exception e) when (e is not SimulationLimitException)
            {
                throw new EngineFaultException($"after '{action}' at {Now} s: {e.Message}", e);
            }

            return;
        }

        var node = _nodes[next.Node];
        try
        {
            Dispatch(next, node);
        }
        catch (Exception e) when (e is not SimulationLimitException)
        {
            throw new EngineFaultException(
                $"{node.Id} in {node.Engine?.Phase} at {Now} s, handling {next.Kind}: {e.GetType().Name}: "
                    + $"{e.Message}", e);
        }
    }

    private void Dispatch(in SimulationEvent next, SimulatedProcessor node)
    {
        switch (next.Kind)
        {
            case SimulationEventKind.Arrival or SimulationEventKind.PacketArrival when next.IsReplay && _replaysEnded:
                Memory.Datagrams.Release(next.A);
                break;
            case SimulationEventKind.Arrival:
                node.OnArrival(next.A, next.B);
                break;
            case SimulationEventKind.PacketArrival:
                var (sender, link) = KnetNetwork.Unpack(next.B);
                node.OnPacket(next.A, sender, link);
                break;
            case SimulationEventKind.LinkTick:
                node.OnLinkTick(next.A);
                break;
            case SimulationEventKind.LinkRefused:
                var (peer, refused) = KnetNetwork.Unpack(next.B);
                node.OnLinkRefused(next.A, peer, refused);
                break;
            case SimulationEventKind.Deadline:
                node.OnDeadline(next.A);
                break;
            case SimulationEventKind.Wake:
                node.OnWake(next.A);
                break;
            case SimulationEventKind.Consume:
                node.OnConsume(next.A);
                break;
            case SimulationEventKind.JudgeReader:
                node.OnJudgeReader(next.A);
                break;
            case SimulationEventKind.Stored:
                node.OnStored(next.A);
                break;
            case SimulationEventKind.Unreachable:
                node.OnUnreachable(next.A, _nodes[next.B].Id);
                break;
            default:
                throw new InvalidOperationException($"no handler for {next.Kind}");
        }
    }
}

/// <summary>An engine threw: an invariant broke, or worse. Names the processor, its phase, the time
/// and the input.</summary>
internal sealed class EngineFaultException(string message, Exception inner) : Exception(message, inner);
