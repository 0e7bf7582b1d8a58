using Totem.Core.Diagnostics;
using Totem.Core.Wire;
using Totem.Simulation.Cluster;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;
using Totem.Simulation.Network;

namespace Totem.Simulation.Scenarios;

/// <summary>Draws the actions of one scenario for a cluster that is drawn already.</summary>
internal sealed class ScriptDraw
{
    private const int FaultsMax = 14;

    private static readonly RingEventKind[] CrashSteps =
    [
        RingEventKind.EnteredGather, RingEventKind.EnteredCommit, RingEventKind.EnteredCommit,
        RingEventKind.EnteredRecovery,
        RingEventKind.EnteredRecovery, RingEventKind.EnteredOperational, RingEventKind.TokenVisit,
        RingEventKind.MessageSent,
        RingEventKind.MessageRetransmitted, RingEventKind.RetransmitRequested, RingEventKind.TokenRetransmitted,
        RingEventKind.TokenHeld, RingEventKind.HoleInRecovery, RingEventKind.MemberSuspected,
    ];

    private readonly SimulationRandom _random;
    private readonly ClusterSetup _setup;
    private readonly List<TimedAction> _actions = [];
    private readonly double _tokenMs;
    private readonly double _lengthMs;

    public ScriptDraw(SimulationRandom random, ClusterSetup setup)
    {
        _random = random;
        _setup = setup;
        _tokenMs = setup.Options.TokenTimeout.TotalMilliseconds;
        _lengthMs = _tokenMs * random.Between(3, 16);
    }

    public FaultScript Draw()
    {
        DrawStarts();
        var faults = EnabledFaults();
        var count = _random.Chance(0.05) ? 0 : (int)_random.Between(1, FaultsMax);
        for (var i = 0; i < count; i++)
            faults[_random.Below(faults.Length)]();
        DrawWorkload();
        var down = ProcessorSet.Empty;
        if (_random.Chance(0.2))
        {
            for (var i = (int)_random.Between(1, Math.Max(1, _setup.Processors.Count / 2)); i > 0; i--)
                down = down.With(Node());
        }

        var keep = _setup.Processors.Count > 2 && _random.Chance(0.06) ? Pair() : null;
        return Finish(down, keep);
    }

    public FaultScript DrawPairCut()
    {
        var pair = Pair();
        var fromStart = _random.Chance(0.5);
        _actions.Add(new TimedAction(fromStart ? TimeSpan.Zero : Moment(), pair));
        DrawWorkload();
        if (_random.Chance(0.3))
            DrawCrash();
        return Finish(ProcessorSet.Empty, pair);
    }

    private FaultScript Finish(ProcessorSet down, CutLink? keep)
    {
        // Stable, so that what was drawn first at one moment happens first.
        var end = new ScriptEnd(TimeSpan.FromMilliseconds(Math.Ceiling(_lengthMs)), down, keep is null ? [] : [keep]);
        var ordered = _actions.Where(x => x.At < end.At).OrderBy(x => x.At).ToList();
        return new FaultScript(_setup, ordered, end);
    }

    private Action[] EnabledFaults()
    {
        Action[] all =
        [
            DrawCrash, DrawCrash, DrawCrashAt, DrawCrashAt, DrawPause, DrawPartition, DrawPartition,
            DrawCut, DrawOneWay,
            DrawLoss, DrawNoise, DrawNoise, DrawDelay, DrawBlackout, DrawDrop, DrawDrop, DrawSlow, DrawLeave,
            DrawUnreachable,
            DrawInjection, DrawDeafness, DrawDeparture, DrawDeparture,
        ];
        if (_random.Chance(0.3))
            return all;
        var chosen = all.Where(_ => _random.Chance(0.25)).ToArray();
        return chosen.Length == 0 ? [all[_random.Below(all.Length)]] : chosen;
    }

    private void DrawStarts()
    {
        if (_random.Chance(0.5))
            return;
        foreach (var node in _setup.Processors)
        {
            if (_random.Chance(0.5))
                Add(_random.Chance(0.7) ? Span(0, _tokenMs) : Moment(), new StartNode(node));
        }
    }

    private void DrawCrash()
    {
        var (node, at) = (Node(), Moment());
        Add(at, new CrashNode(node));
        DrawRestart(node, at);
    }

    private void DrawCrashAt()
    {
        var (node, at) = (Node(), Moment());
        var step = _random.Pick(CrashSteps);
        var occurrence = step is RingEventKind.TokenVisit or RingEventKind.MessageSent
            ? (int)_random.Between(1, 30)
            : (int)_random.Between(1, 3);
        var point = (CrashPoint)_random.Below(3);
        Add(at, new CrashAt(node, step, occurrence, point, point == CrashPoint.Sent ? (int)_random.Between(0, 6) : 0));
        DrawRestart(node, at + Span(0, _tokenMs * 3));
    }

