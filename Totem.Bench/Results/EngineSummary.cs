namespace Totem.Bench.Results;

/// <summary>A figure over several runs.</summary>
/// <param name="Median">The middle.</param>
/// <param name="Min">The least.</param>
/// <param name="Max">The most.</param>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>Of these figures; null when there are none.</summary>
    public static Spread? Of(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        if (sorted.Length == 0)
            return null;
        var middle = sorted.Length / 2;
        return new Spread(
            sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }
}

/// <summary>Medians and spread over the runs of an engine; latencies in microseconds.</summary>
/// <param name="Failed">How many runs came to nothing.</param>
/// <param name="MessagesPerSecond">Messages delivered a second, at each node.</param>
/// <param name="MegabytesPerSecond">Megabytes of payload delivered a second, at each node.</param>
/// <param name="SenderP50">Median latency at the sender.</param>
/// <param name="SenderP99">Its 99th of a hundred.</param>
/// <param name="SenderP999">Its 999th of a thousand.</param>
/// <param name="ReceiverP50">Median latency at the other nodes.</param>
/// <param name="ReceiverP99">Its 99th of a hundred.</param>
/// <param name="ProcessorMicrosecondsPerMessage">Processor time of all nodes together for a message.</param>
/// <param name="MembershipChanges">Changes of the membership, over all runs.</param>
internal sealed record EngineSummary(
    int Failed, Spread? MessagesPerSecond, Spread? MegabytesPerSecond, Spread? SenderP50, Spread? SenderP99,
    Spread? SenderP999,
    Spread? ReceiverP50, Spread? ReceiverP99, Spread? ProcessorMicrosecondsPerMessage, long MembershipChanges)
{
    /// <summary>Over these runs.</summary>
    public static EngineSummary Of(IReadOnlyList<RunResult> runs)
    {
        var good = runs.Where(x => x.Failure is null).ToArray();
        return new EngineSummary(
            runs.Count - good.Length,
            Over(x => x.MessagesPerSecond),
            Over(x => x.MegabytesPerSecond),
            Over(x => x.AtSender?.P50),
            Over(x => x.AtSender?.P99),
            Over(x => x.AtSender?.P999),
            Over(x => x.AtReceivers?.P50),
            Over(x => x.AtReceivers?.P99),
            Over(x => x.ProcessorMicrosecondsPerMessage),
            good.Sum(x => x.MembershipChanges));

        Spread? Over(Func<RunResult, double?> figure) => Spread.Of(good.Select(figure).OfType<double>());
    }
}
