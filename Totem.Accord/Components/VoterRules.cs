namespace Totem.Accord.Components;

/// <summary>How the voters change: by one at a time, in the order, and never so that the component which orders the
/// change would be none by the new voters. So each majority has a voter in common with the one before it.</summary>
internal static class VoterRules
{
    /// <summary>The voters behind an entry, of whatever kind it is.</summary>
    /// <param name="voters">The voters before it.</param>
    /// <param name="wanted">How many there should be.</param>
    /// <param name="sender">The conductor that sent the entry.</param>
    /// <param name="kind">The kind of the entry.</param>
    /// <param name="content">Its content.</param>
    /// <param name="present">The conductors of the component.</param>
    public static IReadOnlyList<ConductorId> Apply(
        IReadOnlyList<ConductorId> voters, int wanted, ProcessorId sender, EntryKind kind, ReadOnlySpan<byte> content,
        IReadOnlyCollection<ConductorId> present)
    {
        var reader = new FieldReader(content);
        switch (kind)
        {
            case EntryKind.CaughtUp:
                var conductor = new ConductorId(sender, reader.UInt64());
                return reader.IsAtEnd && present.Contains(conductor)
                    ? CaughtUp(voters, wanted, conductor, present) : voters;
            case EntryKind.AddVoter:
                var added = reader.Conductor();
                return reader.IsAtEnd ? Add(voters, added, present) : voters;
            case EntryKind.RemoveVoter:
                var removed = reader.Conductor();
                return reader.IsAtEnd ? Remove(voters, removed.Node, present) : voters;
            default:
                return voters;
        }
    }

    /// <summary>A conductor has caught up: it takes the vote of its node's earlier state, or a place that is
    /// free.</summary>
    private static IReadOnlyList<ConductorId> CaughtUp(
        IReadOnlyList<ConductorId> voters, int wanted, ConductorId conductor, IReadOnlyCollection<ConductorId> present)
    {
        if (voters.Contains(conductor))
            return voters;
        var others = voters.Where(x => x.Node != conductor.Node).ToList();
        return others.Count < voters.Count || voters.Count < wanted
            ? Checked(voters, [.. others.Append(conductor).Order()], present) : voters;
    }

    /// <summary>An operator adds a voter.</summary>
    private static IReadOnlyList<ConductorId> Add(
        IReadOnlyList<ConductorId> voters, ConductorId conductor, IReadOnlyCollection<ConductorId> present) =>
        voters.Any(x => x.Node == conductor.Node) || !present.Contains(conductor) ? voters
            : Checked(voters, [.. voters.Append(conductor).Order()], present);

    /// <summary>An operator removes a voter; the last one stays.</summary>
    private static IReadOnlyList<ConductorId> Remove(
        IReadOnlyList<ConductorId> voters, ProcessorId node, IReadOnlyCollection<ConductorId> present) =>
        voters.Count == 1 ? voters : Checked(voters, [.. voters.Where(x => x.Node != node)], present);

    private static IReadOnlyList<ConductorId> Checked(
        IReadOnlyList<ConductorId> before, IReadOnlyList<ConductorId> after, IReadOnlyCollection<ConductorId> present)
        => 2 * after.Count(present.Contains) > after.Count ? after : before;
}
