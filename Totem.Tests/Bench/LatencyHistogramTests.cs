using Totem.Bench.Load;

namespace Totem.Tests.Bench;

/// <summary>The promise of the histogram of latencies: no value is read back smaller, and none by more than 1/128
/// larger.</summary>
public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(0.99)]
    [InlineData(0.999)]
    [InlineData(1.0)]
    public void A_quantile_is_at_most_a_part_above_the_true_one(double share)
    {
        var random = new Random(1);
        var histogram = new LatencyHistogram();
        // Evenly over the orders of magnitude, from a nanosecond to ten seconds.
        var values = Enumerable.Range(0, 50_000).Select(_ => (long)Math.Pow(10, random.NextDouble() * 10)).ToArray();
        foreach (var value in values)
            histogram.Record(value);
        Array.Sort(values);

        var exact = values[(int)Math.Ceiling(share * values.Length) - 1];

        Assert.InRange(histogram.Quantile(share), exact, exact + exact / LatencyHistogram.PartsPerOctave);
    }

    [Fact]
    public void Short_durations_and_the_longest_are_exact()
    {
        var histogram = new LatencyHistogram();
        foreach (var value in (long[])[0, 1, 127, 128, 255, 1_234_567])
            histogram.Record(value);

        Assert.Equal([0, 1, 127, 128, 255, 1_234_567], histogram.Buckets.Select(x => x.UpTo));
        Assert.All(histogram.Buckets, x => Assert.Equal(1, x.Count));
        Assert.Equal(1_234_567, histogram.Max);
        Assert.Equal(1_234_567, histogram.Quantile(1));
    }

    [Fact]
    public void Clocks_that_disagree_and_ages_are_counted_at_the_ends()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(-5);
        histogram.Record(long.MaxValue);

        Assert.Equal([0, LatencyHistogram.ValueMax], histogram.Buckets.Select(x => x.UpTo));
    }

    [Fact]
    public void Parts_add_up_to_what_one_would_have_counted()
    {
        var random = new Random(2);
        LatencyHistogram whole = new(), left = new(), right = new(), sum = new();
        for (var i = 0; i < 10_000; i++)
        {
            var value = random.NextInt64(1, 100_000_000);
            whole.Record(value);
            (i % 3 == 0 ? left : right).Record(value);
        }

        sum.Add(left.ToBuckets());
        sum.Add(right.ToBuckets());

        Assert.Equal(whole.Buckets, sum.Buckets);
        Assert.Equal((whole.Count, whole.Max, whole.Sum), (sum.Count, sum.Max, sum.Sum));
    }

    [Fact]
    public void Nothing_has_no_quantile() => Assert.Equal(0, new LatencyHistogram().Quantile(0.99));
}
