using Totem.Core.Time;
using Totem.Simulation.Cluster;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;
using Totem.Simulation.Network;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// Runs one scenario: first its faults, then none, when the cluster must find together within a bound and deliver
/// everything, then the rules over the whole trace. Used by one thread at a time; reuses its buffers from run to run.
/// </summary>
public sealed class ScenarioRunner
{
    private readonly SimulationMemory _memory = new();

    /// <summary>Runs the scenario that this seed draws.</summary>
    public ScenarioResult Run(ulong scenarioSeed) =>
        Run(ScenarioGenerator.Draw(scenarioSeed)) with { ScenarioSeed = scenarioSeed };

    /// <summary>Runs a script.</summary>
    public ScenarioResult Run(FaultScript script) => Run(script, listener: null);

    internal ScenarioResult Run(FaultScript script, ISimulationListener? listener)
    {
        ArgumentNullException.ThrowIfNull(script);
        return new ScenarioRun(script, _memory, listener).Run();
    }
}

/// <summary>One run of one script.</summary>
internal sealed class ScenarioRun
{
    private const int MaxViolationsPerRule = 3;

    private readonly FaultScript _script;
    private readonly SimulatedCluster _cluster;
    private readonly List<ScenarioFailure> _failures = [];
    private readonly ProcessorSet _expected;
    private readonly TimeSpan _settled;
    private readonly TimeSpan _bound;
    private readonly KeyAdministrator _administrator;
    private long? _steadyInstalls;
    private Instant? _restedAt;
    private TimeSpan _convergence;

    public ScenarioRun(FaultScript script, SimulationMemory memory, ISimulationListener? listener)
    {
        _script = script;
        _cluster = new SimulatedCluster(script.Setup, memory, listener);
        _expected = ProcessorSet.Of([.. script.Setup.Processors]).Except(script.End.Down);
        _settled = KeepsCuts ? LivenessBound.SettledWithCuts(script.Setup) : LivenessBound.Settled(script.Setup);
        _administrator = new KeyAdministrator(_cluster);
        if (_cluster.Knet is { } knet)
            knet.IsRecording = script.Actions.Any(x => x.Action is AttackMember);
        _bound = LivenessBound.ForRing(script.Setup)
            + LivenessBound.ForLinks(script.Setup, script.Actions.Any(x => x.Action is ChangeKeys))
            + _settled + (KeepsCuts ? LivenessBound.UntilMetAgain(script.Setup) : TimeSpan.Zero);
    }

    private bool KeepsCuts => _script.End.KeepCuts.Count > 0;

    private Instant FaultsEnd => new(_script.End.At.Ticks);

    public ScenarioResult Run()
    {
        var completed = false;
        try
        {
            RunFaults();
            StopFaults();
            completed = Recover();
            JudgeViews();
        }
        catch (EngineFaultException e)
        {
            Fail("engine", $"{e.Message}\n{FirstFrames(e.InnerException!)}");
        }
        catch (SimulationLimitException e)
        {
            Fail("limit", e.Message);
        }

        foreach (var node in _cluster.Nodes)
            node.CloseLinks();
        foreach (var anomaly in _cluster.Anomalies)
            Fail(anomaly.Rule, $"{anomaly.At} s: {anomaly.Text}");
        _failures.AddRange(TraceRules.Check(
            _cluster.Trace, completed, KeepsCuts ? null : _expected, MaxViolationsPerRule));
        if (_script.Setup.HasGroups)
            _failures.AddRange(GroupChecker.Check(_cluster.GroupJournals, completed));
        return Result();
    }

