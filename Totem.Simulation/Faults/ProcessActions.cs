using Totem.Core.Diagnostics;
using Totem.Simulation.Cluster;
using Totem.Simulation.Model;

namespace Totem.Simulation.Faults;

/// <summary>Starts a process that is down. A processor whose first action this is does not run before it.</summary>
internal sealed record StartNode(ProcessorId Node) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"start node={Node}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].Start();
}

/// <summary>Ends a process without a word: SIGKILL.</summary>
internal sealed record CrashNode(ProcessorId Node) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"crash node={Node}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].Crash();
}

/// <summary>Lets a process say goodbye and end.</summary>
internal sealed record LeaveNode(ProcessorId Node) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"leave node={Node}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].Leave();
}

/// <summary>Crashes a process at a step of the protocol: when its engine reports something for the
/// n-th time from now.</summary>
internal sealed record CrashAt(ProcessorId Node, RingEventKind Event, int Occurrence, CrashPoint Point, int Sends)
    : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"crash-at node={Node} event={Event} nth={Occurrence} point={Point}"
        + (Point == CrashPoint.Sent ? $" sends={Sends}" : "");

    public override void Apply(SimulatedCluster cluster) =>
        cluster[Node].Arm(new CrashTrigger(Event, Occurrence, Point, Sends));
}

/// <summary>SIGSTOP.</summary>
internal sealed record PauseNode(ProcessorId Node) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"pause node={Node}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].Pause();
}

/// <summary>SIGCONT.</summary>
internal sealed record ResumeNode(ProcessorId Node) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"resume node={Node}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].Resume();
}

/// <summary>Makes a host need time for each datagram, its application leave deliveries lying, and
/// its disk need time; zero for none.</summary>
internal sealed record SlowNode(ProcessorId Node, TimeSpan Datagram, TimeSpan Consume, TimeSpan Store = default)
    : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text =>
        $"slow node={Node} datagram={ScriptText.Duration(Datagram)} consume={ScriptText.Duration(Consume)}"
        + (Store > TimeSpan.Zero ? $" store={ScriptText.Duration(Store)}" : "");

    public override void Apply(SimulatedCluster cluster)
    {
        cluster[Node].DatagramTicks = Datagram.Ticks;
        cluster[Node].ConsumeTicks = Consume.Ticks;
        cluster[Node].StoreTicks = Store.Ticks;
    }
}

/// <summary>Makes an application take its deliveries one at a time; zero for as they come. One that
/// has stopped reads again.</summary>
internal sealed record PaceReader(ProcessorId Node, TimeSpan Each) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"reader node={Node} each={ScriptText.Duration(Each)}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].PaceReader(Each);
}

/// <summary>Makes an application take nothing any more.</summary>
internal sealed record StopReader(ProcessorId Node) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"stop-reader node={Node}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].StopReader();
}

/// <summary>The guarantees that a workload asks for.</summary>
internal enum SubmitGuarantee
{
    /// <summary>Agreed.</summary>
    Agreed,

    /// <summary>Safe.</summary>
    Safe,

    /// <summary>Agreed and safe in turn.</summary>
    Mixed,
}

/// <summary>The application at a processor sends some messages, of a length between the two.</summary>
internal sealed record SubmitMessages(ProcessorId Node, int Count, int SizeLow, int SizeHigh, SubmitGuarantee Guarantee)
    : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"submit node={Node} count={Count} size={SizeLow}"
        + (SizeHigh == SizeLow ? "" : $"..{SizeHigh}") + $" guarantee={Guarantee}";

    public override void Apply(SimulatedCluster cluster)
    {
        var node = cluster[Node];
        // The lengths follow from the action alone, so that leaving out others does not change them.
        var dice = new SimulationRandom(StableHash.Mix(StableHash.Mix(cluster.Setup.Seed, Node.Value), (ulong)Count));
        for (var i = 0; i < Count; i++)
        {
            var isSafe = Guarantee == SubmitGuarantee.Safe || (Guarantee == SubmitGuarantee.Mixed && i % 2 == 1);
            node.Submit(new Submission(
                (int)dice.Between(SizeLow, SizeHigh), isSafe ? Totem.Guarantee.Safe : Totem.Guarantee.Agreed));
        }
    }
}

/// <summary>A processor's operating system reports that nobody listens at a peer, true or not.</summary>
internal sealed record ReportUnreachable(ProcessorId Node, ProcessorId Peer) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node, Peer];

    protected override string Text => $"unreachable node={Node} peer={Peer}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].OnUnreachable(cluster[Node].Life, Peer);
}
