using Totem.Simulation.Checkers;
using Totem.Simulation.Traces;
using Xunit;

namespace Totem.Tests.Checkers;

public sealed class EvsReportTests
{
    [Fact]
    public void A_cycle_is_reported_by_the_places_where_it_changes_hands()
    {
        var report = new ForgedTrace()
            .At(1).Starts().Installs("1.4", 1, 2).Sends("a b c d").Delivers("a b c d")
            .At(2).Starts().Installs("1.4", 1, 2).Delivers("b c d a")
            .Check();
        var violation = Assert.Single(report.Violations, x => x.Rule == EvsRule.TotalOrder);
        Assert.Equal(4, violation.Events.Count);
        Assert.Contains("at 1, delivery of 1#1/1 before delivery of 1#1/", violation.Explanation,
            StringComparison.Ordinal);
        Assert.Contains("before delivery of 1#1/1", violation.Explanation[20..], StringComparison.Ordinal);
    }

    [Fact]
    public void A_violation_reads_like_a_transcript()
    {
        var report = new ForgedTrace()
            .At(1).Starts().Installs("1.4", 1).SendsSafe("s").Moves("1.4>1.8", 1).Installs("1.8", 1)
            .Check();
        Assert.Equal(
            """
            broken: 3; 14 rules, 5 events, 1 lives, 3 configurations, 1 messages, 0 deliveries
              rule 3 self-delivery: 1#1/1 is not delivered by its own sender in regular 1.4 {1} or transitional 1.4→1.8 {1}
                1#1 [2] 0.000000 s: sends 1#1/1 (safe, ring 1.4, hash 3e8) in regular 1.4 {1}
                1#1 [4] 0.000000 s: installs regular 1.8 {1}
            """,
            report.ToString(), ignoreLineEndingDifferences: true);
        Assert.Equal(report.ToString(), Assert.Throws<EvsBrokenException>(report.ThrowIfBroken).Message);
    }

    [Fact]
    public void A_report_counts_what_it_looked_at()
    {
        var report = new ForgedTrace()
            .At(1).Starts().Installs("1.4", 1, 2).Sends("a").Delivers("a").Starts()
            .At(2).Starts().Installs("1.4", 1, 2).Delivers("a")
            .Check();
        Assert.Equal((8, 3, 1, 1, 2), (report.EventCount, report.LifeCount, report.ConfigurationCount,
            report.MessageCount, report.DeliveryCount));
        Assert.Equal(EvsRule.All.Where(x => x != EvsRule.LastConfiguration), report.RulesChecked);
        Assert.StartsWith("every rule holds; 14 rules, 8 events", report.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void Of_one_rule_only_so_many_violations_are_described(int max)
    {
        var trace = new ForgedTrace().At(1).Starts().Installs("1.4", 1);
        for (var i = 0; i < 30; i++)
            trace.Sends($"m{i}").But(x => x with { Ring = ForgedTrace.RingOf("1.8") });
        var report = trace.Check(new EvsCheckOptions { MaxViolationsPerRule = max });
        Assert.Equal(max, report.Violations.Count);
        Assert.All(report.Violations, x => Assert.Equal(EvsRule.InInstalledConfiguration, x.Rule));
    }

    [Fact]
    public void A_trace_that_cannot_be_checked_is_refused()
    {
        Assert.Throws<ArgumentException>(
            () => EvsChecker.Check(new Trace(), new EvsCheckOptions { MaxViolationsPerRule = 0 }));
        var trace = new Trace();
        trace.Add(new TraceEvent(TraceEventKind.Install, new ProcessorId(1), 1));
        Assert.Throws<ArgumentException>(() => EvsChecker.Check(trace));
    }
}
