using System.Reflection;
using Totem.Tests.Simulation;

namespace Totem.Tests.Mutation;

/// <summary>The fate of one broken condition.</summary>
/// <param name="Site">The condition.</param>
/// <param name="Rule">The rule under which it was noticed; null when it survived.</param>
/// <param name="Last">The scenario that noticed it, or the last one.</param>
/// <param name="ReachedCount">Scenarios in which the unbroken core asks for the condition. Only these are run.</param>
/// <param name="ChangedCount">Those of them in which something that was sent or delivered differs
/// from what the unbroken core does.</param>
internal sealed record SweepOutcome(
    ConditionSite Site, string? Rule, SweepScenario Last, int ReachedCount, int ChangedCount)
{
    public override string ToString() => Rule is not null
        ? $"noticed   {Site}: {Rule}, {Last}"
        : $"SURVIVES  {Site}: {ReachedCount} scenarios reach it, {ChangedCount} differ";
}

/// <summary>Every condition of some files of the core, broken one at a time under the random scenarios.</summary>
internal sealed class ConditionSweep
{
    /// <summary>Loops and calls within one scenario: many times what the longest needs. A mutant
    /// that takes more does not end.</summary>
    private const long StepsMax = 400_000_000;

    private readonly MutatedCore _core;
    private readonly FieldInfo _active;
    private readonly FieldInfo _reached;
    private readonly FieldInfo _stepsLeft;
    private readonly Dictionary<SweepScenario, (bool[] Reached, ulong Digest)> _unbroken = [];
    private readonly List<ConditionSite> _sites = [];
    private readonly (string Name, string Text)[] _transcripts =
        [.. TextScenarioTests.Paths.Select(x => (Path.GetFileName(x), File.ReadAllText(x)))];

    private readonly Mutant[] _scripts =
        [.. MutationTests.Mutants.Cast<object[]>().Select(x => (Mutant)x[0]).Where(x => x.Script is not null)];

    /// <param name="isSwept">Which files of Totem.Core.</param>
    public ConditionSweep(Func<string, bool> isSwept)
    {
        _core = MutatedCore.Compile(
            (file, text) => new ConditionRewriter(file, isSwept(file), _sites).Rewrite(text), ConditionRewriter.Switch);
        var type = _core.Type("ConditionSwitch");
        _active = type.GetField("Active")!;
        _reached = type.GetField("Reached")!;
        _stepsLeft = type.GetField("StepsLeft")!;
    }

    /// <summary>Every condition there is.</summary>
    public IReadOnlyList<ConditionSite> Sites => _sites;

    /// <summary>Breaks one condition until a scenario notices.</summary>
    public SweepOutcome Run(ConditionSite site, SweepShare share)
    {
        var (reached, changed, last) = (0, 0, default(SweepScenario));
        foreach (var scenario in share.Scenarios)
        {
            var unbroken = Unbroken(scenario);
            // A condition that nobody asks for changes nothing.
            if (!unbroken.Reached[site.Number])
                continue;
            (reached, last) = (reached + 1, scenario);
            var (rule, digest, _) = Outcome(site.Number, scenario);
            if (rule is not null)
                return new SweepOutcome(site, rule, scenario, reached, changed);
            if (digest != unbroken.Digest)
                changed++;
        }

        return new SweepOutcome(site, Rule: null, last, reached, changed);
    }

    /// <summary>Which of the written scenarios notices this broken condition; null when none does.</summary>
    public string? WrittenThatNotices(ConditionSite site)
    {
        Break(site.Number);
        try
        {
            return _transcripts.Where(x => _core.Transcript(x.Text, x.Name) != x.Text).Select(x => x.Name)
                .Concat(_scripts.Where(x => _core.BrokenRule(x.Script!) is not null)
                    .Select(x => $"the script of \"{x.Name}\""))
                .FirstOrDefault();
        }
        catch (TargetInvocationException failure)
        {
            return failure.InnerException!.GetType().Name;
        }
    }

    private (bool[] Reached, ulong Digest) Unbroken(SweepScenario scenario)
    {
        if (_unbroken.TryGetValue(scenario, out var known))
            return known;
        var (rule, digest, reached) = Outcome(0, scenario);
        Assert.True(rule is null, $"the unbroken core breaks {rule} in scenario {scenario}");
        return _unbroken[scenario] = (reached, digest);
    }

    private (string? Rule, ulong Digest, bool[] Reached) Outcome(int number, SweepScenario scenario)
    {
        var reached = Break(number);
        try
        {
            var (rule, digest) = _core.Outcome(scenario);
            return (rule, digest, reached);
        }
        catch (TargetInvocationException failure)
        {
            // It did something that the simulator itself could not go on after.
            return (failure.InnerException!.GetType().Name, 0, reached);
        }
    }

    /// <summary>Breaks one condition, or with 0 none; where the core notes which it asks for.</summary>
    private bool[] Break(int number)
    {
        var reached = new bool[_sites.Count + 1];
        _active.SetValue(null, number);
        _reached.SetValue(null, reached);
        _stepsLeft.SetValue(null, StepsMax);
        return reached;
    }
}
