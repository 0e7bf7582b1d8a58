using FsCheck;
using FsCheck.Fluent;
using Totem.Simulation.Checkers;
using Totem.Simulation.Traces;
using Xunit;

namespace Totem.Tests.Checkers;

/// <summary>A run that obeys the rules passes, wherever it stops.</summary>
public sealed class LegalRunTests
{
    [Fact]
    public void A_legal_run_holds_wherever_it_stops() => Steps.ForAll(500, (nodeCount, steps) =>
    {
        var run = LegalRun.From(nodeCount, steps);
        EvsChecker.AssertHolds(run.Trace);
        var stop = steps.Length == 0 ? 0 : steps[0] % run.Events.Count;
        EvsChecker.AssertHolds(LegalRun.Of(run.Events.Take(stop)));
    });

    [Fact]
    public void A_legal_run_that_settles_holds_to_its_end() => Steps.ForAll(300, (nodeCount, steps) =>
    {
        var run = LegalRun.From(nodeCount, steps, firstSequence: ulong.MaxValue - 20).Settle();
        EvsChecker.AssertHolds(run.Trace, run.SettledOptions);
    });

    /// <summary>The runs above must go through what they are there for.</summary>
    [Fact]
    public void Legal_runs_have_what_makes_them_interesting()
    {
        var random = new Random(1);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 200; i++)
        {
            var run = LegalRun.From(5, Enumerable.Range(0, 150).Select(_ => random.Next()));
            foreach (var e in run.Events)
                seen.Add($"{e.Kind} {e.Guarantee} {(e.Incarnation > 1 ? "again" : "first")}");
            seen.UnionWith(Landmarks(run));
        }

        Assert.Superset(
            new HashSet<string>(
                ["Fail Agreed first", "Start Agreed again", "Deliver Safe first", "hole", "promise", "transitional "
                    + "only", "merge"],
                StringComparer.Ordinal),
            seen);
    }

    [Fact]
    public void A_long_trace_is_checked_in_linear_time()
    {
        var run = LegalRun.From(5, []);
        var random = new Random(7);
        while (run.Events.Count < 250_000)
        {
            for (var i = 0; i < 2000; i++)
                run.Do(random.Next(8) | (random.Next(1 << 16) << 8));
            run.Settle();
        }

        var report = EvsChecker.Check(run.Trace, run.SettledOptions);
        report.ThrowIfBroken();
        Assert.InRange(report.DeliveryCount, 200_000, 250_000);
    }

    private static IEnumerable<string> Landmarks(LegalRun run)
    {
        var index = new TraceIndex(run.Trace, EvsCheckOptions.Default);
        foreach (var ring in index.Rings.All)
        {
            foreach (var passage in ring.Passages.Where(x => x.Transitional is not null))
            {
                var last = passage.Order.Count == 0 ? -1 : passage.Order.Max();
                if (passage.Order.Count <= last)
                    yield return "hole";
                if (passage.Order.Exists(
                    x => ring.Passages.TrueForAll(y => y.At(x) < 0 || y.StayAt(y.At(x)) != y.Regular)))
                    yield return "transitional only";
            }

            var promised = ring.Passages.Where(x => x.Transitional is not null)
                .SelectMany(x => ring.Passages.Where(y => x.Transitional!.Configuration.Members.Contains(y.Processor)
                    && y.Transitional is not null && y.Transitional.Entry != x.Transitional.Entry
                    && y.Order.Count > 0));
            if (promised.Any())
                yield return "promise";
            if (ring.Passages.Where(x => x.Regular.Previous is not null).Select(x => x.Regular.Previous!.Entry)
                .Distinct().Count() > 2)
                yield return "merge";
        }
    }
}

/// <summary>Random scripts for <see cref="LegalRun"/>, shrunk by leaving steps out.</summary>
internal static class Steps
{
    public static void ForAll(int runs, Action<int, int[]> property)
    {
        var steps = Gen.Choose(0, int.MaxValue).ArrayOf()
            .SelectMany(x => Gen.Choose(2, 6).Select(y => (NodeCount: y, Steps: x)));
        var arbitrary = Arb.From(steps, x => Shrink(x.Steps).Select(y => (x.NodeCount, y)));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(runs).WithEndSize(200),
            Prop.ForAll(arbitrary, x => property(x.NodeCount, x.Steps)));
    }

    private static IEnumerable<int[]> Shrink(int[] steps)
    {
        for (var size = steps.Length; size > 0; size /= 2)
        {
            for (var at = 0; at + size <= steps.Length; at += size)
                yield return [.. steps[..at], .. steps[(at + size)..]];
        }
    }
}
