using System.Globalization;
using Totem.Bench.Readers;
using Totem.Bench.Results;

namespace Totem.Bench.Report;

/// <summary>A report as rows: medians over the runs, and the spread of the ratio that is judged.</summary>
internal static class ReaderTable
{
    /// <summary>The columns.</summary>
    public static IReadOnlyList<string> Headers { get; } =
        ["the last node", "it can take msg/s", "it took msg/s", "the others msg/s", "× what it can take", "× without "
            + "it", "out", "out or back after s", "longest silence s", "changes", "wanted", "met"];

    /// <summary>A row for each window.</summary>
    public static IEnumerable<string[]> Rows(ReaderReport report)
        => report.Readers.GroupBy(x => x.Reader, StringComparer.Ordinal).Select(x => Row(x.Key, [.. x]));

    /// <summary>Says in a line how it was measured.</summary>
    public static string Describe(ReaderReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Nodes} nodes, {report.Size} B, {Numbers.Figure(report.Rate)} msg/s offered by all but the last node, "
        + $"which reads the stream of events and sends nothing; "
        + $"windows of {report.Seconds} s after {report.WarmUpSeconds} s; {report.Network}, {report.Transport}");

    /// <summary>Writes it for a terminal.</summary>
    public static void Write(ReaderReport report, TextWriter output)
    {
        output.WriteLine(Describe(report));
        string[][] rows = [[.. Headers], .. Rows(report)];
        var widths = Enumerable.Range(0, Headers.Count).Select(i => rows.Max(row => row[i].Length)).ToArray();
        foreach (var row in rows)
            output.WriteLine(string.Join("  ",
                row.Select((x, i) => i == 0 ? x.PadRight(widths[i]) : x.PadLeft(widths[i]))).TrimEnd());
        foreach (var failed in report.Readers.Where(x => x.Failure is not null))
            output.WriteLine($"run {failed.Run}, {failed.Reader}: {failed.Failure}");
    }

    private static string[] Row(string name, ReaderResult[] runs)
    {
        var good = runs.Where(x => x.Failure is null).ToArray();
        return
        [
            name,
            Text(x => x.CanTake),
            Text(x => x.TookPerSecond),
            Text(x => x.OthersPerSecond),
            Ratio(x => x.OfReader),
            Ratio(x => x.OfAbsent),
            good.Length == 0 ? "" : $"{good.Count(x => x.IsOut)}/{good.Length}",
            Text(x => x.ChangedAfter),
            Spread.Of(good.Select(x => x.LongestSilence)) is { } silence
                ? silence.Max.ToString("0.0", CultureInfo.InvariantCulture)
                : "",
            good.Sum(x => x.Changes).ToString(CultureInfo.InvariantCulture),
            Wanted(good),
            runs.All(x => x.IsMet is null) ? "" : runs.All(x => x.IsMet != false) ? "yes" : "**no**",
        ];

        string Text(Func<ReaderResult, double?> figure) =>
            Of(figure) is { } spread ? Numbers.Figure(spread.Median) : "";

        string Ratio(Func<ReaderResult, double?> figure) => Of(figure) switch
        {
            null => "",
            { } spread when good.Length == 1 => Numbers.Ratio(spread.Median),
            { } spread => $"{Numbers.Ratio(spread.Median)} ({Numbers.Ratio(spread.Min)}–{Numbers.Ratio(spread.Max)})",
        };

        Spread? Of(Func<ReaderResult, double?> figure) => Spread.Of(good.Select(figure).OfType<double>());
    }

    private static string Wanted(ReaderResult[] runs) => runs.All(x => x.IsReference) ? ""
        : string.Join(" or ", runs.Select(x => x.IsOut || x.CanTake is null ? $"≥ {Bound(ReaderResult.OfAbsentMin)} "
            + "without it" : $"≥ {Bound(ReaderResult.OfReaderMin)} of it").Distinct(StringComparer.Ordinal));

    private static string Bound(double bound) => bound.ToString(CultureInfo.InvariantCulture);
}
