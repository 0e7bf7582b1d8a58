using System.Security.Cryptography;
using Totem.Simulation.Model;
using Totem.Transport.Knet.Crypto;

namespace Totem.Transport.Knet.Tests.Crypto;

public sealed class SealTests
{
    public static TheoryData<int, int> Suites()
    {
        var suites = new TheoryData<int, int>();
        foreach (var cipher in Enum.GetValues<KnetCipher>())
        {
            foreach (var hash in Enum.GetValues<KnetHash>().Where(x => x != KnetHash.None))
                suites.Add((int)cipher, (int)hash);
        }

        return suites;
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void What_is_sealed_opens_and_no_part_of_it_may_change(int cipher, int hash)
    {
        var suite = new CipherSuite((KnetCipher)cipher, (KnetHash)hash);
        using var seal = Create(suite, 256, seed: 1);
        var random = new SimulationRandom(7);
        var datagram = new byte[66_000];
        foreach (var length in (int[])[1, 7, 15, 16, 17, 26, 71, 1411, 9000, 65_400])
        {
            var packet = Bytes(length, random);
            var bytes = seal.Seal(packet, datagram);
            Assert.Equal(seal.Shape.SealedBytes(length), bytes);
            Assert.True(seal.TryOpen(datagram.AsSpan(0, bytes), out var opened));
            Assert.Equal(packet, opened.ToArray());
            for (var i = 0; i < 20; i++)
            {
                var place = random.Below(bytes);
                datagram[place] ^= 0x40;
                Assert.False(seal.TryOpen(datagram.AsSpan(0, bytes), out _));
                datagram[place] ^= 0x40;
            }

            Assert.False(seal.TryOpen(datagram.AsSpan(0, bytes - 1), out _));
            Assert.False(seal.TryOpen(datagram.AsSpan(0, bytes + 1), out _));
        }

        Assert.False(seal.TryOpen([], out _));
    }

    /// <summary>AES is held against the library's one-shot calls, which are given the IV.</summary>
    [Theory]
    [InlineData((int)KnetCipher.Aes128, 16)]
    [InlineData((int)KnetCipher.Aes192, 24)]
    [InlineData((int)KnetCipher.Aes256, 32)]
    public void The_kept_encryptor_says_what_the_library_says(int cipher, int keyBytes)
    {
        var contents = Bytes(256, new SimulationRandom(1));
        using var seal = Create(new CipherSuite((KnetCipher)cipher, KnetHash.Sha256), 256, seed: 1);
        using var aes = Aes.Create();
        aes.SetKey(contents.AsSpan(0, keyBytes));
        var datagram = new byte[2000];
        var ivs = new HashSet<string>(StringComparer.Ordinal);
        for (var length = 1; length < 1400; length += 13)
        {
            var packet = Bytes(length, new SimulationRandom((ulong)length));
            var sealedPacket = datagram.AsSpan(0, seal.Seal(packet, datagram));
            var iv = sealedPacket[..16];
            Assert.True(ivs.Add(Convert.ToHexString(iv)), "an IV was used twice");
            Assert.Equal(aes.EncryptCbc(packet, iv), sealedPacket[16..^32].ToArray());
            Assert.Equal(HMACSHA256.HashData(contents, sealedPacket[..^32]), sealedPacket[^32..].ToArray());
        }
    }

    [Fact]
    public void Padding_that_is_wrong_is_refused_although_its_MAC_is_right()
    {
        var contents = Bytes(256, new SimulationRandom(1));
        using var seal = Create(new CipherSuite(KnetCipher.Aes256, KnetHash.Sha256), 256, seed: 1);
        using var aes = Aes.Create();
        aes.SetKey(contents.AsSpan(0, 32));
        foreach (var (last, before, isGood) in ((byte, byte, bool)[])[(1, 9, true), (2, 2, true), (0, 0, false),
            (17, 17, false), (2, 3, false), (16, 9, false)])
        {
            var plain = new byte[32];
            (plain[^1], plain[^2]) = (last, before);
            var body = (byte[])[.. new byte[16], .. aes.EncryptCbc(plain, new byte[16], PaddingMode.None)];
            Assert.Equal(isGood, seal.TryOpen([.. body, .. HMACSHA256.HashData(contents, body)], out _));
        }
    }

    [Fact]
    public void A_key_has_128_bytes_at_least_and_4096_count()
    {
        Assert.Throws<ArgumentException>(() => new KnetKey(new byte[127]));
        var contents = Bytes(5000, new SimulationRandom(3));
        using var key = new KnetKey(contents);
        Assert.Equal(contents[..4096], key.Bytes.ToArray());
        Assert.True(key.Holds(contents));
        Assert.False(key.Holds(contents.AsSpan(0, 4095)));
    }

    [Fact]
    public void A_disposed_key_is_wiped()
    {
        var key = new KnetKey(Bytes(200, new SimulationRandom(3)));
        key.Dispose();
        Assert.False(key.Bytes.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void A_cipher_needs_a_hash_and_a_suite_a_key()
    {
        using var key = new KnetKey(new byte[128]);
        var random = new RandomPool(_ => { });
        Assert.Throws<ArgumentException>(
            () => SealFactory.Create(new CipherSuite(KnetCipher.Aes256, KnetHash.None), key, random));
        Assert.Throws<ArgumentException>(
            () => SealFactory.Create(new CipherSuite(KnetCipher.Aes256, KnetHash.Sha256), null, random));
        Assert.Null(SealFactory.Create(CipherSuite.Clear, null, random));
    }

    [Fact]
    public void Nothing_is_allocated_for_a_packet()
    {
        using var seal = Create(new CipherSuite(KnetCipher.Aes256, KnetHash.Sha256), 4096, seed: 1);
        var packet = new byte[1411];
        var datagram = new byte[2000];
        SealAndOpen(1000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        SealAndOpen(10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void SealAndOpen(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var bytes = seal.Seal(packet, datagram);
                if (!seal.TryOpen(datagram.AsSpan(0, bytes), out _))
                    throw new InvalidOperationException("what was sealed does not open");
            }
        }
    }

    private static PacketSeal Create(CipherSuite suite, int keyBytes, ulong seed)
    {
        using var key = new KnetKey(Bytes(keyBytes, new SimulationRandom(seed)));
        return SealFactory.Create(suite, key, new RandomPool(RandomNumberGenerator.Fill))!;
    }

    private static byte[] Bytes(int count, SimulationRandom random)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
            bytes[i] = (byte)random.Below(256);
        return bytes;
    }
}
