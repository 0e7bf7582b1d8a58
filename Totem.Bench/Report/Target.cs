using System.Globalization;
using Totem.Bench.Processes;
using Totem.Bench.Results;

namespace Totem.Bench.Report;

/// <summary>A row of the table of targets.</summary>
/// <param name="Case">What is measured.</param>
/// <param name="Against">What it is compared with.</param>
/// <param name="Bound">What is wanted.</param>
/// <param name="Reached">What was reached.</param>
/// <param name="Runs">Over how many pairs of runs.</param>
/// <param name="IsMet">Whether it is; null when nothing says so.</param>
internal sealed record TargetRow(string Case, string Against, string Bound, string Reached, string Runs, bool? IsMet);

/// <summary>The targets, and how they are read from what was measured.</summary>
internal static class Targets
{
    /// <summary>The peer of the table.</summary>
    public const string Corosync = "corosync-udpu";

    /// <summary>The limit of a rotation.</summary>
    public const string TokenLimit = EngineSpec.Token;

    /// <summary>The same for processes that poll.</summary>
    public const string BusyTokenLimit = EngineSpec.BusyToken;

    /// <summary>The limit of a fan-out.</summary>
    public const string FanOutLimit = "limit-fanout-gso";

    /// <summary>The most nodes.</summary>
    public const int MaxNodes = 14;

    /// <summary>What is called 1 MiB elsewhere: the most that corosync takes.</summary>
    public const int LargestSize = 1_000_000;

    /// <summary>How long the largest ring is under full load.</summary>
    public const double SoakSeconds = 60;

    private const double IdlePercentMax = 0.5;
    private const int NodesOfTable = 3;

    /// <summary>Closed loops of the table.</summary>
    public static RingCase Closed(int nodes) => new(nodes, 64, "closed", 1);

    /// <summary>All send as much as is taken.</summary>
    public static RingCase Saturation(int nodes, int size) => new(nodes, size, "saturation", nodes);

    /// <summary>One does.</summary>
    public static RingCase OneSender(int size) => new(NodesOfTable, size, "saturation", 1);

    /// <summary>One message a second, on a ring that rests in between.</summary>
    public static RingCase AfterIdle => new(MaxNodes, 64, "rate:1", 1);

    /// <summary>All rows of which something was measured.</summary>
    public static IReadOnlyList<TargetRow> Evaluate(Measurements measured)
    {
        var rows = new List<TargetRow?>();
        foreach (var nodes in (int[])[3, 5, 14])
        {
            var name = $"closed loop 64 B, {nodes} nodes";
            rows.Add(AtMost($"{name}, p50", 0.5, Closed(nodes), Corosync, Figure.P50));
            rows.Add(AtMost($"{name}, p50", 1.5, Closed(nodes), TokenLimit, Figure.P50));
            rows.Add(AtMost($"{name}, p99", 0.5, Closed(nodes), Corosync, Figure.P99));
        }

        rows.Add(AtLeast("saturation 64 B, all send, 3 nodes", 8, Saturation(NodesOfTable, 64), Corosync, Figure.Rate));
        foreach (var nodes in (int[])[3, 5])
            AddThroughput($"saturation 1,350 B, all send, {nodes} nodes", Saturation(nodes, 1350));
        AddThroughput("64 KiB, one sender, 3 nodes", OneSender(65536));
        AddThroughput("1,000,000 B, one sender, 3 nodes", OneSender(LargestSize));
        rows.Add(Soak(measured));
        var agreed = Closed(NodesOfTable);
        rows.Add(Row(
            "safe, closed loop 64 B, 3 nodes, p50", "agreed", 2.2, isAtMost: true,
            new Figure(agreed with { Guarantee = "safe" }, EngineSpec.Totem, Figure.P50), new Figure(agreed, EngineSpec.Totem, Figure.P50)));
        rows.Add(AtMost("closed loop 64 B, 2 nodes, busy poll, p50", 1.5, Closed(2) with { IsBusyPolling = true }, BusyTokenLimit, Figure.P50));
        rows.Add(Idle(measured));
        rows.Add(Row(
            "first message after a pause of 1 s, 14 nodes, p50", "closed loop", 2, isAtMost: true,
            new Figure(AfterIdle, EngineSpec.Totem, Figure.P50), new Figure(Closed(MaxNodes), EngineSpec.Totem, Figure.P50)));
        return [.. rows.OfType<TargetRow>()];

        void AddThroughput(string name, RingCase which)
        {
            rows.Add(AtLeast(name, 10, which, Corosync, Figure.Megabytes));
            rows.Add(AtLeast(name, 0.25, which, FanOutLimit, Figure.Megabytes));
        }

        TargetRow? AtMost(string name, double bound, RingCase which, string engine, Func<RunResult, double?> figure)
            => Row(name, engine, bound, isAtMost: true, new Figure(which, EngineSpec.Totem, figure), new Figure(which, engine, figure));

        TargetRow? AtLeast(string name, double bound, RingCase which, string engine, Func<RunResult, double?> figure)
            => Row(name, engine, bound, isAtMost: false, new Figure(which, EngineSpec.Totem, figure), new Figure(which, engine, figure));

        TargetRow? Row(string name, string against, double bound, bool isAtMost, Figure ours, Figure theirs)
        {
            if (PairedRatio.Of(measured, ours, theirs) is not { } ratio)
                return null;
            var failures = (ratio.OursFailed > 0 ? $"; ours failed {ratio.OursFailed} times" : "")
                + (ratio.TheirsFailed > 0 ? $"; {against} failed {ratio.TheirsFailed} times" : "");
            var reached = ratio.Spread is { } spread ? TextOf(spread) : "no ratio";
            var holds = ratio.Spread is null ? (bool?)null
                : ratio.OursFailed == 0 && (isAtMost ? ratio.Spread.Median <= bound : ratio.Spread.Median >= bound);
            return new TargetRow(
                name, against, $"{(isAtMost ? "≤" : "≥")} {bound.ToString(CultureInfo.InvariantCulture)}×", reached + failures,
                ratio.Pairs.ToString(CultureInfo.InvariantCulture), holds);
        }
    }