    private void RunFaults()
    {
        foreach (var action in _script.Actions.Where(x => x.At <= _script.End.At))
            _cluster.Schedule(new Instant(action.At.Ticks), action.Action);
        foreach (var node in _cluster.Nodes)
        {
            var first = _script.Actions.FirstOrDefault(x => x.Action is StartNode or CrashNode or CrashAt
                && x.Action.Nodes.Contains(node.Id));
            if (first?.Action is not StartNode)
                _cluster.Apply(new StartNode(node.Id));
        }

        if (_script.Setup.Knet?.SteadyFrom is { } steady && steady < _script.End.At)
        {
            _cluster.RunUntil(new Instant(steady.Ticks));
            if (ClusterConditions.MissingForOneRing(_cluster, _expected) is { } missing)
                Fail("view", $"no ring of all at {_cluster.Now} s, before there were any faults: {missing}" + Views());
            _steadyInstalls = _cluster.InstallCount;
        }

        _cluster.RunUntil(FaultsEnd);
    }

    /// <summary>With a link without faults between every two members nobody changes its view.</summary>
    private void JudgeViews()
    {
        if (_steadyInstalls is { } installs && _cluster.InstallCount != installs)
            Fail("view", $"{_cluster.InstallCount - installs} configurations were installed, the last at "
                + $"{_cluster.LastInstallAt} s, "
                + "though between every two members one link had no fault:" + Views());
    }

    private void StopFaults()
    {
        _cluster.Apply(new HealNetwork());
        _cluster.Network.DropHeld();
        _cluster.EndReplays();
        foreach (var cut in _script.End.KeepCuts)
            _cluster.Apply(cut);
        foreach (var node in _cluster.Nodes)
        {
            try
            {
                StopFaultsAt(node);
            }
            catch (Exception e) when (e is not SimulationLimitException)
            {
                throw new EngineFaultException($"{node.Id} when faults stop at {_cluster.Now} s: {e.Message}", e);
            }
        }
    }

    private void StopFaultsAt(SimulatedProcessor node)
    {
        node.DisarmAll();
        node.DatagramTicks = 0;
        node.ConsumeTicks = 0;
        node.PaceReader(TimeSpan.Zero);
        node.Resume();
        node.ConsumeAll();
        if (_script.Setup.Knet is { } knet)
            node.UseLinks([.. Enumerable.Range(0, knet.Links)]);
        if (!_expected.Contains(node.Id))
            _cluster.Apply(new CrashNode(node.Id));
        else if (node.Engine is null)
            _cluster.Apply(new StartNode(node.Id));
    }

    /// <summary>True when the cluster came to rest, so that the trace may be judged as complete.</summary>
    private bool Recover()
    {
        if (!RunUntil(MissingForRing, _bound, "2.5", "no ring that lasts"))
            return false;
        _convergence = LastChange - FaultsEnd;
        foreach (var node in _cluster.Nodes.Where(x => x.Engine is not null))
        {
            node.Submit(new Submission(16, Guarantee.Agreed));
            node.Submit(new Submission(24, Guarantee.Safe));
            node.SayLast();
        }

        var installs = _cluster.InstallCount;
        if (!RunUntil(() => ClusterConditions.MissingForQuiet(_cluster), BacklogBound(), "liveness", "messages are not "
            + "delivered"))
            return false;
        if (!RunUntil(_administrator.Missing, BacklogBound(), "keys", "keys are not changed"))
            return false;
        if (!RunUntil(() => GroupConditions.MissingForQuiet(_cluster), BacklogBound(), "G6", "groups are not quiet"))
            return false;
        // A join from before this ring is no reason to leave it.
        if (!KeepsCuts)
            _cluster.Network.RepeatJoins(_expected, _cluster.NowTicks);
        _cluster.RunUntil(_cluster.Now + LivenessBound.Calm(_script.Setup));
        if (_cluster.InstallCount == installs)
            return true;
        Fail("2.5", $"the configuration changed at {_cluster.LastInstallAt} s, though nothing happened since "
            + $"{FaultsEnd} s:"
            + Views());
        return false;
    }

    private Instant LastChange => _cluster.LastInstallAt > FaultsEnd ? _cluster.LastInstallAt : FaultsEnd;

