using System.Text;
using Totem.Core;
using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Simulation.Cluster;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// A simulated cluster for tests written by hand: each call does one thing, and time passes only in the <c>Run*</c>
/// calls. Processors are numbered from 1.
/// </summary>
internal sealed class RingCluster
{
    private readonly Watcher _watcher;

    private RingCluster(ClusterSetup setup, ISimulationListener? listener)
    {
        _watcher = new Watcher(listener);
        Simulation = new SimulatedCluster(setup, listener: _watcher);
    }

    /// <summary>The cluster itself, for what this class has no word for.</summary>
    public SimulatedCluster Simulation { get; }

    /// <summary>Everything the applications saw so far.</summary>
    public Trace Trace => Simulation.Trace;

    /// <summary>The time.</summary>
    public Instant Now => Simulation.Now;

    /// <summary>A cluster in which nothing runs yet.</summary>
    public static RingCluster Create(
        int processors, ulong seed = 1, Func<ClusterSetup, ClusterSetup>? with = null,
        ISimulationListener? listener = null)
    {
        var setup = new ClusterSetup { Processors = ClusterSetup.Numbered(processors), Seed = seed };
        return new RingCluster(with?.Invoke(setup) ?? setup, listener);
    }

    /// <summary>A cluster of this make-up in which nothing runs yet.</summary>
    public static RingCluster Create(ClusterSetup setup, ISimulationListener? listener) => new(setup, listener);

    /// <summary>A cluster that has formed one ring of all processors.</summary>
    public static RingCluster Operational(
        int processors, ulong seed = 1, Func<ClusterSetup, ClusterSetup>? with = null,
        ISimulationListener? listener = null) =>
        Create(processors, seed, with, listener).StartAll().RunUntilOperational(TimeSpan.FromSeconds(5));

    /// <summary>One processor.</summary>
    public ClusterNode this[int id] => new(this, Simulation[Id(id)], _watcher);

    /// <summary>Starts every processor that is down.</summary>
    public RingCluster StartAll()
    {
        foreach (var node in Simulation.Nodes.Where(x => x.Engine is null))
            Simulation.Apply(new StartNode(node.Id));
        return this;
    }

    /// <summary>Does what a line of a script says: <c>drop token from=2 to=3</c>.</summary>
    public RingCluster Do(string line) => Do(ActionParser.Parse(line, "test"));

    public RingCluster Do(FaultAction action)
    {
        Simulation.Apply(action);
        return this;
    }

    public RingCluster Partition(params int[][] pieces) =>
        Do(new PartitionNetwork([.. pieces.Select(x => ProcessorSet.Of([.. x.Select(Id)]))]));

    public RingCluster Heal() => Do(new HealNetwork());

    public RingCluster Cut(int a, int b) => Do(new CutLink(Id(a), Id(b), BothWays: true, Mend: false));

    public RingCluster CutOneWay(int from, int to) => Do(new CutLink(Id(from), Id(to), BothWays: false, Mend: false));

    public RingCluster Mend(int a, int b) => Do(new CutLink(Id(a), Id(b), BothWays: true, Mend: true));

    public RingCluster Crash(int id) => Do(new CrashNode(Id(id)));

    public RingCluster Restart(int id) => Do(new StartNode(Id(id)));

    public RingCluster Leave(int id) => Do(new LeaveNode(Id(id)));

    public RingCluster Pause(int id) => Do(new PauseNode(Id(id)));

    public RingCluster Resume(int id) => Do(new ResumeNode(Id(id)));

    /// <summary>Asks this about every datagram to every receiver, before chance is asked; null for nobody.</summary>
    public RingCluster Intercept(FrameIntercept? intercept)
    {
        Simulation.Network.Intercept = intercept;
        return this;
    }

    /// <summary>Lets go of the datagrams that an intercept held.</summary>
    public RingCluster ReleaseHeld()
    {
        Simulation.Network.ReleaseHeld(Simulation.NowTicks);
        return this;
    }

    /// <summary>How often engines reported this, all together.</summary>
    public long Count(RingEventKind kind) => Simulation.Coverage[kind];

    /// <summary>Lets time pass.</summary>
    public RingCluster Run(TimeSpan duration)
    {
        Simulation.RunUntil(Now + duration);
        return this;
    }

    /// <summary>Lets time pass until every live processor is on one ring with exactly the live ones
    /// it can reach.</summary>
    /// <exception cref="SimulationLimitException">It did not come to that within the limit.</exception>
    public RingCluster RunUntilOperational(TimeSpan limit) => RunUntil(MissingForOperational, limit, "operational");

    /// <summary>Lets time pass until everything submitted is delivered at every member.</summary>
    /// <exception cref="SimulationLimitException">It did not come to that within the limit.</exception>
    public RingCluster RunUntilQuiet(TimeSpan limit) => RunUntil(
        () => MissingForOperational() ?? ClusterConditions.MissingForQuiet(Simulation), limit, "quiet");

