using Totem.Simulation.Checkers;
using Totem.Simulation.Traces;

namespace Totem.Tests.Checkers;

/// <summary>
/// Extended virtual synchrony without a protocol: rings are logs, receiving is a flip of a bit, forming a ring is one
/// step in which everybody sees everything. It obeys the rules by construction and does whatever they allow:
/// partitions, merges, crashes, restarts, holes, promises kept after a second failure.
/// </summary>
internal sealed class LegalRun
{
    private readonly Node[] _nodes;
    private readonly List<TraceEvent> _events = [];

    public LegalRun(int nodeCount, ulong firstSequence = 4)
    {
        _nodes = [.. Enumerable.Range(1, nodeCount).Select(x => new Node(new ProcessorId((uint)x), firstSequence))];
        foreach (var node in _nodes)
            Restart(node);
    }

    /// <summary>All events in the order they happened: every beginning of this list is a legal trace too.</summary>
    public IReadOnlyList<TraceEvent> Events => _events;

    public Trace Trace => Of(_events);

    /// <summary>The processors that are alive.</summary>
    public ProcessorSet Alive => ProcessorSet.Of([.. _nodes.Where(x => x.IsAlive).Select(x => x.Id)]);

    /// <summary>The lives that ended without a word: only who killed them knows.</summary>
    public LifeId[] Torn => [.. _nodes
        .Where(x => !x.IsAlive && _events.FindLast(y => y.Processor == x.Id)!.Kind != TraceEventKind.Fail)
        .Select(x => new LifeId(x.Id, x.Incarnation))];

    /// <summary>The facts known of the end, once the run has settled.</summary>
    public EvsCheckOptions SettledOptions => new()
    {
        Quiescent = true, ExpectedComponents = Alive.IsEmpty ? [] : [Alive], TornLives = Torn,
    };

    public static Trace Of(IEnumerable<TraceEvent> events)
    {
        var trace = new Trace();
        foreach (var traceEvent in events)
            trace.Add(traceEvent);
        return trace;
    }

    /// <summary>A run of random steps; each number is one step.</summary>
    public static LegalRun From(int nodeCount, IEnumerable<int> steps, ulong firstSequence = 4)
    {
        var run = new LegalRun(nodeCount, firstSequence);
        run.Form(~0, 0, 0);
        foreach (var step in steps)
            run.Do(step);
        return run;
    }

    /// <summary>Everybody alive forms one ring and delivers everything.</summary>
    public LegalRun Settle()
    {
        Form(~0, 0, 1);
        foreach (var node in _nodes)
            ReceiveAll(node);
        foreach (var node in _nodes)
            Deliver(node, int.MaxValue);
        return this;
    }

    public void Do(int step)
    {
        var (kind, choice) = ((step & 0xFF) % 32, step >> 8);
        var node = _nodes[choice % _nodes.Length];
        var rest = choice / _nodes.Length;
        switch (kind)
        {
            case < 8: Send(node, rest % 3 == 0); break;
            case < 12: Receive(node, rest); break;
            case < 18: ReceiveAll(node); break;
            case < 27: Deliver(node, 1 + (rest % 5)); break;
            case < 29: Form(rest, 0, choice & 1); break;
            case 29: Form(rest, rest >> 7, choice & 1); break;
            case 30: Crash(node, isSeen: rest % 2 == 0); break;
            default: Restart(node); break;
        }
    }

    private void Send(Node node, bool isSafe)
    {
        if (!node.IsAlive || node.IsRecovering || node.Ring is not { } ring)
            return;
        var id = new MessageId(node.Id, node.Incarnation, ++node.Number);
        var guarantee = isSafe ? Guarantee.Safe : Guarantee.Agreed;
        var sent = new TraceEvent(
            TraceEventKind.Send, node.Id, node.Incarnation, _events.Count, null, id, guarantee,
            (ulong)id.GetHashCode(), ring.Id);
        _events.Add(sent);
        ring.Log.Add(sent);
        node.Received.Add(ring.Log.Count - 1);
    }

    private static void Receive(Node node, int choice)
    {
        if (node is { IsAlive: true, IsRecovering: false, Ring.Log.Count: > 0 })
            node.Received.Add(choice % node.Ring.Log.Count);
        node.UpdateAru();
    }

    private static void ReceiveAll(Node node)
    {
        if (node is { IsAlive: true, IsRecovering: false, Ring: { } ring })
            node.Received.UnionWith(Enumerable.Range(0, ring.Log.Count));
        node.UpdateAru();
    }

    private void Deliver(Node node, int count)
    {
        while (node is { IsAlive: true, IsRecovering: false, Ring: { } ring } && count-- > 0
            && node.Received.Contains(node.Delivered))
        {
            node.UpdateAru();
            if (ring.Log[node.Delivered].Guarantee == Guarantee.Safe && !ring.IsStable(node.Delivered))
                return;
            DeliverOne(node, node.Delivered++);
        }
    }

    private void DeliverOne(Node node, int index) => _events.Add(
        node.Ring!.Log[index] with { Kind = TraceEventKind.Deliver, Processor = node.Id, Incarnation = node.Incarnation,
            TimeTicks = _events.Count });

