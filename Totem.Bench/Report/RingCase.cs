using System.Globalization;
using Totem.Bench.Results;

namespace Totem.Bench.Report;

/// <summary>The measured case, as far as a row of the report tells cases apart.</summary>
/// <param name="Nodes">How many nodes.</param>
/// <param name="Size">The length of a message; null for any, where none counts.</param>
/// <param name="Load">As on the command line.</param>
/// <param name="Senders">How many nodes send; null for any.</param>
/// <param name="Guarantee">Agreed or safe.</param>
/// <param name="IsBusyPolling">Whether ours polls.</param>
/// <param name="Api">How ours is used.</param>
/// <param name="WarmUp">How long the load ran before the window, in seconds; null for any.</param>
internal sealed record RingCase(
    int Nodes, int? Size, string Load, int? Senders = null, string Guarantee = "agreed", bool IsBusyPolling = false,
    string Api = "handler",
    double? WarmUp = null)
{
    /// <summary>Whether a report is of this case.</summary>
    public bool Fits(BenchReport report)
    {
        var method = report.Method;
        return method.Nodes == Nodes && (Size is null || method.Size == Size) && method.Load == Load
            && (Senders is null || method.Senders == Senders) && method.Guarantee == Guarantee
            && method.IsBusyPolling == IsBusyPolling && method.Api == Api
            && (WarmUp is null || method.WarmUpSeconds == WarmUp);
    }

    /// <summary>A case for people.</summary>
    public static string Describe(MethodFacts method)
    {
        var who = method.Senders == method.Nodes ? "all send" : method.Senders == 1 ? "one sends"
            : $"{method.Senders} send";
        var load = method.Load switch
        {
            "closed" => "closed loop",
            "idle" => "idle",
            "saturation" => "saturation",
            "turns" => "in turn",
            _ when method.Load.StartsWith("beside:", StringComparison.Ordinal) =>
                $"{method.Load.Split(':')[^1]} msg/s beside a closed loop",
            _ => $"{method.Load.Split(':')[^1]} msg/s offered",
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{method.Nodes} nodes, {method.Size:N0} B, {load}, {who}"
            + $"{(method.Guarantee == "safe" ? ", safe" : "")}{(method.IsBusyPolling ? ", busy poll" : "")}"
            + $"{(method.Api == "handler" ? "" : $", {method.Api}")}{(method.WarmUpSeconds == 0 ? ", cold" : "")}");
    }
}

/// <summary>A figure of one engine in a case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Engine">The engine, by its name without settings.</param>
/// <param name="Of">The figure.</param>
internal sealed record Figure(RingCase Case, string Engine, Func<RunResult, double?> Of)
{
    /// <summary>The median latency at the sender, in microseconds.</summary>
    public static double? P50(RunResult run) => run.AtSender?.P50;

    /// <summary>Its 99th of a hundred.</summary>
    public static double? P99(RunResult run) => run.AtSender?.P99;

    /// <summary>The median latency at the receiver in the middle.</summary>
    public static double? MedianReceiver(RunResult run) => run.AtMedianReceiver?.P50;

    /// <summary>The median latency at the last receiver.</summary>
    public static double? LastReceiver(RunResult run) => run.AtLastReceiver?.P50;

    /// <summary>The last receiver's 99th of a hundred.</summary>
    public static double? LastReceiverP99(RunResult run) => run.AtLastReceiver?.P99;

    /// <summary>Processor time of all nodes for a message, in microseconds.</summary>
    public static double? Processor(RunResult run) => run.ProcessorMicrosecondsPerMessage;

    /// <summary>Messages a second.</summary>
    public static double? Rate(RunResult run) => run.MessagesPerSecond;

    /// <summary>Megabytes a second.</summary>
    public static double? Megabytes(RunResult run) => run.MegabytesPerSecond;

    // One with settings is asked for by its whole text.
    private EngineResult? EngineIn(BenchReport? report)
        => report?.Engines.FirstOrDefault(x => x.Engine == Engine)
            ?? report?.Engines.FirstOrDefault(x => x.Engine.Split(':', '@')[0] == Engine);

    /// <summary>All runs in their order; null for one that came to nothing. None when it was not measured.</summary>
    public double?[] Values(Measurements measured)
        => EngineIn(measured.Find(Case))?.Runs
            .Select(run => run.Failure is null && Of(run) is { } value and > 0
                && double.IsFinite(value) ? (double?)value : null).ToArray() ?? [];
}

/// <summary>A ratio over alternating runs: of each run to the one beside it.</summary>
/// <param name="Spread">Median, least and most; null when no pair came to something.</param>
/// <param name="Pairs">How many pairs did.</param>
/// <param name="OursFailed">Runs of the first that came to nothing.</param>
/// <param name="TheirsFailed">Runs of the second.</param>
internal sealed record PairedRatio(Spread? Spread, int Pairs, int OursFailed, int TheirsFailed)
{
    /// <summary>One figure to another.</summary>
    /// <returns>Null when one of them was not measured.</returns>
    public static PairedRatio? Of(Measurements measured, Figure ours, Figure theirs)
    {
        var (first, second) = (ours.Values(measured), theirs.Values(measured));
        if (first.Length == 0 || second.Length == 0)
            return null;
        var ratios = first.Zip(second).Select(x => x.First / x.Second).OfType<double>().ToArray();
        return new PairedRatio(
            Spread.Of(ratios), ratios.Length, first.Count(x => x is null), second.Count(x => x is null));
    }
}
