namespace Totem.Sheepdog.Sessions;

/// <summary>Which side of a cut goes on.</summary>
internal enum PartitionRule
{
    /// <summary>The majority of the last agreed members; when both sides are as many, the one with the lowest
    /// seat.</summary>
    Majority,

    /// <summary>Every side. When they meet again the smaller one gives up and comes back by a fresh join.</summary>
    Continue,
}

/// <summary>Which side may go on, as a function of what all on one side know.</summary>
internal static class PartitionPolicy
{
    /// <summary>Whether a side goes on.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="quorum">The least members it must have, besides.</param>
    /// <param name="here">Seats of members on this side.</param>
    /// <param name="elsewhere">Seats of members of the last agreed membership that may be running elsewhere.</param>
    public static bool GoesOn(
        PartitionRule rule, int quorum, IReadOnlyCollection<uint> here, IReadOnlyCollection<uint> elsewhere)
    {
        ArgumentNullException.ThrowIfNull(here);
        ArgumentNullException.ThrowIfNull(elsewhere);
        if (elsewhere.Count == 0)
            return true;
        if (here.Count < quorum)
            return false;
        if (rule == PartitionRule.Continue || here.Count > elsewhere.Count)
            return true;
        return here.Count == elsewhere.Count && here.Min() < elsewhere.Min();
    }
}
