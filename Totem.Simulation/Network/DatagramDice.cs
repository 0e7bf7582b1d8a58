using Totem.Simulation.Model;

namespace Totem.Simulation.Network;

/// <summary>
/// The random decisions about one datagram on one link. They follow from (seed, link, how many datagrams that link has
/// seen), so that leaving out one event of a script disturbs the other links as little as possible.
/// </summary>
internal struct DatagramDice(ulong linkSeed, ulong number)
{
    private ulong _state = StableHash.Mix(linkSeed, number);

    public ulong Next() => StableHash.SplitMix(ref _state);

    /// <summary>True with this probability; a probability of 0 rolls nothing.</summary>
    public bool Chance(double probability) => probability > 0 && (Next() >> 11) * (1.0 / (1ul << 53)) < probability;

    /// <summary>A number from 0 to the bound, both included.</summary>
    public long UpTo(long bound) => bound <= 0 ? 0 : (long)Math.BigMul(Next(), (ulong)bound + 1, out _);
}
