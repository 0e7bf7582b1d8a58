using System.Globalization;

namespace Totem.Bench.Micro;

/// <summary>The measured operations for people.</summary>
internal static class MicroTable
{
    /// <summary>Writes them.</summary>
    public static void Write(MicroReport report, TextWriter output)
    {
        output.WriteLine($"{report.Method}; x is to the copying of a frame of 1,400 bytes");
        string[] headers = ["operation", "", "ns", "(min-max)", "x", "bytes allocated"];
        List<string[]> rows = [headers, .. report.Micro.Select(x => Row(x, report.Reference))];
        var widths = Enumerable.Range(0, headers.Length).Select(i => rows.Max(row => row[i].Length)).ToArray();
        foreach (var row in rows)
            output.WriteLine(string.Join("  ",
                row.Select((x, i) => i < 2 ? x.PadRight(widths[i]) : x.PadLeft(widths[i]))).TrimEnd());
    }

    private static string[] Row(MicroResult result, MicroResult? reference) =>
    [
        $"{result.Group}.{result.Name}",
        result.Parameters,
        Number(result.Nanoseconds),
        $"{Number(result.NanosecondsMin)}-{Number(result.NanosecondsMax)}",
        reference is null ? "" : (result.Nanoseconds / reference.Nanoseconds)
            .ToString("0.00", CultureInfo.InvariantCulture),
        result.AllocatedBytes.ToString(CultureInfo.InvariantCulture),
    ];

    private static string Number(double nanoseconds) =>
        nanoseconds.ToString(nanoseconds < 10 ? "0.00" : "0", CultureInfo.InvariantCulture);
}
