namespace Totem.Tests.Mutation;

/// <summary>The kind that a random scenario is drawn as.</summary>
internal enum ScenarioKind
{
    Plain,
    Groups,

    /// <summary>One pair never hears each other.</summary>
    PairCut,
}

/// <summary>One random scenario.</summary>
internal readonly record struct SweepScenario(ScenarioKind Kind, ulong Seed)
{
    public override string ToString() => $"{Kind} {Seed}";
}

/// <summary>How many scenarios a mutant must get through, of each kind.</summary>
internal sealed record SweepShare(int Plain, int Groups, int PairCut)
{
    /// <summary>All of them, the seeds in their order.</summary>
    public IEnumerable<SweepScenario> Scenarios =>
        from seed in Enumerable.Range(1, Math.Max(Plain, Math.Max(Groups, PairCut)))
        from kind in Enum.GetValues<ScenarioKind>()
        where seed <= Count(kind)
        select new SweepScenario(kind, (ulong)seed);

    public override string ToString() => $"{Plain} scenarios, {Groups} with groups and {PairCut} with a pair cut";

    private int Count(ScenarioKind kind) => kind switch
    {
        ScenarioKind.Groups => Groups,
        ScenarioKind.PairCut => PairCut,
        _ => Plain,
    };
}
