namespace Totem.Accord.Components;

/// <summary>The outcome of an exchange of states.</summary>
internal enum ComponentVerdict
{
    /// <summary>A primary component: it goes on, or begins.</summary>
    Primary,

    /// <summary>Less than a majority of the voters is here.</summary>
    NoMajority,

    /// <summary>A majority is here, and nobody who has the whole state.</summary>
    NobodyKnows,

    /// <summary>Nobody here has a state, and fewer are here than are to begin one.</summary>
    TooFewToBegin,
}

/// <summary>
/// Decides from the reports of all conductors of a configuration whether they are the primary component and which
/// state it begins with. A function of the reports: all who have them decide the same
/// (Amir and Tutu, "From Total Order to Database Replication", ComputeKnowledge and IsQuorum).
/// </summary>
/// <param name="Verdict">Whether it is one.</param>
/// <param name="Component">Its name.</param>
/// <param name="Position">The position at which it begins.</param>
/// <param name="Knowing">The conductors that have the state of that position.</param>
/// <param name="GreenCount">How many batches of the whole history somebody has executed already.</param>
/// <param name="Kept">The batches behind those that are executed now; all others are void.</param>
/// <param name="Voters">The voters that were counted.</param>
/// <param name="VotersWanted">How many there should be.</param>
internal sealed record ComponentDecision(
    ComponentVerdict Verdict,
    ComponentId Component,
    ulong Position,
    IReadOnlyList<ConductorId> Knowing,
    ulong GreenCount,
    IReadOnlyList<BatchName> Kept,
    IReadOnlyList<ConductorId> Voters,
    int VotersWanted)
{
    /// <summary>Decides.</summary>
    /// <param name="reports">One of each conductor of the configuration; at least one.</param>
    /// <param name="ring">The configuration.</param>
    public static ComponentDecision Of(IReadOnlyCollection<StateReport> reports, RingId ring)
    {
        var next = new ComponentId(reports.Max(x => x.Component.Number) + 1, ring);
        var latest = reports.Where(x => !NeverBegan(x, reports)).Max(x => x.Component);
        if (latest.IsNone)
            return Begin(reports, next);
        var knowing = reports.Where(x => x.Component == latest && !x.IsBehind).OrderBy(x => x.Conductor).ToList();
        if (knowing.Count == 0)
            return None(ComponentVerdict.NobodyKnows, latest, []);
        var first = knowing.MaxBy(x => x.Position)!;
        if (!IsMajority(reports, first.Voters) || !knowing.TrueForAll(x => IsMajority(reports, x.VotersBehindHeld)))
            return None(ComponentVerdict.NoMajority, latest, first.Voters);

        // A batch that somebody has executed in the regular configuration was received by all of them, so each of these
        // has it, in the same order. Behind those only what all of these have may have been executed by somebody
        // elsewhere.
        var green = first.Position;
        knowing.RemoveAll(x => (ulong)x.Held.Count < green - x.Position);
        var kept = first.Held.ToList();
        foreach (var report in knowing)
        {
            var held = report.Held.Skip((int)(green - report.Position)).ToHashSet();
            kept.RemoveAll(x => !held.Contains(x));
        }

        return new ComponentDecision(
            ComponentVerdict.Primary, next, green + (ulong)kept.Count, [.. knowing.Select(x => x.Conductor)], green,
            kept, first.Voters, reports.Max(x => x.VotersWanted));
    }

    // A component begins when somebody has the last report of its exchange as a safe message; then all have it. So when
    // one of those who were to know its state has not come to it, nobody has begun it.
    private static bool NeverBegan(StateReport report, IReadOnlyCollection<StateReport> reports) =>
        report.IsBehind && reports.Any(
            x => x.Component.CompareTo(report.Component) < 0 && report.Knowing.Contains(x.Conductor));

    /// <summary>Whether more than half of the voters are among the conductors.</summary>
    public static bool IsMajority(IReadOnlyCollection<StateReport> reports, IReadOnlyList<ConductorId> voters) =>
        2 * voters.Count(x => reports.Any(report => report.Conductor == x)) > voters.Count;

    private static ComponentDecision Begin(IReadOnlyCollection<StateReport> reports, ComponentId first)
    {
        var wanted = reports.Max(x => x.VotersWanted);
        if (reports.Count < wanted)
            return None(ComponentVerdict.TooFewToBegin, ComponentId.None, []) with { VotersWanted = wanted };
        ConductorId[] all = [.. reports.Select(x => x.Conductor).Order()];
        return new ComponentDecision(ComponentVerdict.Primary, first, 0, all, 0, [], all[..wanted], wanted);
    }

    private static ComponentDecision None(
        ComponentVerdict verdict, ComponentId latest, IReadOnlyList<ConductorId> voters) =>
        new(verdict, latest, 0, [], 0, [], voters, 1);
}
