namespace Totem;

/// <summary>
/// A message's number on its ring. 32 bits are imposed by the wire and wrap, so there is no total order: two numbers
/// are compared circularly, which is exact as long as they are less than 2^31 apart; windows keep them within 16384.
/// </summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct Seq(uint Value)
{
    /// <summary>How far this number is ahead of another; negative when it is behind.</summary>
    public int DistanceFrom(Seq other) => unchecked((int)(Value - other.Value));

    /// <summary>The number after this one.</summary>
    public Seq Next => new(unchecked(Value + 1));

    /// <summary>The lower of two numbers, circularly.</summary>
    public static Seq Min(Seq a, Seq b) => a < b ? a : b;

    /// <summary>The higher of two numbers, circularly.</summary>
    public static Seq Max(Seq a, Seq b) => a > b ? a : b;

    /// <summary>The number that many steps on.</summary>
    public static Seq operator +(Seq seq, int steps) => new(unchecked(seq.Value + (uint)steps));

    /// <summary>The number that many steps back.</summary>
    public static Seq operator -(Seq seq, int steps) => new(unchecked(seq.Value - (uint)steps));

    /// <summary>Circularly before.</summary>
    public static bool operator <(Seq a, Seq b) => a.DistanceFrom(b) < 0;

    /// <summary>Circularly after.</summary>
    public static bool operator >(Seq a, Seq b) => a.DistanceFrom(b) > 0;

    /// <summary>Circularly before, or equal.</summary>
    public static bool operator <=(Seq a, Seq b) => a.DistanceFrom(b) <= 0;

    /// <summary>Circularly after, or equal.</summary>
    public static bool operator >=(Seq a, Seq b) => a.DistanceFrom(b) >= 0;

    /// <inheritdoc />
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