    private void Crash(Node node, bool isSeen)
    {
        if (!node.IsAlive)
            return;
        node.IsAlive = false;
        if (isSeen)
            _events.Add(new TraceEvent(TraceEventKind.Fail, node.Id, node.Incarnation, _events.Count));
    }

    private void Restart(Node node)
    {
        if (node.IsAlive)
            return;
        node.BeginLife();
        _events.Add(new TraceEvent(TraceEventKind.Start, node.Id, node.Incarnation, _events.Count));
    }

    /// <summary>The chosen processors exchange what they have of their old rings; those not failing
    /// install a new ring.</summary>
    private void Form(int chosen, int failing, int stability)
    {
        var members = _nodes.Where((x, i) => x.IsAlive && (chosen >> i & 1) != 0).ToArray();
        if (members.Length == 0)
            return;
        var sequence = members.Select(x => x.Sequence).Aggregate(RingId.Later) + 4;
        var ring = new Ring(new RingId(members[0].Id, sequence), ProcessorSet.Of([.. members.Select(x => x.Id)]));
        foreach (var group in members.Where(x => x.Ring is not null).GroupBy(x => x.Ring!).ToArray())
            Exchange([.. group]);
        var plans = members.Where(x => x.Ring is not null).GroupBy(x => x.Ring!)
            .ToDictionary(x => x.Key, x =>
                (Members: ProcessorSet.Of([.. x.Select(y => y.Id)]), Boundary: Boundary([.. x], stability)));
        foreach (var node in members)
        {
            node.Sequence = sequence;
            if ((failing >> (int)node.Id.Value & 1) != 0)
                continue;
            if (node.Ring is { } old)
                Leave(node, ring.Id, plans[old].Members, plans[old].Boundary);
            Install(
                node, new Configuration(ConfigurationKind.Regular, ring.Id, node.Ring?.Id ?? default, ring.Members));
            node.Enter(ring);
        }
    }

    private static void Exchange(Node[] companions)
    {
        var received = companions.SelectMany(x => x.Received).ToHashSet();
        var obliged = companions.SelectMany(x => x.Obliged).Concat(companions.Select(x => x.Id)).ToHashSet();
        foreach (var node in companions)
        {
            node.Received = [.. received];
            node.Obliged = [.. obliged];
            node.IsRecovering = true;
            node.UpdateAru();
        }
    }

    /// <summary>How far the old ring's log is delivered in its regular configuration, by all
    /// companions alike.</summary>
    private static int Boundary(Node[] companions, int stability)
    {
        var (ring, received) = (companions[0].Ring!, companions[0].Received);
        var delivered = companions.Max(x => x.Delivered);
        var boundary = 0;
        while (received.Contains(boundary)
            && (ring.Log[boundary].Guarantee == Guarantee.Agreed || boundary < delivered
                || (stability == 1 && ring.IsStable(boundary))))
            boundary++;
        return boundary;
    }

    private void Leave(Node node, RingId next, ProcessorSet companions, int boundary)
    {
        var ring = node.Ring!;
        while (node.Delivered < boundary)
            DeliverOne(node, node.Delivered++);
        Install(node, new Configuration(ConfigurationKind.Transitional, next, ring.Id, companions));
        var isBehindHole = false;
        for (var i = boundary; i < ring.Log.Count; i++)
        {
            if (!node.Received.Contains(i))
                isBehindHole = true;
            else if (!isBehindHole || node.Obliged.Contains(ring.Log[i].Message.Sender))
                DeliverOne(node, i);
        }
    }

    private void Install(Node node, Configuration configuration) =>
        _events.Add(new TraceEvent(TraceEventKind.Install, node.Id, node.Incarnation, _events.Count, configuration));

    private sealed class Ring(RingId id, ProcessorSet members)
    {
        public RingId Id => id;

        public ProcessorSet Members => members;

        public List<TraceEvent> Log { get; } = [];

        /// <summary>How far each member that installed the ring has received without a hole.</summary>
        public Dictionary<ProcessorId, int> Arus { get; } = [];

        public bool IsStable(int index) => members.All(x => Arus.TryGetValue(x, out var aru) && aru > index);
    }

    private sealed class Node(ProcessorId id, ulong sequence)
    {
        public ProcessorId Id => id;

        public int Incarnation { get; private set; }

        public bool IsAlive { get; set; }

        public ulong Sequence { get; set; } = sequence;

        public long Number { get; set; }

        public Ring? Ring { get; private set; }

        public bool IsRecovering { get; set; }

        public int Delivered { get; set; }

        public HashSet<int> Received { get; set; } = [];

        public HashSet<ProcessorId> Obliged { get; set; } = [];

        public void BeginLife()
        {
            Incarnation++;
            IsAlive = true;
            Number = 0;
            Enter(null);
        }

        public void Enter(Ring? ring)
        {
            Ring = ring;
            IsRecovering = false;
            Delivered = 0;
            Received = [];
            Obliged = [];
            UpdateAru();
        }

        public void UpdateAru()
        {
            if (Ring is null)
                return;
            var aru = Ring.Arus.GetValueOrDefault(Id);
            while (Received.Contains(aru))
                aru++;
            Ring.Arus[Id] = aru;
        }
    }
}