    /// <summary>Lets time pass until the condition names nothing that is missing.</summary>
    /// <exception cref="SimulationLimitException">It did not come to that within the limit.</exception>
    public RingCluster RunUntil(Func<string?> missing, TimeSpan limit, string what)
    {
        var end = Now + limit;
        string? problem;
        while ((problem = missing()) is not null)
        {
            if (Now >= end)
                throw new SimulationLimitException($"not {what} within {limit.TotalSeconds} s: {problem}");
            // Event by event would be exact and slow; nobody can tell a fraction of a join interval.
            Simulation.RunUntil(Now + 0.25 * Simulation.Setup.Options.JoinInterval);
        }

        return this;
    }

    private string? MissingForOperational()
    {
        var live = ClusterConditions.Live(Simulation);
        foreach (var node in Simulation.Nodes.Where(x => x.Engine is not null))
        {
            var reach = Reachable(node, live);
            if (reach.Any(x => Reachable(Simulation[x], live) != reach))
                continue; // Not everybody reaches the same: nobody can say which ring there must be.
            if (ClusterConditions.MissingForOneRing(Simulation, reach) is { } missing)
                return missing;
        }

        return ClusterConditions.MissingForConsistentRings(Simulation);
    }

    private ProcessorSet Reachable(SimulatedProcessor node, ProcessorSet live)
    {
        var links = Simulation.Network.Links;
        return ProcessorSet.Of([.. live.Where(x => x == node.Id
            || !(links.IsCut(node.Index, Simulation.IndexOf(x)) || links.IsCut(Simulation.IndexOf(x), node.Index)))]);
    }

    private static ProcessorId Id(int id) => new((uint)id);

    /// <summary>Remembers what each application saw, and passes everything on.</summary>
    internal sealed class Watcher(ISimulationListener? next) : ISimulationListener
    {
        public Dictionary<ProcessorId, List<string>> Texts { get; } = [];

        public Dictionary<(ProcessorId Node, RingEventKind Kind), int> Events { get; } = [];

        public Dictionary<ProcessorId, List<ConfigurationChange>> Changes { get; } = [];

        public void OnRingEvent(Instant now, ProcessorId node, in RingEvent ringEvent)
        {
            Events[(node, ringEvent.Kind)] = Events.GetValueOrDefault((node, ringEvent.Kind)) + 1;
            next?.OnRingEvent(now, node, ringEvent);
        }

        public void OnFrame(Instant now, ProcessorId from, ProcessorId to, ReadOnlySpan<byte> frame, FrameFate fate) =>
            next?.OnFrame(now, from, to, frame, fate);

        public void OnInstall(Instant now, ProcessorId node, ConfigurationChange change)
        {
            Changes.TryAdd(node, []);
            Changes[node].Add(change);
            next?.OnInstall(now, node, change);
        }

        public void OnDeliver(Instant now, ProcessorId node, MessageId message, in Delivery delivery)
        {
            Texts.TryAdd(node, []);
            Texts[node].Add(Encoding.UTF8.GetString(delivery.Payload));
            next?.OnDeliver(now, node, message, delivery);
        }

        public void OnGroup(Instant now, ProcessorId node, string text) => next?.OnGroup(now, node, text);

        public void OnLink(Instant now, ProcessorId node, string text) => next?.OnLink(now, node, text);

        public void OnAction(Instant now, string action) => next?.OnAction(now, action);
    }
}

/// <summary>One processor of a <see cref="RingCluster"/>.</summary>
internal readonly struct ClusterNode(RingCluster cluster, SimulatedProcessor node, RingCluster.Watcher watcher)
{
    public ProcessorId Id => node.Id;

    /// <summary>The engine of the present life.</summary>
    public RingProcessor Engine => node.Engine ?? throw new InvalidOperationException($"{node.Id} is down");

    public bool IsUp => node.Engine is not null;

    /// <summary>The part that survives a crash.</summary>
    public ulong StoredRingSequence => node.StoredRingSequence;

    /// <summary>The payloads delivered here, as text, over all lives.</summary>
    public IReadOnlyList<string> Delivered => watcher.Texts.GetValueOrDefault(node.Id) ?? [];

    /// <summary>The configurations delivered here, over all lives.</summary>
    public IReadOnlyList<ConfigurationChange> Installed => watcher.Changes.GetValueOrDefault(node.Id) ?? [];

    /// <summary>How often the engine here reported this, over all lives.</summary>
    public int Count(RingEventKind kind) => watcher.Events.GetValueOrDefault((node.Id, kind));

    /// <summary>The application sends a text.</summary>
    public RingCluster Submit(string text, Guarantee guarantee = Guarantee.Agreed) =>
        Submit(Encoding.UTF8.GetBytes(text), guarantee);

    /// <summary>The application sends bytes.</summary>
    public RingCluster Submit(byte[] payload, Guarantee guarantee = Guarantee.Agreed)
    {
        node.Submit(new Submission(payload.Length, guarantee, payload));
        return cluster;
    }
}
