using System.Globalization;

namespace Totem.Simulation.Faults;

/// <summary>How scripts write values: <c>12.5ms</c>, <c>0.05</c>, <c>*</c> for every processor.</summary>
internal static class ScriptText
{
    public static string Duration(TimeSpan duration) =>
        duration.Ticks % TimeSpan.TicksPerMillisecond != 0 && duration < TimeSpan.FromMilliseconds(1)
            ? (duration.Ticks / 10m).ToString("0.#", CultureInfo.InvariantCulture) + "us"
            : (duration.Ticks / (decimal)TimeSpan.TicksPerMillisecond)
            .ToString("0.####", CultureInfo.InvariantCulture) + "ms";

    public static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = default;
        foreach (var (suffix, ticks) in Units)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            if (!decimal.TryParse(
                text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture, out var value)
                || value > DurationMaxSeconds * TimeSpan.TicksPerSecond / ticks)
                return false;
            duration = new TimeSpan((long)Math.Round(value * ticks));
            return true;
        }

        return false;
    }

    /// <summary>A line without its comment and the space around it.</summary>
    public static ReadOnlySpan<char> WithoutComment(ReadOnlySpan<char> line)
    {
        var comment = line.IndexOf('#');
        return (comment < 0 ? line : line[..comment]).Trim();
    }

    public static string Rate(double rate) => rate.ToString("0.######", CultureInfo.InvariantCulture);

    public static string Node(ProcessorId node) => node.IsNone ? "*" : node.ToString();

    public static string Nodes(IEnumerable<ProcessorId> nodes) => string.Join(",", nodes);

    private const decimal DurationMaxSeconds = 24 * 3600;

    // Longest suffix first: every unit ends in s.
    private static readonly (string Suffix, long Ticks)[] Units =
    [
        ("us", TimeSpan.TicksPerMicrosecond),
        ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond),
    ];
}
