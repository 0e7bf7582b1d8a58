using Totem.Simulation.Checkers;
using Totem.Simulation.Traces;
using Xunit;

namespace Totem.Tests.Checkers;

/// <summary>Legal runs, spoiled: the checker must notice, and must say what the literal rules say.</summary>
public sealed class MutatedRunTests
{
    /// <summary>Rules whose evaluation rests on the others: they are compared where these hold.</summary>
    private static readonly string[] Ground = ["1.1", "1.2", "1.3", "2.1", "2.2", "2.4"];

    private static readonly string[] Literal = ["1.1", "2.3", "3", "4", "5", "6.1", "6.2", "7.1", "7.2"];

    [Fact]
    public void The_checker_says_what_the_literal_rules_say()
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        Steps.ForAll(1500, (nodeCount, steps) =>
        {
            var random = new Random(steps.Sum(x => x & 0xFFFF));
            var run = LegalRun.From(nodeCount, steps.Take(80));
            var isQuiescent = random.Next(2) == 0;
            if (isQuiescent)
                run.Settle();
            var mutations = new Mutations(run.Events, random);
            for (var i = random.Next(4); i >= 0; i--)
                mutations.TryApply(Mutations.OfDeliveries[random.Next(Mutations.OfDeliveries.Length)]);
            var report = EvsChecker.Check(mutations.Trace, new EvsCheckOptions { Quiescent = isQuiescent });
            if (report.BrokenRules.Intersect(Ground, StringComparer.Ordinal).Any())
                return;
            var literal = new LiteralRules(mutations.Trace, isQuiescent).Broken();
            Assert.Equal(literal, report.BrokenRules.Intersect(Literal, StringComparer.Ordinal).ToArray());
            foreach (var rule in literal)
                seen.Add(rule);
        });
        Assert.Equal(["3", "4", "5", "6.1", "6.2", "7.1", "7.2"], seen);
    }

    public static TheoryData<string> Rules() => [.. EvsRule.All.Select(x => x.Number)];

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_broken_rule_is_reported_under_its_number(string number)
    {
        var rule = EvsRule.All.Single(x => string.Equals(x.Number, number, StringComparison.Ordinal));
        var spoiled = 0;
        Steps.ForAll(400, (nodeCount, steps) =>
        {
            var random = new Random(steps.Sum(x => x & 0xFFFF));
            var run = LegalRun.From(nodeCount, steps).Settle();
            var options = run.SettledOptions;
            var mutations = new Mutations(run.Events, random);
            var sites = new Spoilers(new TraceIndex(run.Trace, options), mutations).For(rule);
            if (sites.Count == 0)
                return;
            sites[random.Next(sites.Count)]();
            Assert.Contains(EvsChecker.Check(mutations.Trace, options).Violations, x => x.Rule == rule);
            spoiled++;
        });
        Assert.InRange(spoiled, 40, 400);
    }
}
