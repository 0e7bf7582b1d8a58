namespace Totem.Core.Time;

/// <summary>
/// A point on the host's monotonic clock, in ticks of 100 ns from an origin that only the host knows. The core compares
/// instants and adds durations; it never asks for the time.
/// </summary>
/// <param name="Ticks">64 bits of 100 ns: 29,000 years.</param>
public readonly record struct Instant(long Ticks) : IComparable<Instant>
{
    /// <inheritdoc />
    public int CompareTo(Instant other) => Ticks.CompareTo(other.Ticks);

    /// <summary>The point that much later.</summary>
    public static Instant operator +(Instant instant, TimeSpan duration) => new(instant.Ticks + duration.Ticks);

    /// <summary>The duration between two points.</summary>
    public static TimeSpan operator -(Instant later, Instant earlier) => new(later.Ticks - earlier.Ticks);

    /// <summary>Earlier than.</summary>
    public static bool operator <(Instant a, Instant b) => a.Ticks < b.Ticks;

    /// <summary>Later than.</summary>
    public static bool operator >(Instant a, Instant b) => a.Ticks > b.Ticks;

    /// <summary>Not later than.</summary>
    public static bool operator <=(Instant a, Instant b) => a.Ticks <= b.Ticks;

    /// <summary>Not earlier than.</summary>
    public static bool operator >=(Instant a, Instant b) => a.Ticks >= b.Ticks;

    /// <inheritdoc />
    public override string ToString() => $"{Ticks / (double)TimeSpan.TicksPerSecond:F6}";
}
