using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Totem.Bench.Load;

/// <summary>When a sender sends.</summary>
internal enum LoadKind
{
    /// <summary>One message in flight: the next follows from the delivery of the own one.</summary>
    Closed,

    /// <summary>The senders answer each other: each sends from the delivery of the message of the one before it.</summary>
    Turns,

    /// <summary>At instants that are fixed beforehand, whatever becomes of the messages.</summary>
    Rate,

    /// <summary>As much as is taken.</summary>
    Saturation,

    /// <summary>Nothing: what a ring costs that nobody uses.</summary>
    Idle,
}

/// <summary>When the senders send.</summary>
/// <param name="Kind">How.</param>
/// <param name="PerSecond">For <see cref="LoadKind.Rate"/>: messages a second of all senders together.</param>
internal sealed record LoadShape(LoadKind Kind, double PerSecond)
{
    private const string RatePrefix = "rate:";

    /// <summary>Reads <c>closed</c>, <c>turns</c>, <c>saturation</c>, <c>idle</c> or <c>rate:N</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LoadShape? load)
    {
        load = text switch
        {
            "closed" => new LoadShape(LoadKind.Closed, 0),
            "turns" => new LoadShape(LoadKind.Turns, 0),
            "saturation" => new LoadShape(LoadKind.Saturation, 0),
            "idle" => new LoadShape(LoadKind.Idle, 0),
            _ when text.StartsWith(RatePrefix, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(RatePrefix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate)
                && rate is > 0 and <= 10_000_000 => new LoadShape(LoadKind.Rate, rate),
            _ => null,
        };
        return load is not null;
    }

    /// <summary>As it is written on the command line.</summary>
    public override string ToString() => Kind switch
    {
        LoadKind.Closed => "closed",
        LoadKind.Turns => "turns",
        LoadKind.Saturation => "saturation",
        LoadKind.Idle => "idle",
        _ => string.Create(CultureInfo.InvariantCulture, $"{RatePrefix}{PerSecond}"),
    };
}
