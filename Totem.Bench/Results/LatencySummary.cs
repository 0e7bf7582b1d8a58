using Totem.Bench.Load;

namespace Totem.Bench.Results;

/// <summary>A distribution of latencies, in microseconds.</summary>
/// <param name="Count">How many messages were timed.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="P50">The median.</param>
/// <param name="P90">Nine of ten took no longer.</param>
/// <param name="P99">Of a hundred, 99.</param>
/// <param name="P999">Of a thousand, 999.</param>
/// <param name="Max">The longest.</param>
/// <param name="Buckets">The whole distribution for plots: the longest latency of each bucket, in
/// microseconds, and how many messages it has.</param>
internal sealed record LatencySummary(
    long Count, double Mean, double P50, double P90, double P99, double P999, double Max,
    IReadOnlyList<double[]> Buckets)
{
    private const double NanosecondsPerMicrosecond = 1000;

    /// <summary>Of the histograms of several nodes together; null when nothing was timed.</summary>
    public static LatencySummary? Of(IEnumerable<LatencyBuckets> parts)
    {
        var all = new LatencyHistogram();
        foreach (var part in parts)
            all.Add(part);
        if (all.Count == 0)
            return null;
        return new LatencySummary(
            all.Count,
            all.Sum / NanosecondsPerMicrosecond / all.Count,
            At(0.5), At(0.9), At(0.99), At(0.999),
            all.Max / NanosecondsPerMicrosecond,
            [.. all.Buckets.Select(x => new[] { x.UpTo / NanosecondsPerMicrosecond, x.Count })]);

        double At(double share) => all.Quantile(share) / NanosecondsPerMicrosecond;
    }
}
