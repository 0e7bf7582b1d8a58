using System.Globalization;

namespace Totem.Cli.Output;

/// <summary>When something happened, at the start of a line for people.</summary>
internal static class ClockTime
{
    /// <summary>This host's time of day, to the millisecond, always of the same width.</summary>
    public static string Of(DateTimeOffset at) =>
        at.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
}
