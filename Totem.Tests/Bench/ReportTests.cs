using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Totem.Bench.Micro;
using Totem.Bench.Readers;
using Totem.Bench.Report;
using Totem.Bench.Results;
using Totem.Tests.Tidy;
using Totem.Tests.Transport;

namespace Totem.Tests.Bench;

/// <summary>The report, from results that were made up.</summary>
public sealed class ReportTests : IDisposable
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";
    private static readonly MachineFacts Machine =
        new("A Processor", 2, "A System", "A Kernel", "A Runtime", "3.1.7", 0.5, "3.8.0");

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Ratios_are_of_runs_beside_each_other_with_their_median_and_spread()
    {
        // Run by run 0.4, 0.5 and 0.2: the ratio of the medians would be 0.27.
        var text = await WriteAsync(Report(
            Closed(3), ("totem", [40, 100, 30]), ("corosync-udpu", [100, 200, 150]), ("limit-hop", [20, 80, 10])));
        Assert.Contains("| closed loop 64 B, 3 nodes, p50 at the sender | corosync-udpu | ≤ 0.12× | 0.40× (0.20–0.50) "
            + "| 3 | **no** |", text, StringComparison.Ordinal);
        Assert.Contains("| closed loop 64 B, 3 nodes, p50 at the last receiver | limit-hop | ≤ 2× | 2.00× (1.25–3.00) "
            + "| 3 | yes |", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rate_must_be_high_where_a_latency_must_be_low()
    {
        var text = await WriteAsync(
            Report(new RingCase(3, 64, "saturation", 3), ("totem", [800, 900]), ("corosync-udpu", [100, 100])));
        Assert.Contains("| saturation 64 B, all send, 3 nodes | corosync-udpu | ≥ 8× | 8.50× (8.00–9.00) | 2 | yes |",
            text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_came_to_nothing_is_told_and_leaves_its_pair_out()
    {
        var text = await WriteAsync(Report(Closed(14), ("totem", [100, 100]), ("corosync-udpu", [null, 400])));
        Assert.Contains("| 0.25× (0.25–0.25); corosync-udpu failed 1 times | 1 | yes |", text,
            StringComparison.Ordinal);
        text = await WriteAsync(Report(Closed(14), ("totem", [100, null]), ("corosync-udpu", [400, 400])));
        Assert.Contains("| 0.25× (0.25–0.25); ours failed 1 times | 1 | **no** |", text, StringComparison.Ordinal);
        text = await WriteAsync(Report(Closed(14), ("totem", [100]), ("corosync-udpu", [null])));
        Assert.Contains("| no ratio; corosync-udpu failed 1 times | 0 | ? |", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_member_is_compared_with_the_limit_of_another_report()
    {
        var text = await WriteAsync(
            Report(Closed(3), ("totem", [50, 50]), ("limit-hop", [100, 200])),
            Report(new RingCase(3, 64, "beside:200", 2), ("totem", [210, 400])));
        Assert.Contains(
            "| a second member sends while the token rests elsewhere, 3 nodes, p50 | limit-hop | ≤ 4× | 2.05× "
                + "(2.00–2.10) | 2 | yes |", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_idle_ring_is_judged_by_the_processor_time_of_a_node()
    {
        var report = Report(new RingCase(14, 64, "idle", 1), ("totem", [null]));
        report = report with { Engines =
            [new EngineResult("totem", [new RunResult { IsOrderEqual = true, Cores = 0.14 }])] };
        Assert.Contains("| < 0.5 % | 1.00 % (1.00–1.00), 2.00× the bound | 1 | **no** |", await WriteAsync(report),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machine_versions_figures_and_single_operations_stand_there()
    {
        var micro = Path.Combine(_folder.Path, "micro.json");
        MicroResult[] results =
            [new("Copy", "CopyOneFrame", "", 40, 39, 41, 0), new("Wire", "ReadToken", "Size=1", 10, 9, 11, 24)];
        await File.WriteAllTextAsync(
            micro, JsonSerializer.Serialize(
                new MicroReport(default, Machine, "A Method", results), MicroReportJson.Default.MicroReport));
        var text = await WriteAsync([micro], Report(Closed(3), ("totem", [100]), ("corosync-udpu", [400])));
        Assert.Contains("A Processor, 2 cores", text, StringComparison.Ordinal);
        Assert.Contains("corosync 3.1.7", text, StringComparison.Ordinal);
        Assert.Contains("| 3 nodes, 64 B, closed loop, one sends | totem | 100 | 100 | 1 |", text,
            StringComparison.Ordinal);
        Assert.Contains("|  | corosync-udpu | 400 | 400 | 0.25 |", text, StringComparison.Ordinal);
        Assert.Contains("| Wire.ReadToken | Size=1 | 0.25 | 10.0 (9.00–11.0) | 24 |", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Readers_are_judged_by_what_they_can_take_or_by_the_ring_without_them()
    {
        ReaderResult[] readers =
        [
            new() { Run = 1, Reader = "is absent", OthersPerSecond = 1000, AbsentPerSecond = 1000, IsReference = true },
            new() { Run = 1, Reader = "reads 50 %", CanTake = 500, TookPerSecond = 450, OthersPerSecond = 450,
                AbsentPerSecond = 1000 },
            new() { Run = 1, Reader = "reads 90 %", CanTake = 900, OthersPerSecond = 450, AbsentPerSecond = 1000 },
            new() { Run = 1, Reader = "pauses", OthersPerSecond = 940, AbsentPerSecond = 1000, IsOut = true,
                ChangedAfter = 2.5, Changes = 3, LongestSilence = 1.2 },
            new() { Run = 1, Reader = "fails", Failure = "it was stopped" },
        ];
        var file = Path.Combine(_folder.Path, "readers.json");
        var report = new ReaderReport(default, Machine, 3, 1350, 1000, 60, 10, 10, "namespaces", "udp", readers);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, ReaderReportJson.Default.ReaderReport));

        var text = await WriteAsync([file], Report(Closed(3), ("totem", [100]), ("corosync-udpu", [400])));
        Assert.Contains("| is absent |  |  | 1,000 |  | 1.00 | 0/1 |  | 0.0 | 0 |  |  |", text,
            StringComparison.Ordinal);
        Assert.Contains("| reads 50 % | 500 | 450 | 450 | 0.90 | 0.45 | 0/1 |  | 0.0 | 0 | ≥ 0.9 of it | yes |", text,
            StringComparison.Ordinal);
        Assert.Contains("| reads 90 % | 900 |  | 450 | 0.50 | 0.45 | 0/1 |  | 0.0 | 0 | ≥ 0.9 of it | **no** |", text,
            StringComparison.Ordinal);
        Assert.Contains("| pauses |  |  | 940 |  | 0.94 | 1/1 | 2.50 | 1.2 | 3 | ≥ 0.95 without it | **no** |", text,
            StringComparison.Ordinal);
        Assert.Contains("| fails |  |  |  |  |  |  |  |  | 0 |  | **no** |", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Charts_are_XML_with_a_line_for_each_engine_inside_the_frame()
    {
        BenchReport[] reports =
        [
            .. new[] { 2, 3, 14 }.Select(
                nodes => Report(Closed(nodes), ("totem", [100 + nodes]), ("corosync-udpu", [400 * nodes]))),
            .. new[] { 64, 1350, 65536 }.Select(size =>
                Report(new RingCase(3, size, "saturation", 1), ("totem", [size]), ("limit-fanout-gso", [2 * size]))),
            .. new[] { 1000, 5000 }.Select(rate => Report(
                new RingCase(3, 1350, string.Create(CultureInfo.InvariantCulture, $"rate:{rate}"), 3),
                ("totem", [rate]))),
        ];
        var text = await WriteAsync(reports);
        foreach (var (name, lines) in new[] { ("latency-load", 2), ("latency-distribution", 2),
            ("throughput-payload", 2), ("latency-nodes", 2) })
        {
            Assert.Contains($"(performance/{name}.svg)", text, StringComparison.Ordinal);
            var chart = XDocument.Load(Path.Combine(_folder.Path, "performance", $"{name}.svg"));
            Assert.Equal(Svg + "svg", chart.Root!.Name);
            // Each has one in the legend and one in the drawing.
            Assert.Equal(
                2 * lines, chart.Descendants(Svg + "path").Count(x => x.Attribute("stroke-width") is not null));
            Assert.All(chart.Descendants(Svg + "circle"), x =>
            {
                Assert.InRange(Number(x, "cx"), 0, Number(chart.Root, "width"));
                Assert.InRange(Number(x, "cy"), 0, Number(chart.Root, "height"));
            });
        }
    }

    /// <summary>The charts of the repository, whatever page they are on: text at 4.5 to 1 (WCAG 1.4.3), lines at 3 to 1
    /// (1.4.11), and numbers with units that people use.</summary>
    [Fact]
    public void The_published_charts_can_be_read()
    {
        var files = Repository.Files.Where(x => x.StartsWith("docs/reference/performance/", StringComparison.Ordinal)
            && x.EndsWith(".svg", StringComparison.Ordinal)).ToArray();
        Assert.Equal(5, files.Length);
        foreach (var file in files)
        {
            var root = XDocument.Load(Repository.FullPath(file)).Root!;
            var paper = root.Elements(Svg + "rect").First();
            Assert.Equal(
                (Number(root, "width"), Number(root, "height")), (Number(paper, "width"), Number(paper, "height")));
            var page = Luminance(paper.Attribute("fill")!.Value);
            Assert.True(Contrast(root.Attribute("fill")!.Value) >= 4.5, $"{file}: text");
            foreach (var line in root.Elements(Svg + "path").Where(x => x.Attribute("stroke-width") is not null))
                Assert.True(Contrast(line.Attribute("stroke")!.Value) >= 3, $"{file}: {line}");
            var texts = root.Elements(Svg + "text").Select(x => x.Value).ToArray();
            // A unit that belongs to the axis as a whole makes "10M µs" of a number.
            Assert.DoesNotContain(texts, x => x.EndsWith(", µs", StringComparison.Ordinal)
                || x.EndsWith(", MB/s", StringComparison.Ordinal));
            Assert.Contains(texts, x => x.EndsWith(" ms", StringComparison.Ordinal)
                || x.EndsWith(" µs", StringComparison.Ordinal) || x.EndsWith("B/s", StringComparison.Ordinal));

            double Contrast(string colour) => (page + 0.05) / (Luminance(colour) + 0.05);
        }

        // Relative luminance of sRGB.
        static double Luminance(string colour)
        {
            var parts = new[] { 1, 3, 5 }.Select(
                x => int.Parse(colour.AsSpan(x, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0)
                .Select(x => x <= 0.03928 ? x / 12.92 : Math.Pow((x + 0.055) / 1.055, 2.4)).ToArray();
            return (0.2126 * parts[0]) + (0.7152 * parts[1]) + (0.0722 * parts[2]);
        }
    }

    [Theory]
    [InlineData(100, "100 µs", "100 MB/s")]
    [InlineData(1000, "1 ms", "1 GB/s")]
    [InlineData(20_000, "20 ms", "20 GB/s")]
    [InlineData(10_000_000, "10 s", "10000 GB/s")]
    [InlineData(0.5, "0.5 µs", "500 kB/s")]
    public void Numbers_on_an_axis_have_the_unit_in_which_they_are_short(
        double number, string duration, string throughput) =>
        Assert.Equal((duration, throughput), (Numbers.Duration(number), Numbers.Throughput(number)));

    [Fact]
    public void A_load_is_offered_to_every_engine_that_can_take_it()
    {
        var measured = new Measurements(
            [new MeasuredPart("all",
                [Report(new RingCase(3, 1350, "saturation", 3), ("totem", [1000]), ("corosync-udpu", [100]))])], []);
        var plans = new AllPlan(isQuick: false).Parts.Where(x => x.Key.StartsWith("load-", StringComparison.Ordinal))
            .SelectMany(x => x.PlansFor(measured)).ToArray();
        Assert.Equal(8, plans.Length);
        foreach (var plan in plans)
        {
            string[] engines = plan.Load.PerSecond <= 90 ? ["totem", "corosync-udpu"] : ["totem"];
            Assert.Equal(engines, plan.Engines.Select(x => x.Text));
        }
    }

    [Fact]
    public async Task A_file_of_something_else_is_refused()
    {
        var file = Path.Combine(_folder.Path, "other.json");
        await File.WriteAllTextAsync(file, "{}");
        var run = await BenchRun.OfAsync("report", "--in", file, "--out", Path.Combine(_folder.Path, "performance.md"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("other.json is no result", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_has_each_key_once_and_fits_into_its_time()
    {
        foreach (var (isQuick, minutes) in new[] { (false, 90), (true, 6) })
        {
            var parts = new AllPlan(isQuick).Parts;
            Assert.Equal(parts.Count, parts.Select(x => x.Key).Distinct(StringComparer.Ordinal).Count());
            Assert.InRange(parts.Sum(x => x.Estimate), 60, minutes * 60);
        }
    }

    [Fact]
    public void Every_row_of_the_targets_is_in_the_plan_and_most_have_five_runs()
    {
        var parts = new AllPlan(isQuick: false).Parts;
        // Each ratio, the idle ring and the long run; a load depends on what saturation was.
        Assert.Equal(Targets.Wanted.Count + 2, Targets.Evaluate(AsIfMeasured(parts)).Count);
        // Less often: cold rings, pauses of a minute, and saturation of 8 and 14 nodes, whose runs are long.
        Assert.Equal(
            Targets.Wanted.Count + 1 - 6 - 4 - 6, Targets.Evaluate(AsIfMeasured(parts.Where(x => x.Runs == 5))).Count);
        Assert.All(parts.Where(x => x.Key.StartsWith("cold-", StringComparison.Ordinal)
            || x.Key.StartsWith("growth-", StringComparison.Ordinal)), x => Assert.Equal(3, x.Runs));

        static Measurements AsIfMeasured(IEnumerable<PlanPart> parts) => new(
            [.. parts.Select(
                part => new MeasuredPart(part.Key, [.. part.PlansFor(Measurements.None).Select(plan => Report(
                new RingCase(
                    plan.Nodes, plan.Size, plan.Load.ToString(), plan.Senders, plan.IsSafe ? "safe" : "agreed",
                    plan.IsBusyPolling, plan.Api, plan.WarmUpSeconds),
                [.. plan.Engines.Select(x => (x.Text, new double?[] { 100 }))]))]))],
            []);
    }

    [Fact]
    public void A_tail_is_the_p99_over_the_p50_of_each_run()
    {
        var load = Report(new RingCase(3, 1350, "rate:100", 3), ("totem", [100, 200]));
        var row = Assert.Single(
            Targets.Evaluate(new Measurements([new MeasuredPart(AllPlan.LoadKey("totem", 0.1), [load])], [])));
        Assert.Equal(("its p50", "≤ 10×", "2", true), (row.Against, row.Bound, row.Runs, row.IsMet));
        Assert.StartsWith("10 % of saturation", row.Case, StringComparison.Ordinal);
    }

    private static double Number(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static RingCase Closed(int nodes) => new(nodes, 64, "closed", 1);

    // Each figure of a run is that number.
    private static BenchReport Report(RingCase which, params (string Engine, double?[] Figures)[] engines) => new(
        default, Machine,
        new MethodFacts(
            which.Nodes, which.Size ?? 0, which.Guarantee, which.Load, which.Senders ?? which.Nodes, 2,
            which.WarmUp ?? 1, engines[0].Figures.Length, "namespaces", "udp",
            which.Api, which.IsBusyPolling, 1, 1 << 21, "defaults"),
        [.. engines.Select(x => new EngineResult(x.Engine, [.. x.Figures.Select(RunOf)]))]);

    private static RunResult RunOf(double? figure) => figure is not { } value
        ? new RunResult { Failure = "it was stopped" }
        : new RunResult
        {
            AtMedianReceiver = new LatencySummary(3, value, value, value, value, value, value, []),
            AtLastReceiver = new LatencySummary(3, value, value, value, value, value, value, []),
            IsOrderEqual = true,
            Messages = 100,
            Seconds = 1,
            MessagesPerSecond = value,
            MegabytesPerSecond = value,
            AtSender = new LatencySummary(
                3, value, value, value, value, value, value, [[value / 2, 1], [value, 1], [value * 2, 1]]),
            ProcessorMicrosecondsPerMessage = value,
            Cores = value,
        };

    private Task<string> WriteAsync(params BenchReport[] reports) => WriteAsync([], reports);

    private async Task<string> WriteAsync(string[] more, params BenchReport[] reports)
    {
        var results = Path.Combine(_folder.Path, "results.json");
        new Measurements([new MeasuredPart("part", reports)], []).Save(results);
        var document = Path.Combine(_folder.Path, "performance.md");
        var run = await BenchRun.OfAsync(["report", "--in", results, .. more, "--out", document]);
        Assert.True(run.ExitCode == 0, run.Error);
        return await File.ReadAllTextAsync(document);
    }
}
