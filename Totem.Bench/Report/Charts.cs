using System.Globalization;
using Totem.Bench.Processes;
using Totem.Bench.Results;

namespace Totem.Bench.Report;

/// <summary>The charts of the report.</summary>
internal static class Charts
{
    private const string Ours = EngineSpec.Totem;
    private const int Nodes = 3;
    private const int Size = 1350;

    private static readonly (string Engine, string Name)[] Known =
    [
        (Ours, "Totem"), (Cases.Corosync, "corosync udpu"), (Cases.HopLimit, "raw hop, all answer"),
        (Cases.TokenLimit, "raw token, blocking"), (Cases.FanOutLimit, "raw fan-out, GSO and GRO"),
        (EngineSpec.ZooKeeper, "ZooKeeper"),
    ];

    /// <summary>All of which something was measured, by the names of their files.</summary>
    public static IReadOnlyList<(string Name, Chart Chart)> All(Measurements measured)
    {
        (string, Chart?)[] all =
        [
            ("latency-load", LatencyLoad(measured)),
            ("latency-distribution", Distribution(measured)),
            ("throughput-payload", ThroughputPayload(measured)),
            ("latency-nodes", LatencyNodes(measured)),
            ("throughput-nodes", ThroughputNodes(measured)),
        ];
        return [.. all.Where(x => x.Item2 is not null).Select(x => (x.Item1, x.Item2!))];
    }

    private static Chart? LatencyLoad(Measurements measured)
    {
        var lines = new List<ChartLine>();
        var reports = measured.Reports.Where(x => x.Method.Load.StartsWith("rate:", StringComparison.Ordinal)
            && x.Method is { Nodes: Nodes, Size: Size }).ToArray();
        foreach (var (engine, _) in Known)
        {
            Add(engine, "p50", isDashed: false, Figure.P50);
            Add(engine, "p99", isDashed: true, Figure.P99);
        }

        return Drawn(new Chart(
            "Latency against offered load", $"{Nodes} nodes, all send {Size:N0} B at fixed instants; at the sender, "
                + "from the instant that was meant",
            new ChartAxis("offered load, messages a second", true, Numbers.Short),
            new ChartAxis("latency", true, Numbers.Duration), lines));

        void Add(string engine, string what, bool isDashed, Func<RunResult, double?> figure) => lines.Add(LineOf(
            engine, what, isDashed,
            reports.Select(x =>
                (double.Parse(x.Method.Load.Split(':')[1], CultureInfo.InvariantCulture), Median(x, engine, figure)))));
    }

    // The x of a share p is 1/(1-p): each decade is one more nine.
    private static Chart? Distribution(Measurements measured)
    {
        double[] nines = [1, 2, 10, 100, 1000, 10_000];
        var report = measured.Find(Cases.Closed(Nodes));
        var lines = new List<ChartLine>();
        foreach (var (engine, name) in Known)
        {
            var buckets = report?.Engines.FirstOrDefault(x => x.Engine == engine)?.Runs.SelectMany(
                x => x.AtSender?.Buckets ?? [])
                .OrderBy(x => x[0]).ToArray() ?? [];
            var count = buckets.Sum(x => x[1]);
            var seen = 0.0;
            var points = new List<(double, double)>();
            foreach (var bucket in buckets)
            {
                // A bucket's length is reached by all before it, and by its own first one.
                var at = count / (count - seen);
                seen += bucket[1];
                if (at <= nines[^1])
                    points.Add((at, bucket[0]));
            }

            lines.Add(new ChartLine(name, ColourOf(engine), false, false, points));
        }

        return Drawn(new Chart(
            "Distribution of latency", $"{Nodes} nodes, closed loop, 64 B, at the sender; all runs together; the raw "
                + "token: its rotation",
            new ChartAxis("share of messages that take no longer", true, ShareOf, nines),
            new ChartAxis("latency", true, Numbers.Duration), lines));

        static string ShareOf(double nine) => (100 - 100 / nine).ToString("0.##", CultureInfo.InvariantCulture) + " %";
    }

    private static Chart? ThroughputPayload(Measurements measured)
    {
        var reports = measured.Reports.Where(
            x => x.Method is { Nodes: Nodes, Load: "saturation", Senders: 1, Api: "handler", Guarantee: "agreed" })
            .Where(x => x.Engines.Any(engine => engine.Engine == Ours)).ToArray();
        var ticks = reports.Select(x => (double)x.Method.Size).Distinct().Order().ToArray();
        var lines = Known.Select(x => LineOf(
            x.Engine, null, false, reports.Select(report =>
                ((double)report.Method.Size, Median(report, x.Engine, Figure.Megabytes))))).ToArray();
        return Drawn(new Chart(
            "Throughput against payload", $"{Nodes} nodes, one sends as much as is taken; the raw fan-out sends "
                + "datagrams of 1,400 B and loses some",
            new ChartAxis("length of a message", true, Numbers.Bytes, ticks, IsInset: true),
            new ChartAxis("delivered at each node", true, Numbers.Throughput), lines));
    }

    private static Chart? LatencyNodes(Measurements measured) => Growth(
        measured, "Latency against nodes", "closed loop, 64 B, one sends; median at the sender; the raw token: its "
            + "rotation",
        Cases.Closed, new ChartAxis("median latency", false, Numbers.Duration), Figure.P50);

    private static Chart? ThroughputNodes(Measurements measured) => Growth(
        measured, "Throughput against nodes", $"all send {Size:N0} B as much as is taken",
        nodes => Cases.Saturation(nodes, Size), new ChartAxis("delivered at each node", true, Numbers.Throughput),
        Figure.Megabytes);

    private static Chart? Growth(
        Measurements measured, string title, string subtitle, Func<int, RingCase> caseOf, ChartAxis y, Func<RunResult,
        double?> figure)
    {
        var reports = Enumerable.Range(2, Cases.MaxNodes - 1).Select(x => measured.Find(caseOf(x)))
            .OfType<BenchReport>().ToArray();
        var ticks = reports.Select(x => (double)x.Method.Nodes).ToArray();
        var lines = Known.Select(x => LineOf(
            x.Engine, null, false,
            reports.Select(report => ((double)report.Method.Nodes, Median(report, x.Engine, figure))))).ToArray();
        return Drawn(
            new Chart(title, subtitle, new ChartAxis("nodes", false, Numbers.Short, ticks, IsInset: true), y, lines));
    }

    private static ChartLine LineOf(
        string engine, string? what, bool isDashed, IEnumerable<(double X, double? Y)> points)
    {
        var name = Known.First(x => x.Engine == engine).Name;
        // A case that was measured in several parts is one point.
        var measured = points.Where(x => x.Y is > 0).GroupBy(x => x.X).OrderBy(x => x.Key)
            .Select(x => (x.Key, Spread.Of(x.Select(point => point.Y!.Value))!.Median));
        return new ChartLine(what is null ? name : $"{name}, {what}", ColourOf(engine), isDashed, true, [.. measured]);
    }

    private static double? Median(BenchReport report, string engine, Func<RunResult, double?> figure)
        => report.Engines.FirstOrDefault(x => x.Engine == engine) is { } result
            ? Spread.Of(result.Runs.Where(x => x.Failure is null).Select(figure).OfType<double>())?.Median
            : null;

    private static int ColourOf(string engine) => Array.FindIndex(Known, x => x.Engine == engine);

    private static Chart? Drawn(Chart chart)
    {
        var lines = chart.Lines.Where(x => x.Points.Count > 0).ToArray();
        return lines.Any(x => x.Points.Count > 1) ? chart with { Lines = lines } : null;
    }
}
