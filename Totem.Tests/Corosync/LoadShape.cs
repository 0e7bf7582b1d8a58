using System.Globalization;

namespace Totem.Tests.Corosync;

/// <summary>The shape of the messages of a load.</summary>
/// <param name="Seed">Where the lengths are drawn from.</param>
/// <param name="LengthMin">The shortest, in bytes.</param>
/// <param name="LengthMax">The longest.</param>
/// <param name="LargePermille">How many of a thousand are drawn from the whole range, and not only
/// below 1500 bytes.</param>
internal sealed record LoadShape(int Seed, int LengthMin = 1, int LengthMax = 300_000, int LargePermille = 20)
{
    // As in cpg_load.c.
    private const int SmallMax = 1500;
    private const int Thousand = 1000;

    /// <summary>The shape as arguments of a load program.</summary>
    public IEnumerable<string> Arguments
        => ((int[])[Seed, LengthMin, LengthMax, LargePermille]).Select(x => x.ToString(CultureInfo.InvariantCulture));

    /// <summary>Reads the arguments.</summary>
    public static LoadShape Parse(ReadOnlySpan<string> arguments) => new(
        int.Parse(arguments[0], CultureInfo.InvariantCulture),
        int.Parse(arguments[1], CultureInfo.InvariantCulture),
        int.Parse(arguments[2], CultureInfo.InvariantCulture),
        int.Parse(arguments[3], CultureInfo.InvariantCulture));

    /// <summary>Draws the length of the next message.</summary>
    public int DrawLength(Random random)
    {
        var isLarge = random.Next(Thousand) < LargePermille;
        var top = isLarge || LengthMin >= SmallMax ? LengthMax : Math.Min(SmallMax, LengthMax);
        return Math.Min(top, (int)(LengthMin * Math.Exp(random.NextDouble() * Math.Log((top + 1.0) / LengthMin))));
    }
}
