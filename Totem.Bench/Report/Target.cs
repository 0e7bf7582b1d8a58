using System.Globalization;
using Totem.Bench.Results;
using Totem.Bench.Processes;

namespace Totem.Bench.Report;

/// <summary>A row of the table of targets.</summary>
/// <param name="Case">The measured case.</param>
/// <param name="Against">The case that it is compared with.</param>
/// <param name="Bound">The wanted ratio.</param>
/// <param name="Reached">The reached ratio.</param>
/// <param name="Runs">Over how many pairs of runs.</param>
/// <param name="IsMet">Whether it is; null when nothing says so.</param>
internal sealed record TargetRow(string Case, string Against, string Bound, string Reached, string Runs, bool? IsMet);

/// <summary>A ratio that is wanted: of one figure of ours to another's.</summary>
/// <param name="Case">The measured case.</param>
/// <param name="Against">The case that it is compared with.</param>
/// <param name="Bound">The bound of the ratio, above or below.</param>
/// <param name="IsAtMost">Which of the two.</param>
/// <param name="Ours">The one figure.</param>
/// <param name="Theirs">The other one.</param>
internal sealed record WantedRatio(
    string Case, string Against, double Bound, bool IsAtMost, Figure Ours, Figure Theirs);

/// <summary>The targets, and how they are read from what was measured.</summary>
internal static class Targets
{
    /// <summary>How long the largest ring is under full load.</summary>
    public const double SoakSeconds = 60;

    private const double IdlePercentMax = 0.5;
    private const double TailMax = 10;
    private const int NodesOfTable = Cases.NodesOfTable;

    private static readonly int[] RingSizes = [3, 5, Cases.MaxNodes];
    private static readonly int[] EndSizes = [3, Cases.MaxNodes];

    /// <summary>All rows of which something was measured.</summary>
    public static IReadOnlyList<TargetRow> Evaluate(Measurements measured)
    {
        IEnumerable<TargetRow?> rows =
        [
            .. Wanted.Select(x => Row(measured, x)), .. AllPlan.TailShares.Select(x => Tail(measured, x)),
            Soak(measured), Idle(measured),
        ];
        return [.. rows.OfType<TargetRow>()];
    }

    /// <summary>All ratios that are wanted.</summary>
    public static IReadOnlyList<WantedRatio> Wanted =>
    [
        .. RingSizes.SelectMany(ClosedLoop), .. RingSizes.SelectMany(SecondMember), .. EndSizes.Select(Turns),
        .. RingSizes.SelectMany(Rates),
        .. EndSizes.SelectMany(Pauses), .. Throughput(), .. Colds(), .. Library(), .. Rest(),
    ];

    /// <summary>A ratio with its spread.</summary>
    public static string TextOf(Spread ratio) =>
        $"{Numbers.Ratio(ratio.Median)}× ({Numbers.Ratio(ratio.Min)}–{Numbers.Ratio(ratio.Max)})";

    private static IEnumerable<WantedRatio> ClosedLoop(int nodes)
    {
        var name = $"closed loop 64 B, {nodes} nodes";
        var which = Cases.Closed(nodes);
        yield return AtMost(
            $"{name}, p50 at the sender", nodes == Cases.MaxNodes ? 0.10 : 0.12, which, Cases.Corosync, Figure.P50);
        yield return AtMost($"{name}, p50 at the median receiver", 2, which, Cases.HopLimit, Figure.MedianReceiver);
        yield return AtMost($"{name}, p50 at the last receiver", 2, which, Cases.HopLimit, Figure.LastReceiver);
        yield return AtMost($"{name}, p99 at the sender", 0.2, which, Cases.Corosync, Figure.P99);
        yield return AtMost($"{name}, p99 at the last receiver", 0.2, which, Cases.Corosync, Figure.LastReceiverP99);
        if (nodes == Cases.MaxNodes)
            yield return AtMost($"{name}, processor time", 0.5, which, Cases.Corosync, Figure.Processor);
    }

