using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Totem.Bench.Load;

/// <summary>When a sender sends.</summary>
internal enum LoadKind
{
    /// <summary>One message in flight: the next follows from the delivery of the sender's own one.</summary>
    Closed,

    /// <summary>The senders answer each other: each sends from the delivery of the message of the
    /// one before it.</summary>
    Turns,

    /// <summary>The first sender has one message in flight all the time; the others send beside it, at instants as of
    /// <see cref="Rate"/>, and only their messages are timed.</summary>
    Beside,

    /// <summary>At instants that are fixed beforehand, whatever becomes of the messages.</summary>
    Rate,

    /// <summary>As much as is taken.</summary>
    Saturation,

    /// <summary>Nothing: what a ring costs that nobody uses.</summary>
    Idle,
}

/// <summary>When the senders send.</summary>
/// <param name="Kind">How.</param>
/// <param name="PerSecond">For <see cref="LoadKind.Rate"/>: messages a second of all senders together; for
/// <see cref="LoadKind.Beside"/>: of all but the first.</param>
internal sealed record LoadShape(LoadKind Kind, double PerSecond)
{
    private const string RatePrefix = "rate:";
    private const string BesidePrefix = "beside:";
    private const double RateMax = 10_000_000;

    /// <summary>Reads <c>closed</c>, <c>turns</c>, <c>saturation</c>, <c>idle</c>, <c>rate:N</c> or
    /// <c>beside:N</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LoadShape? load)
    {
        load = text switch
        {
            "closed" => new LoadShape(LoadKind.Closed, 0),
            "turns" => new LoadShape(LoadKind.Turns, 0),
            "saturation" => new LoadShape(LoadKind.Saturation, 0),
            "idle" => new LoadShape(LoadKind.Idle, 0),
            _ when TryRead(text, RatePrefix, out var rate) => new LoadShape(LoadKind.Rate, rate),
            _ when TryRead(text, BesidePrefix, out var rate) => new LoadShape(LoadKind.Beside, rate),
            _ => null,
        };
        return load is not null;
    }

    private static bool TryRead(string text, string prefix, out double rate)
    {
        rate = 0;
        return text.StartsWith(prefix, StringComparison.Ordinal)
            && double.TryParse(
                text.AsSpan(prefix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out rate)
            && rate is > 0 and <= RateMax;
    }

    /// <summary>As it is written on the command line.</summary>
    public override string ToString() => Kind switch
    {
        LoadKind.Closed => "closed",
        LoadKind.Turns => "turns",
        LoadKind.Saturation => "saturation",
        LoadKind.Idle => "idle",
        LoadKind.Beside => string.Create(CultureInfo.InvariantCulture, $"{BesidePrefix}{PerSecond}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{RatePrefix}{PerSecond}"),
    };
}
