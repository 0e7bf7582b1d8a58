using System.Globalization;

namespace Totem.Cli.Operation;

/// <summary>Figures and foreign words for people.</summary>
internal static class PlainText
{
    /// <summary>Words of another process, which must not move the cursor of this terminal.</summary>
    public static string Safe(string text) =>
        string.Concat(text.Select(x => char.IsControl(x) ? '\uFFFD' : x));

    /// <summary><c>12,345</c>.</summary>
    public static string Number(double number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary><c>0.21 ms</c>, <c>3.4 s</c>, <c>2 h 5 min</c>, <c>3 d 4 h</c>.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalMilliseconds: < 10 } => Figure(span.TotalMilliseconds, "0.00 ms"),
        { TotalMilliseconds: < 1000 } => Figure(span.TotalMilliseconds, "0 ms"),
        { TotalMinutes: < 1 } => Figure(span.TotalSeconds, "0.0 s"),
        { TotalHours: < 1 } => $"{Figure(span.Minutes, "0 min")} {Figure(span.Seconds, "0 s")}",
        { TotalDays: < 1 } => $"{Figure(span.Hours, "0 h")} {Figure(span.Minutes, "0 min")}",
        _ => $"{Figure(Math.Floor(span.TotalDays), "0 d")} {Figure(span.Hours, "0 h")}",
    };

    /// <summary><c>340 B</c>, <c>12 kB</c>, <c>3.4 MB</c>.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        < 1e3 => Figure(bytes, "0 B"),
        < 1e6 => Figure(bytes / 1e3, "0.0 kB"),
        < 1e9 => Figure(bytes / 1e6, "0.0 MB"),
        _ => Figure(bytes / 1e9, "0.0 GB"),
    };

    private static string Figure(double value, string format)
    {
        var blank = format.IndexOf(' ', StringComparison.Ordinal);
        return value.ToString(format[..blank], CultureInfo.InvariantCulture) + format[blank..];
    }
}
