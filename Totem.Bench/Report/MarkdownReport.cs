using System.Globalization;
using System.Text;
using Totem.Bench.Processes;
using Totem.Bench.Results;

namespace Totem.Bench.Report;

/// <summary>The report for people: ratios first, and no figure without one.</summary>
internal sealed class MarkdownReport(Measurements measured, string chartFolder)
{
    private readonly StringBuilder _text = new();

    /// <summary>Writes it.</summary>
    public string Write(IReadOnlyList<(string Name, Chart Chart)> charts)
    {
        Line("# Performance");
        Line("Written by `Totem.Bench all`, or `Totem.Bench report` from its results; do not edit. "
            + "[testing.md](../design/testing.md), \"Measuring\", says how to repeat it.");
        WriteMachine();
        WriteTargets();
        foreach (var (name, chart) in charts)
        {
            Line($"## {chart.Title}");
            Line($"![{chart.Title}: {chart.Subtitle}]({chartFolder}/{name}.svg)");
        }

        WriteFigures();
        WriteReaders();
        WriteMicro();
        return _text.ToString().TrimEnd('\n') + "\n";
    }

    private void WriteMachine()
    {
        var reports = measured.Reports.ToArray();
        var machines = reports.Select(x => x.Machine).Concat(measured.Micro.Select(x => x.Machine)).ToArray();
        if (machines.Length == 0)
            return;
        Line("## Machine and method");
        foreach (var machine in machines.Select(x => (x.Processor, x.Cores, x.System, x.Kernel, x.Runtime)).Distinct())
            Item($"{machine.Processor}, {machine.Cores} cores; {machine.System}, {machine.Kernel}; {machine.Runtime}");
        foreach (var version in machines.Select(x => x.Corosync).OfType<string>().Distinct(StringComparer.Ordinal))
            Item($"corosync {version} (the distribution's), driven through its own libcpg by the same generator; no "
                + "encryption, no redundancy");
        foreach (var version in machines.Select(x => x.ZooKeeper).OfType<string>().Distinct(StringComparer.Ordinal))
            Item($"ZooKeeper {version} (the distribution's), one server at the first node, which does not wait for "
                + "its disk");
        if (reports.Length > 0)
            WriteMethod(reports);
        _text.Append('\n');
    }

    private void WriteMethod(BenchReport[] reports)
    {
        var loads = reports.Select(x => x.Machine.LoadAverage).ToArray();
        Item(string.Create(CultureInfo.InvariantCulture,
            $"measured {reports.Min(x => x.At):yyyy-MM-dd HH:mm} to {reports.Max(x => x.At):HH:mm} UTC; load average "
                + $"before a part {loads.Min():0.0}–{loads.Max():0.0}, which counts the part before it too"));
        Item($"network: {string.Join(", ", reports.Select(x => x.Method.Network).Distinct(StringComparer.Ordinal))}; "
            + "each node a process of its own; ours over "
            + string.Join(", ", reports.Select(x => x.Method.Transport).Distinct(StringComparer.Ordinal)
                .Where(x => x != "none")));
        Item("engines take turns, and a ratio is of two runs that stand beside each other; what is shown is the median "
            + "over the pairs, and (least–most); windows of "
            + string.Join(", ", reports.Select(x => x.Method.Seconds).Distinct().Order()
                .Select(x => x.ToString(CultureInfo.InvariantCulture))) + " s after a warm-up");
        Item("the window is between two messages of the ring itself, so all nodes count the same; the order is "
            + "compared over nodes in every run"
            + (reports.SelectMany(x => x.Engines).SelectMany(x => x.Runs).Any(x => x.Failure is null && !x.IsOrderEqual)
                ? ": **IT DIFFERED**"
                : " and was the same"));
        Item($"in saturation a sender has at most {Numbers.Bytes(reports.Max(x => x.Method.OutstandingBytesMax))} and "
            + "at least two messages under way; latency there is queueing");
        Item("raw limits: programs in C without any protocol; a blocking datagram token round all nodes, and datagrams "
            + "of 1,400 B from one to all others");
        Item(reports[0].Method.RuntimeSettings);
    }

    private void WriteTargets()
    {
        var rows = Targets.Evaluate(measured);
        if (rows.Count == 0)
            return;
        Line("## Targets");
        _text.Append("| case | against | target | reached, median (least–most) | runs | met "
            + "|\n|---|---|---|---|---:|---|\n");
        foreach (var row in rows)
            Row(row.Case, row.Against, row.Bound, row.Reached, row.Runs,
                row.IsMet switch { true => "yes", false => "**no**", _ => "?" });
        _text.Append('\n');
    }

