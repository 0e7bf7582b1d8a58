using System.Numerics;

namespace Totem.Bench.Load;

/// <summary>
/// Counts durations in nanoseconds, in buckets whose width grows with the value: below 256 ns each value has its own,
/// above it each power of two has <see cref="PartsPerOctave"/>, so that what is read back is at most 1/128 above what
/// was recorded.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int PartBits = 7;

    /// <summary>Buckets for each power of two.</summary>
    public const int PartsPerOctave = 1 << PartBits;

    /// <summary>The longest duration that is told from longer ones: 18 minutes.</summary>
    public const long ValueMax = (1L << 40) - 1;

    private readonly long[] _counts = new long[IndexOf(ValueMax) + 1];

    /// <summary>How many durations were recorded.</summary>
    public long Count { get; private set; }

    /// <summary>The longest one, as it was recorded; 0 when there is none.</summary>
    public long Max { get; private set; }

    /// <summary>The sum of all, for the mean.</summary>
    public long Sum { get; private set; }

    /// <summary>The buckets that have something in them: the longest duration that belongs there,
    /// and how many do.</summary>
    public IEnumerable<(long UpTo, long Count)> Buckets
    {
        get
        {
            for (var index = 0; index < _counts.Length; index++)
            {
                if (_counts[index] > 0)
                    yield return (Math.Min(UpperEndOf(index), Max), _counts[index]);
            }
        }
    }

    /// <summary>Takes a duration in. A negative one, of clocks that disagree, counts as none.</summary>
    public void Record(long nanoseconds)
    {
        var value = Math.Clamp(nanoseconds, 0, ValueMax);
        _counts[IndexOf(value)]++;
        Count++;
        Sum += value;
        if (value > Max)
            Max = value;
    }

    /// <summary>Takes buckets of another histogram in.</summary>
    public void Add(LatencyBuckets other)
    {
        for (var i = 0; i < other.UpTo.Length; i++)
        {
            _counts[IndexOf(Math.Min(other.UpTo[i], ValueMax))] += other.Counts[i];
            Count += other.Counts[i];
        }

        Sum += other.Sum;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The duration that this share of all do not exceed; 0 when there is none.</summary>
    public long Quantile(double share)
    {
        var wanted = Math.Max(1, (long)Math.Ceiling(share * Count));
        var seen = 0L;
        for (var index = 0; index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (seen >= wanted)
                return Math.Min(UpperEndOf(index), Max);
        }

        return Max;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        (Count, Max, Sum) = (0, 0, 0);
    }

    /// <summary>The counts that another process needs to add this to its own.</summary>
    public LatencyBuckets ToBuckets()
    {
        var buckets = Buckets.ToArray();
        return new LatencyBuckets([.. buckets.Select(x => x.UpTo)], [.. buckets.Select(x => x.Count)], Sum, Max);
    }

    private static int IndexOf(long value)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)value) - PartBits);
        return (shift << PartBits) + (int)(value >> shift);
    }

    private static long UpperEndOf(int index)
    {
        var shift = Math.Max(0, (index >> PartBits) - 1);
        return ((long)(index - (shift << PartBits) + 1) << shift) - 1;
    }
}

/// <summary>A histogram on its way between processes.</summary>
/// <param name="UpTo">The longest duration of each bucket, in nanoseconds, rising.</param>
/// <param name="Counts">How many durations each bucket has.</param>
/// <param name="Sum">The sum of all durations.</param>
/// <param name="Max">The longest.</param>
internal sealed record LatencyBuckets(long[] UpTo, long[] Counts, long Sum, long Max);