    private static IEnumerable<WantedRatio> SecondMember(int nodes)
    {
        var name = $"a second member sends while the token rests elsewhere, {nodes} nodes, p50";
        var ours = new Figure(Cases.Second(nodes), EngineSpec.Totem, Figure.P50);
        yield return new(name, Cases.HopLimit, 4, true, ours,
            new Figure(Cases.Closed(nodes), Cases.HopLimit, Figure.P50));
        var bound = nodes switch { 3 => 0.9, 5 => 0.5, _ => 0.2 };
        yield return new(name, "closed loop without rests", bound, true, ours,
            new Figure(Cases.Closed(nodes), Cases.NoRest, Figure.P50));
    }

    private static WantedRatio Turns(int nodes) => AtMost(
        $"two members answer each other, {nodes} nodes, p50", 1.05, Cases.Turns(nodes), Cases.NoRest, Figure.P50);

    private static IEnumerable<WantedRatio> Rates(int nodes)
    {
        foreach (var rate in (int[])[1000, 20_000])
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{rate:N0} msg/s of 64 B, all send, {nodes} nodes");
            yield return AtMost($"{name}, p50", 1.05, Cases.Rate(nodes, rate), Cases.NoRest, Figure.P50);
            yield return AtMost($"{name}, p99", 1.05, Cases.Rate(nodes, rate), Cases.NoRest, Figure.P99);
        }
    }

    private static IEnumerable<WantedRatio> Pauses(int nodes)
    {
        foreach (var (pause, caseOf) in ((string, Func<int, int, RingCase>)[])
            [("1 s", Cases.AfterSecond), ("60 s", Cases.AfterMinute)])
        {
            var loop = new Figure(Cases.Closed(nodes), Cases.NoRest, Figure.P50);
            var name = $"first message after a pause of {pause}, {nodes} nodes, p50";
            yield return new($"{name}, the last sender", "closed loop without rests", 0.3, true,
                new Figure(caseOf(nodes, 1), EngineSpec.Totem, Figure.P50), loop);
            yield return new($"{name}, another one", "closed loop without rests", 1, true,
                new Figure(caseOf(nodes, 2), EngineSpec.Totem, Figure.P50), loop);
        }

        // The time that the machine takes to wake: a datagram and its answer after the same pause.
        var last = Cases.AfterSecond(nodes, 1);
        yield return AtMost($"first message after a pause of 1 s, {nodes} nodes, p50, the last sender", 1, last,
            Cases.HopLimit, Figure.P50);
    }

    private static IEnumerable<WantedRatio> Throughput()
    {
        var small = Cases.Saturation(NodesOfTable, 64);
        const string smallName = "saturation 64 B, all send, 3 nodes";
        yield return AtLeast(smallName, 8, small, Cases.Corosync, Figure.Rate);
        yield return AtLeast(smallName, 0.98, small, Cases.NoRest, Figure.Rate);
        (string, RingCase)[] large =
        [
            .. ((int[])[3, 5, 8, Cases.MaxNodes])
                .Select(x => ($"saturation 1,350 B, all send, {x} nodes", Cases.Saturation(x, Cases.DatagramSize))),
            ("64 KiB, one sender, 3 nodes", Cases.OneSender(65536)),
            ("1,000,000 B, one sender, 3 nodes", Cases.OneSender(Cases.LargestSize)),
        ];
        foreach (var (name, which) in large)
        {
            yield return AtLeast(name, 10, which, Cases.Corosync, Figure.Megabytes);
            yield return AtLeast(name, 0.25, which, Cases.FanOutLimit, Figure.Megabytes);
            yield return AtLeast(name, 0.98, which, Cases.NoRest, Figure.Megabytes);
        }
    }

    private static IEnumerable<WantedRatio> Colds()
    {
        foreach (var nodes in RingSizes)
        {
            yield return Cold($"the first 3 s of a ring of {nodes}, closed loop, p50", 1.3, true,
                Cases.Closed(nodes), Figure.P50);
            yield return Cold(
                $"the first 3 s of a ring of {nodes}, saturation 1,350 B", 0.8, false,
                Cases.Saturation(nodes, Cases.DatagramSize), Figure.Rate);
        }

        static WantedRatio Cold(string name, double bound, bool isAtMost, RingCase which,
            Func<RunResult, double?> figure) => new(
            name, "after 30 s", bound, isAtMost, new Figure(which with { WarmUp = 0 }, EngineSpec.Totem, figure),
            new Figure(which with { WarmUp = Cases.WarmSeconds }, EngineSpec.Totem, figure));
    }

    // A program that knows corosync's library only, on ours and on corosync's.
    private static IEnumerable<WantedRatio> Library()
    {
        yield return Library("closed loop 64 B, p50", 0.3, true, Cases.Closed(NodesOfTable), Figure.P50);
        yield return Library("1,350 B, all send", 15, false, Cases.Saturation(NodesOfTable, Cases.DatagramSize),
            Figure.Megabytes);
        yield return Library("64 KiB, one sender", 15, false, Cases.OneSender(65536), Figure.Megabytes);

        static WantedRatio Library(string name, double bound, bool isAtMost, RingCase which,
            Func<RunResult, double?> figure) => new(
            $"libcpg, 3 nodes, {name}", Cases.Corosync, bound, isAtMost, new Figure(which, EngineSpec.LibCpg, figure),
            new Figure(which, Cases.Corosync, figure));
    }

    private static IEnumerable<WantedRatio> Rest()
    {
        var closed = Cases.Closed(NodesOfTable);
        var safe = closed with { Guarantee = "safe" };
        yield return new(
            "one real daemon in a ring of 3, p50 of its own client", "daemons only", 1.1, true,
            new Figure(closed, EngineSpec.Mixed, Figure.P50), new Figure(closed, Cases.Corosync, Figure.P50));
        yield return AtMost("safe, closed loop 64 B, 3 nodes, p50", 1.05, safe, Cases.NoRest, Figure.P50);
        yield return new(
            "200 B to a group by a member of 4,096 groups, 3 nodes", "a member of that one", 0.9, false,
            new Figure(Cases.Groups, Cases.ManyGroups, Figure.Rate),
            new Figure(Cases.Groups, EngineSpec.Totem, Figure.Rate));
        yield return AtMost(
            "closed loop 64 B, 2 nodes, busy poll, p50", 1.5, Cases.Closed(2) with { IsBusyPolling = true },
            Cases.BusyTokenLimit, Figure.P50);
    }

    private static WantedRatio AtMost(
        string name, double bound, RingCase which, string engine, Func<RunResult, double?> figure)
        => new(name, AgainstOf(engine), bound, true, new(which, EngineSpec.Totem, figure), new(which, engine, figure));

    private static WantedRatio AtLeast(
        string name, double bound, RingCase which, string engine, Func<RunResult, double?> figure)
        => new(name, AgainstOf(engine), bound, false, new(which, EngineSpec.Totem, figure), new(which, engine, figure));

    private static string AgainstOf(string engine) => engine == Cases.NoRest ? "ours without rests" : engine;

    private static TargetRow? Row(Measurements measured, WantedRatio wanted)
    {
        if (PairedRatio.Of(measured, wanted.Ours, wanted.Theirs) is not { } ratio)
            return null;
        var failures = (ratio.OursFailed > 0 ? $"; ours failed {ratio.OursFailed} times" : "")
            + (ratio.TheirsFailed > 0 ? $"; {wanted.Against} failed {ratio.TheirsFailed} times" : "");
        var reached = ratio.Spread is { } spread ? TextOf(spread) : "no ratio";
        var holds = ratio.Spread is null ? (bool?)null
            : ratio.OursFailed == 0 && (wanted.IsAtMost
                ? ratio.Spread.Median <= wanted.Bound
                : ratio.Spread.Median >= wanted.Bound);
        return new TargetRow(
            wanted.Case, wanted.Against,
            $"{(wanted.IsAtMost ? "≤" : "≥")} {wanted.Bound.ToString(CultureInfo.InvariantCulture)}×",
            reached + failures,
            ratio.Pairs.ToString(CultureInfo.InvariantCulture), holds);
    }

    // Within a run: what it takes at the worst against what it takes as a rule.
    private static TargetRow? Tail(Measurements measured, double share)
    {
        var key = AllPlan.LoadKey(EngineSpec.Totem, share);
        var runs = measured.Parts.FirstOrDefault(x => x.Key == key)?.Reports.SelectMany(x => x.Engines)
            .FirstOrDefault(x => x.Engine == EngineSpec.Totem)?.Runs;
        return Spread.Of(runs?.Select(x => Figure.P99(x) / Figure.P50(x)).OfType<double>() ?? []) is { } ratio
            ? new TargetRow(
                string.Create(CultureInfo.InvariantCulture,
                    $"{share:P0} of saturation, 1,350 B, all send, 3 nodes, p99"),
                "its p50", string.Create(CultureInfo.InvariantCulture, $"≤ {TailMax}×"), TextOf(ratio),
                runs!.Count.ToString(CultureInfo.InvariantCulture), ratio.Median <= TailMax)
            : null;
    }

    private static TargetRow? Soak(Measurements measured)
    {
        var report = measured.Reports.Where(Cases.Saturation(Cases.MaxNodes, Cases.DatagramSize).Fits)
            .MaxBy(x => x.Method.Seconds);
        if (report?.Engines.FirstOrDefault(x => x.Engine == EngineSpec.Totem) is not { } ours)
            return null;
        var ended = ours.Runs.Count(x => x.Failure is null && x.IsOrderEqual);
        var changes = ours.Runs.Sum(x => x.MembershipChanges);
        var peer = report.Engines.FirstOrDefault(x => x.Engine == Cases.Corosync);
        var seconds = report.Method.Seconds;
        return new TargetRow(
            $"14 nodes, all send 1,350 B, {seconds.ToString(CultureInfo.InvariantCulture)} s", "itself",
            "finishes, 0 membership changes",
            $"{ended} of {ours.Runs.Count} finished, {changes} changes"
            + (peer is null
                ? ""
                : $"; {Cases.Corosync}: {peer.Runs.Count(x => x.Failure is null)} of {peer.Runs.Count} finished, "
                + $"{peer.Runs.Sum(x => x.MembershipChanges)} changes"),
            ours.Runs.Count.ToString(CultureInfo.InvariantCulture),
            seconds < SoakSeconds ? null : ended == ours.Runs.Count && changes == 0);
    }

    private static TargetRow? Idle(Measurements measured)
    {
        var idle = Cases.Idle(Cases.MaxNodes);
        if (Spread.Of(Percent(EngineSpec.Totem)) is not { } ours)
            return null;
        var peer = Spread.Of(Percent(Cases.Corosync));
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{ours.Median:0.00} % ({ours.Min:0.00}–{ours.Max:0.00}), "
                + $"{Numbers.Ratio(ours.Median / IdlePercentMax)}× the bound");
        return new TargetRow(
            "idle, 14 nodes: processor time of a node", "one core",
            $"< {IdlePercentMax.ToString(CultureInfo.InvariantCulture)} %",
            text + (peer is { Median: > 0 } ? $", {Numbers.Ratio(ours.Median / peer.Median)}× {Cases.Corosync}" : ""),
            Percent(EngineSpec.Totem).Count().ToString(CultureInfo.InvariantCulture), ours.Median < IdlePercentMax);

        IEnumerable<double> Percent(string engine)
            => new Figure(idle, engine, x => x.Cores).Values(measured).OfType<double>()
                .Select(x => 100 * x / Cases.MaxNodes);
    }
}