    // Half of them come back before the others can have noticed: EVS §5, 6.
    private void DrawRestart(ProcessorId node, TimeSpan crashed)
    {
        if (_random.Chance(0.8))
            Add(crashed + Span(0, _random.Chance(0.5) ? _tokenMs * 0.5 : _tokenMs * 4), new StartNode(node));
    }

    private void DrawPause()
    {
        var (node, at) = (Node(), Moment());
        Add(at, new PauseNode(node));
        Add(at + Span(0, _tokenMs * (_random.Chance(0.5) ? 0.9 : 4)), new ResumeNode(node));
    }

    private void DrawPartition()
    {
        var at = Moment();
        var count = (int)_random.Between(2, Math.Min(4, _setup.Processors.Count));
        var pieces = new ProcessorSet[count];
        Array.Fill(pieces, ProcessorSet.Empty);
        foreach (var node in _setup.Processors)
        {
            var piece = _random.Below(count);
            pieces[piece] = pieces[piece].With(node);
        }

        Add(at, new PartitionNetwork([.. pieces.Where(x => !x.IsEmpty)]));
        if (_random.Chance(0.8))
            Add(at + Span(0, _tokenMs * 5), new PartitionNetwork([ProcessorSet.Of([.. _setup.Processors])]));
    }

    private void DrawCut() => AddCut(Pair());

    private void DrawOneWay() => AddCut(Pair() with { BothWays = false });

    private void AddCut(CutLink cut)
    {
        var at = Moment();
        Add(at, cut);
        if (_random.Chance(0.8))
            Add(at + Span(0, _tokenMs * 4), cut with { Mend = true });
    }

    private void DrawLoss()
    {
        var at = Moment();
        var (from, to) = (NodeOrAll(), NodeOrAll());
        Add(at, new LoseOnLink(from, to, ScenarioGenerator.Percent(_random, 1, _random.Chance(0.7) ? 20 : 80)));
        Add(at + Span(0, _tokenMs * 4), new LoseOnLink(from, to, 0));
    }

    private void DrawNoise()
    {
        var at = Moment();
        Add(at, new SetNoise(new NetworkNoise
        {
            LossRate = Maybe(10),
            DuplicateRate = Maybe(30),
            ReplayMax = Span(0, _random.Chance(0.7) ? _tokenMs * 0.1 : _tokenMs * 10),
            ReorderRate = Maybe(30),
            ReorderMax = Span(0, _tokenMs * 0.3),
            CorruptRate = Maybe(10),
            TokenLossRate = Maybe(20),
            BigLossRate = Maybe(60),
            BigBytes = (int)_random.Between(100, 1500),
        }));
        Add(at + Span(0, _tokenMs * 6), new SetNoise(NetworkNoise.None));
    }

    private void DrawDelay()
    {
        var at = Moment();
        var (from, to) = (NodeOrAll(), NodeOrAll());
        Add(at, new DelayLink(from, to, Span(0, _tokenMs * 0.5)));
        Add(at + Span(0, _tokenMs * 3), new DelayLink(from, to, TimeSpan.Zero));
    }

    private void DrawBlackout() => Add(Moment(), new DarkenLink(NodeOrAll(), NodeOrAll(), Span(0, _tokenMs * 1.5)));

    private void DrawDrop()
    {
        FrameKind? kind = _random.Below(7) is var roll and < 6 ? (FrameKind)roll : null;
        Add(Moment(), new DropFrames(
            kind, NodeOrAll(), NodeOrAll(), (int)_random.Between(0, 5), (int)_random.Between(1, 6)));
    }

    private void DrawSlow()
    {
        var (node, at) = (Node(), Moment());
        Add(at, new SlowNode(
            node,
            _random.Chance(0.5) ? TimeSpan.Zero : TimeSpan.FromMicroseconds(_random.Between(10, 2000)),
            _random.Chance(0.5) ? TimeSpan.Zero : Span(0, _tokenMs * 2)));
        Add(at + Span(0, _tokenMs * 5), new SlowNode(node, TimeSpan.Zero, TimeSpan.Zero));
    }

    private void DrawLeave()
    {
        var (node, at) = (Node(), Moment());
        Add(at, new LeaveNode(node));
        DrawRestart(node, at);
    }

    private void DrawUnreachable() => Add(Moment(), new ReportUnreachable(Node(), Node()));

