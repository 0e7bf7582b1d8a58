namespace Totem.Simulation.Model;

/// <summary>
/// xoshiro256** seeded by splitmix64 (Blackman, Vigna). Our own, because a seed in a bug report must mean the same run
/// on every runtime for ever.
/// </summary>
internal sealed class SimulationRandom
{
    private ulong _s0, _s1, _s2, _s3;

    public SimulationRandom(ulong seed)
    {
        _s0 = StableHash.SplitMix(ref seed);
        _s1 = StableHash.SplitMix(ref seed);
        _s2 = StableHash.SplitMix(ref seed);
        _s3 = StableHash.SplitMix(ref seed);
    }

    public ulong Next()
    {
        var result = ulong.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = ulong.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number from 0 up to, not including, the bound.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>A number from the first to the second, both included.</summary>
    public long Between(long low, long high) => low + (long)Math.BigMul(Next(), (ulong)(high - low + 1), out _);

    /// <summary>True with this probability.</summary>
    public bool Chance(double probability) => Unit() < probability;

    /// <summary>From 0 up to, not including, 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1ul << 53));

    /// <summary>One of the items.</summary>
    public T Pick<T>(ReadOnlySpan<T> items) => items[Below(items.Length)];
}
