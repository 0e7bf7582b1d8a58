using Totem.Core.Groups;

namespace Totem.Simulation.Groups;

/// <summary>The rules that one journal alone can break: G2, G4, and of G1 and G3 what concerns one processor.</summary>
internal sealed class GroupStreamRules(Action<string, string> report)
{
    /// <summary>The table of one processor when its members had synchronised.</summary>
    public void Check(GroupJournal journal)
    {
        foreach (var entry in journal.Events.Where(x => x.Kind == GroupEventKind.Synchronized))
        {
            if (entry.Problem is { } problem)
                report("G1", $"{journal.Node} in {entry.Regular}: {problem}");
            foreach (var (group, members) in entry.Table)
                CheckOnRing(journal.Node.ToString(), entry, $"table of {group}", members);
        }
    }

    public void Check(GroupStream stream)
    {
        IReadOnlyList<GroupMember>? told = null;
        var companions = new Companions();
        var heard = new Dictionary<GroupMember, (int Life, int Stream, long Number)>();
        foreach (var entry in stream.Events)
        {
            companions.Take(entry);
            switch (entry.Kind)
            {
                case GroupEventKind.Change:
                    if (told is not null && companions.IsSynchronising)
                        CheckReasons(stream, entry, told, companions);
                    told = CheckChange(stream, entry, told);
                    break;
                case GroupEventKind.Transitional:
                    CheckTransitional(stream, entry);
                    break;
                case GroupEventKind.Synchronized when told is not null:
                    var table = entry.Table.FirstOrDefault(x => x.Group == stream.Group)?.Members ?? [];
                    if (!table.SequenceEqual(told))
                        report("G1", $"{stream} was told {List(told)}, its processor has {List(table)} after "
                            + $"{entry.Regular}");
                    break;
                case GroupEventKind.Message:
                    CheckMessage(stream, entry, told, heard);
                    break;
                default:
                    break;
            }
        }
    }

    private IReadOnlyList<GroupMember> CheckChange(
        GroupStream stream, GroupEvent entry, IReadOnlyList<GroupMember>? told)
    {
        var change = entry.Change!;
        CheckOnRing(stream.ToString(), entry, "membership", change.Members);
        if (change.Group != stream.Group)
            report("G4", $"{stream} is told of {change}");
        if (told is null)
        {
            if (!change.Joined.Any(x => x.Member == stream.Member) || !change.Members.Contains(stream.Member))
                report("G4", $"{stream} hears {change} before its own join");
            return change.Members;
        }

        var expected = told.Except(change.Left.Select(x => x.Member)).Union(change.Joined.Select(x => x.Member))
            .Order().ToList();
        if (!expected.SequenceEqual(change.Members) || change.Joined.Count + change.Left.Count == 0)
            report("G3", $"{stream} was told {List(told)} and then {entry}");
        return change.Members;
    }

    /// <summary>G3: what a synchronisation takes away went because its node did not come along, or
    /// because it ended there.</summary>
    private void CheckReasons(
        GroupStream stream, GroupEvent entry, IReadOnlyList<GroupMember> told, Companions companions)
    {
        foreach (var member in told)
        {
            var went = entry.Change!.Left.FirstOrDefault(x => x.Member == member);
            var expected = companions.CameAlong(member.Node) ? GroupChangeReason.ProcessDown
                : GroupChangeReason.NodeDown;
            var isMissing = went == default && expected == GroupChangeReason.NodeDown;
            if (isMissing || (went != default && went.Reason != expected))
                report("G3", $"{stream} was told {List(told)} and then {entry}; expected {member} to go ({expected}), "
                    + "if at all");
        }
    }

    private void CheckTransitional(GroupStream stream, GroupEvent entry)
    {
        var at = stream.Events.IndexOf(entry);
        var transitional = stream.Events.Take(at).LastOrDefault(x => x.Transitional is not null)?.Transitional;
        if (transitional is null || entry.Change!.Members.FirstOrDefault(x =>
            !transitional.Members.Contains(x.Node)) is { Node.IsNone: false })
            report("G2", $"{stream}: {entry}, in {transitional?.ToString() ?? "no transitional configuration"}");
    }

    private void CheckMessage(
        GroupStream stream, GroupEvent entry, IReadOnlyList<GroupMember>? told, Dictionary<GroupMember,
        (int Life, int Stream, long Number)> heard)
    {
        if (entry.Problem is { } problem)
            report("G4", $"{stream} was handed {entry} {problem}");
        if (entry.Message is not { } message)
            return;
        var sender = message.Stream;
        if (sender.Group != stream.Group)
            report("G4", $"{stream} was handed {message}, of another group");
        if (told is null || !told.Contains(sender.Member))
            report("G4", $"{stream} was handed {message}, whose sender is none of {List(told ?? [])}");
        var order = (sender.Journal.Life, sender.Number, message.Number);
        if (heard.TryGetValue(sender.Member, out var last) && last.CompareTo(order) >= 0)
            report("G4", $"{stream} was handed {message} after message {last.Number} of stream {last.Stream} of life "
                + $"{last.Life}");
        heard[sender.Member] = order;
    }

    private void CheckOnRing(string who, GroupEvent entry, string what, IReadOnlyList<GroupMember> members)
    {
        foreach (var member in members)
        {
            if (entry.Regular?.Members.Contains(member.Node) != true)
                report("G2", $"{who} in {entry.Regular}: {what} with {member}: {entry}");
        }
    }

    private static string List(IEnumerable<GroupMember> members) => $"{{{string.Join(", ", members)}}}";

    /// <summary>The processors that came along since the members synchronised last.</summary>
    private sealed class Companions
    {
        private ProcessorSet? _sinceAgreed;
        private ProcessorSet? _untilRing;
        private ProcessorSet? _transitional;

        /// <summary>Between a regular configuration and the end of its synchronisation.</summary>
        public bool IsSynchronising { get; private set; }

        public bool CameAlong(ProcessorId node) => _untilRing?.Contains(node) ?? true;

        public void Take(GroupEvent entry)
        {
            switch (entry.Kind)
            {
                case GroupEventKind.TransitionalConfiguration:
                    _transitional = entry.Transitional!.Members;
                    _sinceAgreed = _sinceAgreed?.Intersect(_transitional) ?? _transitional;
                    break;
                case GroupEventKind.Regular:
                    _untilRing = _sinceAgreed;
                    _transitional = null;
                    IsSynchronising = true;
                    break;
                case GroupEventKind.Synchronized:
                    // A process that leaves while it runs is the next one's concern.
                    _sinceAgreed = _transitional;
                    IsSynchronising = false;
                    break;
                default:
                    break;
            }
        }
    }
}
