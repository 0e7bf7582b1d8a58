using Totem.Core.Groups;
using Totem.Simulation.Cluster;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// Adds processes and groups to a scenario that is drawn already: who joins, leaves, ends, comes again, and what they
/// say, at any moment of its faults. It has its own dice, so that the same seed gives the same faults with groups and
/// without.
/// </summary>
internal sealed class GroupDraw
{
    private const ulong Salt = 0x6772_6F75_7073;
    private const int StepsMax = 40;

    private static readonly GroupName[] Names = [new("a"), new("b"), new("c")];

    private readonly SimulationRandom _random;
    private readonly FaultScript _script;
    private readonly List<TimedAction> _actions = [];
    private readonly int _groupCount;
    private readonly int _pidCount;

    private GroupDraw(ulong seed, FaultScript script)
    {
        _random = new SimulationRandom(seed ^ Salt);
        _script = script;
        _groupCount = (int)_random.Between(1, Names.Length);
        _pidCount = (int)_random.Between(1, 3);
    }

    /// <summary>The scenario with groups.</summary>
    public static FaultScript Draw(ulong seed, FaultScript script) => new GroupDraw(seed, script).Draw();

    private FaultScript Draw()
    {
        var foreign = DrawForeign();
        foreach (var node in _script.Setup.Processors)
        {
            if (_random.Chance(0.8))
                DrawJoins(node, TimeSpan.Zero);
        }

        foreach (var action in _script.Actions)
        {
            if (action.Action is StartNode start && _random.Chance(0.7))
                DrawJoins(start.Node, action.At);
        }

        for (var i = (int)_random.Between(2, StepsMax); i > 0; i--)
            DrawStep();
        var actions = _script.Actions.Concat(_actions).Where(x => x.At < _script.End.At).OrderBy(x => x.At).ToList();
        return _script.With(_script.Setup with { HasGroups = true, Foreign = foreign }, actions);
    }

    private ProcessorSet DrawForeign()
    {
        var roll = _random.Below(10);
        if (roll < 4)
            return ProcessorSet.Empty;
        ProcessorId[] nodes = [.. _script.Setup.Processors];
        return ProcessorSet.Of([.. nodes.Where(_ => roll < 6 || _random.Chance(0.3))]);
    }

    private void DrawJoins(ProcessorId node, TimeSpan from)
    {
        for (var i = (int)_random.Between(1, 3); i > 0; i--)
            Add(from + Span(_random.Chance(0.5) ? 0 : 50_000), new JoinGroup(node, Group(), Pid()));
    }

    private void DrawStep()
    {
        var node = _script.Setup.Processors[_random.Below(_script.Setup.Processors.Count)];
        var at = Moment();
        var (group, pid) = (Group(), Pid());
        switch (_random.Below(20))
        {
            case < 3:
                Add(at, new JoinGroup(node, group, pid));
                break;
            case < 5:
                Add(at, new LeaveGroup(node, group, pid));
                break;
            case < 7:
                Add(at, new LeaveGroup(node, group, pid));
                Add(at + Span(20_000), new JoinGroup(node, group, pid));
                break;
            case < 9:
                Add(at, Send(node, group, pid));
                Add(at + Span(5_000), new EndProcess(node, group, pid));
                Add(at + Span(20_000), new JoinGroup(node, group, pid));
                break;
            case < 12:
                // A process that comes, speaks and goes.
                Add(at, new JoinGroup(node, group, pid));
                Add(at, Send(node, group, pid));
                if (_random.Chance(0.5))
                    Add(at, new LeaveGroup(node, group, pid));
                break;
            case 12:
                Add(at, Send(node, group, pid));
                Add(at, new CrashAt(
                    node, Core.Diagnostics.RingEventKind.GroupMessageSent, (int)_random.Between(1, 10),
                    (CrashPoint)_random.Below(3),
                    (int)_random.Between(0, 4)));
                Add(at + Span(100_000), new StartNode(node));
                break;
            default:
                Add(at, Send(node, group, pid));
                break;
        }
    }

    private SendToGroup Send(ProcessorId node, GroupName group, uint pid)
    {
        var guarantee = (SubmitGuarantee)_random.Below(3);
        return _random.Below(20) switch
        {
            < 12 => new SendToGroup(
                node, group, pid, (int)_random.Between(1, 10), 1, (int)_random.Between(1, 300), 1, guarantee),
            < 15 => new SendToGroup(node, group, pid, (int)_random.Between(1, 4), 100, 3000, 1, guarantee),
            < 16 => new SendToGroup(node, group, pid, (int)_random.Between(1, 3), 1, 40_000, 1, guarantee),
            < 19 => new SendToGroup(
                node, group, pid, (int)_random.Between(1, 4), 10, 600, (int)_random.Between(2, 6), guarantee),
            _ => new SendToGroup(
                node, group, pid, (int)_random.Between(1, 2), 10, 40_000, (int)_random.Between(2, 6), guarantee),
        };
    }

    private void Add(TimeSpan at, FaultAction action) => _actions.Add(new TimedAction(at, action));

    private TimeSpan Moment() => TimeSpan.FromMicroseconds(_random.Between(0, (long)_script.End.At.TotalMicroseconds));

    private TimeSpan Span(long microsecondsMax) => TimeSpan.FromMicroseconds(_random.Between(0, microsecondsMax));

    private GroupName Group() => Names[_random.Below(_groupCount)];

    private uint Pid() => (uint)_random.Between(11, 10 + _pidCount);
}
