using System.Text.Json.Serialization;
using Totem.Bench.Results;

namespace Totem.Bench.Readers;

/// <summary>The effect of a slow or stopped reader on the others; the object that <c>reader --json</c>
/// writes.</summary>
/// <param name="At">When it began.</param>
/// <param name="Machine">Where.</param>
/// <param name="Nodes">Nodes with the reader, each a process of its own.</param>
/// <param name="Size">The length of a message, in bytes.</param>
/// <param name="Rate">Messages a second that the others were to send together.</param>
/// <param name="PauseSeconds">How long the reader paused.</param>
/// <param name="Seconds">The length of each window.</param>
/// <param name="WarmUpSeconds">How long the load ran before it.</param>
/// <param name="Network"><c>namespaces</c> or <c>loopback</c>.</param>
/// <param name="Transport">The transport.</param>
/// <param name="Readers">Every window of every run.</param>
internal sealed record ReaderReport(
    DateTimeOffset At, MachineFacts Machine, int Nodes, int Size, double Rate, double PauseSeconds, double Seconds,
    double WarmUpSeconds,
    string Network, string Transport, IReadOnlyList<ReaderResult> Readers);

/// <summary>One window of one run.</summary>
internal sealed record ReaderResult
{
    /// <summary>The share that others keep of what the reader can take.</summary>
    public const double OfReaderMin = 0.9;

    /// <summary>The share that others keep of a ring without the reader, once it is put out.</summary>
    public const double OfAbsentMin = 0.95;

    /// <summary>How long it may take until they do.</summary>
    public const double SettleSeconds = 5;

    /// <summary>Which run, from 1.</summary>
    public required int Run { get; init; }

    /// <summary>The reader's behaviour in the window.</summary>
    public required string Reader { get; init; }

    /// <summary>Messages a second that the reader can take; null where it takes none.</summary>
    public double? CanTake { get; init; }

    /// <summary>Messages a second that the reader took; null when it is absent.</summary>
    public double? TookPerSecond { get; init; }

    /// <summary>Messages a second that the others delivered, the mean of them.</summary>
    public double OthersPerSecond { get; init; }

    /// <summary>The same on the ring without the reader.</summary>
    public double AbsentPerSecond { get; init; }

    /// <summary>Whether the ring of the others was without the reader at the end of the window.</summary>
    public bool IsOut { get; init; }

    /// <summary>Seconds from the beginning of a pause until the reader was out, and from its end
    /// until it was back; null when it was not.</summary>
    public double? ChangedAfter { get; init; }

    /// <summary>The longest time for which the first node delivered nothing, in seconds, to a tenth.</summary>
    public double LongestSilence { get; init; }

    /// <summary>Changes of the membership in the window, at the first node.</summary>
    public long Changes { get; init; }

    /// <summary>Why it came to nothing; null when it did not.</summary>
    public string? Failure { get; init; }

    /// <summary>Whether the reader is there and nothing is asked of it: the rings that others are
    /// compared with.</summary>
    public bool IsReference { get; init; }

    /// <summary>The share that the others keep of what the reader can take; null when it is out.</summary>
    [JsonIgnore]
    public double? OfReader => IsOut || CanTake is not > 0 ? null : OthersPerSecond / CanTake;

    /// <summary>The share that the others keep of a ring without the reader.</summary>
    [JsonIgnore]
    public double? OfAbsent => AbsentPerSecond > 0 ? OthersPerSecond / AbsentPerSecond : null;

    /// <summary>Whether it is as it should be; null for the rings that others are compared with.</summary>
    [JsonIgnore]
    public bool? IsMet => Failure is not null ? false
        : IsReference ? null
        : IsOut || CanTake is null ? OfAbsent >= OfAbsentMin
        : OfReader >= OfReaderMin;
}

/// <summary>Code for reading and writing it without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(ReaderReport))]
internal sealed partial class ReaderReportJson : JsonSerializerContext;
