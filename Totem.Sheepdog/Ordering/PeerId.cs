using System.Globalization;

namespace Totem.Sheepdog.Ordering;

/// <summary>A session of a sheep in the backend's group.</summary>
/// <param name="Seat">Where it sits: a ring's processor. Two sessions of one seat are one after the other.</param>
/// <param name="Instance">Which session of that seat.</param>
internal readonly record struct PeerId(uint Seat, uint Instance) : IComparable<PeerId>
{
    /// <inheritdoc />
    public int CompareTo(PeerId other) =>
        Seat == other.Seat ? Instance.CompareTo(other.Instance) : Seat.CompareTo(other.Seat);

    /// <summary>Before.</summary>
    public static bool operator <(PeerId left, PeerId right) => left.CompareTo(right) < 0;

    /// <summary>Behind.</summary>
    public static bool operator >(PeerId left, PeerId right) => left.CompareTo(right) > 0;

    /// <summary>Before or the same.</summary>
    public static bool operator <=(PeerId left, PeerId right) => left.CompareTo(right) <= 0;

    /// <summary>Behind or the same.</summary>
    public static bool operator >=(PeerId left, PeerId right) => left.CompareTo(right) >= 0;

    /// <summary>For people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seat}/{Instance}");
}