    // A ring may look whole and have lost its token, and with a cut that stays a consistent view may be one step on the
    // way: it counts once it has lasted.
    private string? MissingForRing()
    {
        // A member that was left alone for losing commit tokens is met again, and with a cut that
        // stays that may be a change more.
        if (KeepsCuts && _cluster.Nodes.Any(x => x.Engine?.LeavesSomebodyAlone(_cluster.Now) == true))
            _restedAt = _cluster.Now;
        if (_cluster.Now - LastChange < _settled)
            return $"the last change was at {_cluster.LastInstallAt} s";
        if (_cluster.Now - _restedAt < _settled)
            return $"somebody who lost commit tokens was left alone until {_restedAt} s";
        // A member that is not told of a new key is cut off when the others forget the old one (KNET §17.3).
        if (_administrator.Missing() is { } keys)
            return keys;
        return KeepsCuts
            ? ClusterConditions.MissingForConsistentRings(_cluster)
            : ClusterConditions.MissingForOneRing(_cluster, _expected);
    }

    private bool RunUntil(Func<string?> missing, TimeSpan limit, string rule, string what)
    {
        var step = _script.Setup.Options.JoinInterval;
        var end = _cluster.Now + limit;
        string? problem;
        while ((problem = missing()) is not null)
        {
            if (_cluster.Now >= end)
            {
                Fail(rule, $"{what} after {limit.TotalMilliseconds} ms: {problem}" + Views());
                return false;
            }

            _administrator.Look();
            _cluster.RunUntil(_cluster.Now + step);
        }

        return true;
    }

    private TimeSpan BacklogBound()
    {
        // A frame holds at least 400 bytes of a large message, and a small message takes a frame at worst.
        var frames = 0L;
        foreach (var action in _script.Actions)
        {
            if (action.Action is SubmitMessages submit)
                frames += (long)submit.Count * (1 + submit.SizeHigh / 400);
            // In corosync's encoding every part has some 200 bytes before it.
            if (action.Action is SendToGroup send)
                frames += (long)send.Count * send.Parts * (1 + (send.SizeHigh / send.Parts + 210) / 400);
            if (action.Action is IGroupAction)
                frames++;
        }

        return LivenessBound.ForMessages(
            _script.Setup, frames + 2 * _expected.Count + (_script.Setup.HasGroups ? GroupFrames() : 0));
    }

    private long GroupFrames()
    {
        // The synchronisation of each member takes a few frames, and each process says two more things.
        var processes = _cluster.Nodes.Sum(x => x.Groups?.Journal.Streams.Count ?? 0);
        return 6 * _expected.Count + 4 * processes;
    }

    private string Views() => string.Concat(_cluster.Nodes.Where(x => x.Engine is not null).Select(
        x => $"\n  {x.Id}: {x.Engine!.Phase}, {x.Engine.Installed?.ToString() ?? "no ring"}, told "
            + $"{x.Journal!.Last?.ToString() ?? "nothing"}"));

    private static string FirstFrames(Exception exception) => string.Join(
        '\n', (exception.StackTrace ?? "").Split('\n').Take(8).Select(x => "  " + x.Trim()));

    private void Fail(string rule, string text) => _failures.Add(new ScenarioFailure(rule, text));

    private ScenarioResult Result() => new()
    {
        Script = _script,
        Failures = _failures,
        VirtualTime = new TimeSpan(_cluster.NowTicks),
        ConvergenceTime = _convergence,
        ConvergenceBound = _bound,
        EventCount = _cluster.EventCount,
        TransmitCount = _cluster.TransmitCount,
        TraceCount = _cluster.Trace.Count,
        InstallCount = _cluster.InstallCount,
        GroupDeliveryCount = _cluster.GroupDeliveryCount,
        Digest = _cluster.Digest,
        Coverage = _cluster.Coverage,
        Trace = _cluster.Trace,
    };
}
