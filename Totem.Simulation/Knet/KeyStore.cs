using System.Runtime.InteropServices;
using Totem.Simulation.Model;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Keys;

namespace Totem.Simulation.Knet;

/// <summary>The key files of a cluster, one after the other. All hosts have the latest one.</summary>
internal sealed class KeyStore(ClusterSetup setup)
{
    private const string ClusterName = "simulated";
    private const int KeyBytes = 256;
    private const ulong Salt = 0x6B65_7973;

    private readonly List<CipherSuite> _suites = [setup.Knet!.Suite];

    /// <summary>The number of the file that a process that starts reads.</summary>
    public int Latest => _suites.Count - 1;

    /// <summary>An administrator puts a new file on all hosts.</summary>
    /// <returns>Its number.</returns>
    public int Add(CipherSuite suite)
    {
        _suites.Add(suite);
        return Latest;
    }

    public CipherSuite SuiteOf(int number) => _suites[number];

    /// <summary>The keys of a file, for a member that speaks these formats.</summary>
    public KeySet Open(int number, SpokenFormat format, RandomPool pool) =>
        Open(Contents(number), _suites[number], format, pool);

    /// <summary>The keys of somebody who has no file.</summary>
    public KeySet OfStranger(SpokenFormat format, RandomPool pool) =>
        Open(Contents(-1), new CipherSuite(KnetCipher.Aes256, KnetHash.Sha256), format, pool);

    /// <summary>A member's source of randomness: it follows from the seed, the member and its life.</summary>
    public RandomPool PoolFor(int place, int life)
    {
        var random = new SimulationRandom(StableHash.Mix(StableHash.Mix(setup.Seed, (ulong)place), (ulong)life));
        return new RandomPool(
            destination =>
            {
                foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(destination))
                    word = random.Next();
            },
            1024);
    }

    private static KeySet Open(byte[] contents, CipherSuite suite, SpokenFormat format, RandomPool pool)
    {
        using var key = new KnetKey(contents);
        if (format == SpokenFormat.Aead)
            return KeySet.OfAead(new AeadMaster(key, ClusterName));
        var seal = SealFactory.Create(suite, key, pool);
        return format == SpokenFormat.Libknet || seal is null
            ? KeySet.OfLibknet(seal) : KeySet.Of(seal, new AeadMaster(key, ClusterName));
    }

    private byte[] Contents(int number)
    {
        var random = new SimulationRandom(StableHash.Mix(setup.Seed ^ Salt, unchecked((ulong)number)));
        var contents = new byte[KeyBytes];
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(contents.AsSpan()))
            word = random.Next();
        return contents;
    }
}
