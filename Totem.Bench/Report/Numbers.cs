using System.Globalization;

namespace Totem.Bench.Report;

/// <summary>Numbers with as many digits as they deserve.</summary>
internal static class Numbers
{
    /// <summary>A ratio, with digits enough to see on which side of a bound it is.</summary>
    public static string Ratio(double ratio) => ratio switch
    {
        >= 100 => Text(ratio, "N0"),
        >= 10 => Text(ratio, "0.0"),
        >= 0.1 => Text(ratio, "0.00"),
        _ => Text(ratio, "0.000"),
    };

    /// <summary>A figure: three digits that count, thousands set apart.</summary>
    public static string Figure(double figure) => figure switch
    {
        0 => "0",
        >= 100 => Text(figure, "N0"),
        >= 10 => Text(figure, "0.0"),
        _ => Text(figure, "0.00"),
    };

    /// <summary>A number on an axis: 20k, 1.5M.</summary>
    public static string Short(double number) => number switch
    {
        >= 1e6 => Text(number / 1e6, "0.##") + "M",
        >= 1e3 => Text(number / 1e3, "0.##") + "k",
        _ => Text(number, "0.###"),
    };

    /// <summary>A length of time on an axis, in the unit in which it is short: 100 µs, 10 ms, 1 s.</summary>
    public static string Duration(double microseconds) => microseconds switch
    {
        >= 1e6 => Text(microseconds / 1e6, "0.###") + " s",
        >= 1e3 => Text(microseconds / 1e3, "0.###") + " ms",
        _ => Text(microseconds, "0.###") + " µs",
    };

    /// <summary>Bytes a second on an axis: 20 MB/s, 1 GB/s.</summary>
    public static string Throughput(double megabytes) => megabytes switch
    {
        >= 1e3 => Text(megabytes / 1e3, "0.###") + " GB/s",
        >= 1 => Text(megabytes, "0.###") + " MB/s",
        _ => Text(megabytes * 1e3, "0.###") + " kB/s",
    };

    /// <summary>A length in bytes.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        >= 1e6 when bytes % 1e6 == 0 => Text(bytes / 1e6, "0") + " MB",
        >= 1 << 20 when bytes % (1 << 20) == 0 => Text(bytes / (1 << 20), "0") + " MiB",
        >= 1024 when bytes % 1024 == 0 => Text(bytes / 1024, "0") + " KiB",
        _ => Text(bytes, "N0") + " B",
    };

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
