using System.Globalization;
using System.Text;

namespace Totem.Bench.Results;

/// <summary>A report for people: medians, the spread of the rate, and ratios to the first engine.</summary>
internal static class ReportTable
{
    /// <summary>Writes it.</summary>
    public static void Write(BenchReport report, TextWriter output)
    {
        var method = report.Method;
        output.WriteLine(
            $"{method.Nodes} nodes, {method.Size} B {method.Guarantee}, {method.Load}, {method.Senders} send; "
            + $"{method.Runs} x {method.Seconds} s, "
            + $"{method.Network}; medians");
        string[] headers =
            ["engine", "msg/s", "(min-max)", "x", "MB/s", "p50 us", "x", "p99 us", "x", "p99.9", "recv p50", "median "
                + "recv p50", "last recv p50", "p99", "cpu us/msg", "retrans", "lost", "changes", "gc", "runs"];
        List<string[]> rows = [headers, .. report.Engines.Select(x => Row(x, report.Engines[0].Summary))];
        var widths = Enumerable.Range(0, headers.Length).Select(i => rows.Max(row => row[i].Length)).ToArray();
        foreach (var row in rows)
        {
            var line = new StringBuilder();
            for (var i = 0; i < row.Length; i++)
                line.Append(i == 0 ? row[i].PadRight(widths[i]) : row[i].PadLeft(widths[i])).Append("  ");
            output.WriteLine(line.ToString().TrimEnd());
        }

        foreach (var failure in report.Engines.SelectMany(
            x => x.Runs.Where(run => run.Failure is not null).Select(run => $"{x.Engine}: {run.Failure}")))
            output.WriteLine(failure);
    }

    private static string[] Row(EngineResult engine, EngineSummary first)
    {
        var summary = engine.Summary;
        var good = engine.Runs.Where(x => x.Failure is null).ToArray();
        return
        [
            engine.Engine,
            Number(summary.MessagesPerSecond?.Median),
            summary.MessagesPerSecond is { } rate ? $"{Number(rate.Min)}-{Number(rate.Max)}" : "",
            Ratio(summary.MessagesPerSecond, first.MessagesPerSecond),
            Number(summary.MegabytesPerSecond?.Median),
            Number(summary.SenderP50?.Median),
            Ratio(summary.SenderP50, first.SenderP50),
            Number(summary.SenderP99?.Median),
            Ratio(summary.SenderP99, first.SenderP99),
            Number(summary.SenderP999?.Median),
            Number(summary.ReceiverP50?.Median),
            Number(Spread.Of(good.Select(x => x.AtMedianReceiver?.P50).OfType<double>())?.Median),
            Number(Spread.Of(good.Select(x => x.AtLastReceiver?.P50).OfType<double>())?.Median),
            Number(Spread.Of(good.Select(x => x.AtLastReceiver?.P99).OfType<double>())?.Median),
            Number(summary.ProcessorMicrosecondsPerMessage?.Median),
            good.Any(x => x.Retransmissions is null) ? "" : Number(good.Sum(x => x.Retransmissions)),
            Spread.Of(good.Select(x => x.LostShare).OfType<double>()) is { } lost ? $"{100 * lost.Median:0}%" : "",
            Number(summary.MembershipChanges),
            Number(good.Sum(x => x.Collections)),
            $"{good.Length}/{engine.Runs.Count}",
        ];
    }

    private static string Ratio(Spread? figure, Spread? first)
        => figure is null || first is null || first.Median == 0 ? ""
            : (figure.Median / first.Median).ToString("0.00", CultureInfo.InvariantCulture);

    private static string Number(double? figure) => figure switch
    {
        null => "",
        >= 100 or 0 => figure.Value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => figure.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => figure.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