    private void DrawInjection()
    {
        // Without a list of who is configured a stranger is a guest, and a guest who never answers disturbs everybody.
        var first = _setup.Options.Allowed is null ? Forgery.AbsurdTokenSeq : Forgery.OutsiderJoin;
        var what = (Forgery)_random.Between((int)first, (int)Forgery.ForeignHoldCancel);
        Add(Moment(), new InjectFrame(Node(), what, (int)_random.Between(1, 8)));
    }

    // One processor hears the token and no messages: the rest must go on without it, for as long as that lasts.
    private void DrawDeafness()
    {
        var (node, at) = (Node(), Moment());
        Add(at, new SubmitMessages(Node(), (int)_random.Between(1, 20), 0, 200, (SubmitGuarantee)_random.Below(3)));
        Add(at, new DropFrames(FrameKind.RegularMessage, ProcessorId.None, node, 0, (int)_random.Between(5, 1000)));
    }

    // Messages of which some members have some and others have others, or one that nobody else has and more behind it,
    // and whose sender is gone: what recovery is for. Often somebody else goes while it lasts, after it has promised to
    // deliver what it holds (EVS §5, 1 and 2).
    private void DrawDeparture()
    {
        var (node, at) = (Node(), Moment());
        var isHoleForAll = _random.Chance(0.5);
        var (skip, count) = ((int)_random.Between(0, 3), (int)_random.Between(1, 2));
        foreach (var other in _setup.Processors)
        {
            if (other == node)
                continue;
            if (isHoleForAll)
                Add(at, new DropFrames(FrameKind.RegularMessage, node, other, skip, count));
            else if (_random.Chance(0.7))
                Add(at, new DropFrames(
                    FrameKind.RegularMessage, node, other, (int)_random.Between(0, 3), (int)_random.Between(1, 6)));
            if (_random.Chance(0.5))
                Add(at, new SubmitMessages(other, (int)_random.Between(1, 6), 0, 300, Guarantee()));
        }

        Add(at, new SubmitMessages(node, (int)_random.Between(1, 12), 0, 1500, Guarantee()));
        if (_random.Chance(0.7))
            Add(at, new CrashAt(node, RingEventKind.MessageSent, (int)_random.Between(1, 12), CrashPoint.Sent,
                (int)_random.Between(1, 8)));
        else
            Add(at + Span(0, _tokenMs * 0.5), new CrashNode(node));
        if (_random.Chance(0.6))
        {
            var step = _random.Pick(
                [RingEventKind.EnteredRecovery, RingEventKind.EnteredOperational, RingEventKind.HoleInRecovery]);
            Add(at + Span(0, _tokenMs),
                new CrashAt(Node(), step, 1, (CrashPoint)_random.Below(3), (int)_random.Between(0, 4)));
        }

        DrawRestart(node, at + Span(0, _tokenMs * 3));
    }

    private SubmitGuarantee Guarantee() => (SubmitGuarantee)_random.Below(3);

    private void DrawWorkload()
    {
        var batches = _random.Below(9);
        for (var i = 0; i < batches; i++)
        {
            var (low, high, count) = DrawSizes();
            Add(Moment(), new SubmitMessages(Node(), count, low, high, (SubmitGuarantee)_random.Below(3)));
        }
    }

    private (int Low, int High, int Count) DrawSizes() => _random.Below(100) switch
    {
        < 20 => (0, 15, (int)_random.Between(1, 40)),
        < 75 => (0, (int)_random.Between(16, 400), (int)_random.Between(1, 30)),
        < 90 => (100, 3000, (int)_random.Between(1, 12)),
        < 99 => (0, 30_000, (int)_random.Between(1, 4)),
        _ => (100_000, _random.Chance(0.2) ? 1 << 20 : 300_000, 1),
    };

    private void Add(TimeSpan at, FaultAction action) => _actions.Add(new TimedAction(at, action));

    private double Maybe(int percentMax) => _random.Chance(0.5) ? 0 : ScenarioGenerator.Percent(_random, 1, percentMax);

    private TimeSpan Moment() => Span(0, _lengthMs);

    // Whole microseconds, so that the text of a script is short and exact.
    private TimeSpan Span(double lowMs, double highMs) =>
        TimeSpan.FromMicroseconds(_random.Between((long)(lowMs * 1000), (long)(highMs * 1000)));

    private ProcessorId Node() => _setup.Processors[_random.Below(_setup.Processors.Count)];

    private ProcessorId NodeOrAll() => _random.Chance(0.3) ? ProcessorId.None : Node();

    private CutLink Pair()
    {
        var a = _random.Below(_setup.Processors.Count);
        var b = (a + 1 + _random.Below(_setup.Processors.Count - 1)) % _setup.Processors.Count;
        return new CutLink(_setup.Processors[a], _setup.Processors[b], BothWays: true, Mend: false);
    }
}