    /// <summary>A ratio with its spread.</summary>
    public static string TextOf(Spread ratio) => $"{Numbers.Ratio(ratio.Median)}× ({Numbers.Ratio(ratio.Min)}–{Numbers.Ratio(ratio.Max)})";

    private static TargetRow? Soak(Measurements measured)
    {
        var report = measured.Reports.Where(Saturation(MaxNodes, 1350).Fits).MaxBy(x => x.Method.Seconds);
        if (report?.Engines.FirstOrDefault(x => x.Engine == EngineSpec.Totem) is not { } ours)
            return null;
        var ended = ours.Runs.Count(x => x.Failure is null && x.IsOrderEqual);
        var changes = ours.Runs.Sum(x => x.MembershipChanges);
        var peer = report.Engines.FirstOrDefault(x => x.Engine == Corosync);
        var seconds = report.Method.Seconds;
        return new TargetRow(
            $"14 nodes, all send 1,350 B, {seconds.ToString(CultureInfo.InvariantCulture)} s", "itself", "finishes, 0 membership changes",
            $"{ended} of {ours.Runs.Count} finished, {changes} changes"
            + (peer is null ? "" : $"; {Corosync}: {peer.Runs.Count(x => x.Failure is null)} of {peer.Runs.Count} finished, {peer.Runs.Sum(x => x.MembershipChanges)} changes"),
            ours.Runs.Count.ToString(CultureInfo.InvariantCulture),
            seconds < SoakSeconds ? null : ended == ours.Runs.Count && changes == 0);
    }

    private static TargetRow? Idle(Measurements measured)
    {
        var idle = new RingCase(MaxNodes, null, "idle");
        if (Spread.Of(Percent(EngineSpec.Totem)) is not { } ours)
            return null;
        var peer = Spread.Of(Percent(Corosync));
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{ours.Median:0.00} % ({ours.Min:0.00}–{ours.Max:0.00}), {Numbers.Ratio(ours.Median / IdlePercentMax)}× the bound");
        return new TargetRow(
            "idle, 14 nodes: processor time of a node", "one core", $"< {IdlePercentMax.ToString(CultureInfo.InvariantCulture)} %",
            text + (peer is { Median: > 0 } ? $", {Numbers.Ratio(ours.Median / peer.Median)}× {Corosync}" : ""),
            Percent(EngineSpec.Totem).Count().ToString(CultureInfo.InvariantCulture), ours.Median < IdlePercentMax);

        IEnumerable<double> Percent(string engine)
            => new Figure(idle, engine, x => x.Cores).Values(measured).OfType<double>().Select(x => 100 * x / MaxNodes);
    }
}