    private void WriteFigures()
    {
        if (measured.Parts.Count == 0)
            return;
        Line("## Figures");
        Line("`×` is ours divided by that engine's, the median over pairs of runs: above 1 is better for rates, below "
            + "1 for latencies and processor time. "
            + "The first stands for messages and bytes alike. Latency is at the sender. Measurements of one engine "
            + "alone are in the table of targets or in a chart.");
        _text.Append("| case | engine | msg/s | MB/s | × | p50 µs | × | p99 µs | × | p50 elsewhere µs | cpu µs/msg | × "
            + "| resent | changes | runs |\n");
        _text.Append("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (var report in measured.Reports.Where(x => x.Engines.Count > 1 && x.Method.Load != "idle"))
        {
            foreach (var engine in report.Engines)
                WriteEngine(report, engine);
        }

        _text.Append('\n');
    }

    private void WriteEngine(BenchReport report, EngineResult engine)
    {
        var summary = engine.Summary;
        var ours = report.Engines.FirstOrDefault(x => x.Engine.Split(':', '@')[0] == EngineSpec.Totem);
        // A limit counts rotations, or datagrams of its own size: only latency, or bytes, compare.
        var isLimit = engine.Engine.StartsWith("limit-", StringComparison.Ordinal);
        var isToken = engine.Engine.StartsWith(Cases.TokenLimit, StringComparison.Ordinal);
        var good = engine.Runs.Where(x => x.Failure is null).ToArray();
        Row(
            ReferenceEquals(engine, report.Engines[0]) ? RingCase.Describe(report.Method) : "",
            engine.Engine,
            isLimit ? "" : Text(summary.MessagesPerSecond), isToken ? "" : Text(summary.MegabytesPerSecond),
            isToken ? "" : Ratio(isLimit ? Figure.Megabytes : Figure.Rate),
            Text(summary.SenderP50), Ratio(Figure.P50), Text(summary.SenderP99), Ratio(Figure.P99),
            Text(summary.ReceiverP50),
            isLimit ? "" : Text(summary.ProcessorMicrosecondsPerMessage),
            isLimit ? "" : Ratio(x => x.ProcessorMicrosecondsPerMessage),
            isLimit || good.Any(x => x.Retransmissions is null) ? ""
                : Numbers.Figure(good.Sum(x => x.Retransmissions ?? 0)),
            isLimit ? "" : Numbers.Figure(summary.MembershipChanges),
            $"{good.Length}/{engine.Runs.Count}");

        string Ratio(Func<RunResult, double?> figure)
        {
            if (ours is null || ReferenceEquals(ours, engine))
                return ours is null ? "" : "1";
            var ratios = ours.Runs.Zip(engine.Runs).Where(x => x.First.Failure is null && x.Second.Failure is null)
                .Select(x => figure(x.First) / figure(x.Second)).OfType<double>()
                .Where(x => double.IsFinite(x) && x > 0);
            return Spread.Of(ratios) is { } spread ? Numbers.Ratio(spread.Median) : "";
        }
    }

    private void WriteReaders()
    {
        foreach (var report in measured.Readers ?? [])
        {
            Line("## A slow or stopped reader");
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{ReaderTable.Describe(report)}; measured {report.At:yyyy-MM-dd HH:mm} UTC, load average before it "
                + $"{report.Machine.LoadAverage:0.0}. "
                + $"The others stand still until a stopped reader is out (`StoppedReaderTimeout`)."));
            Row([.. ReaderTable.Headers]);
            _text.Append("|---").Append(string.Concat(Enumerable.Repeat("|---:", ReaderTable.Headers.Count - 1)))
                .Append("|\n");
            foreach (var row in ReaderTable.Rows(report))
                Row(row);
            _text.Append('\n');
        }
    }

    private void WriteMicro()
    {
        foreach (var report in measured.Micro)
        {
            Line("## Single operations");
            Line($"{report.Method}. `×` is to the copying of one frame of 1,400 B that is not in the nearest cache.");
            _text.Append("| operation | | × | ns, median (least–most) | bytes allocated |\n|---|---|---:|---:|---:|\n");
            foreach (var result in report.Micro)
            {
                Row(
                    $"{result.Group}.{result.Name}", result.Parameters,
                    report.Reference is { } reference ? Numbers.Ratio(result.Nanoseconds / reference.Nanoseconds) : "?",
                    $"{Numbers.Figure(result.Nanoseconds)} "
                        + $"({Numbers.Figure(result.NanosecondsMin)}–{Numbers.Figure(result.NanosecondsMax)})",
                    result.AllocatedBytes.ToString(CultureInfo.InvariantCulture));
            }

            _text.Append('\n');
        }
    }

    private void Line(string text) => _text.Append(text).Append("\n\n");

    private void Item(string text) => _text.Append("- ").Append(text).Append('\n');

    private void Row(params ReadOnlySpan<string> cells) => _text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Text(Spread? spread) => spread is null or { Median: 0 } ? "" : Numbers.Figure(spread.Median);
}
