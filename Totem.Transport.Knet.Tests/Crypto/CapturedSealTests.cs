using System.Security.Cryptography;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Tests.Captures;

namespace Totem.Transport.Knet.Tests.Crypto;

/// <summary>Sealed packets of real rings open, and sealed with the same IV they are the same bytes.</summary>
public sealed class CapturedSealTests
{
    public static TheoryData<string> Captures => KnetCapture.Sealed;

    [Theory]
    [MemberData(nameof(Captures))]
    public void A_packet_that_is_sealed_again_is_the_one_that_was_captured(string name)
    {
        var capture = KnetCapture.Named(name);
        var counts = new Dictionary<CipherSuite, int>();
        foreach (var (suite, keyName) in capture.Suites())
        {
            using var key = new KnetKey(KnetCapture.KeyBytes(keyName));
            using var random = new ForcedIv(suite, key);
            using var seal = SealFactory.Create(suite, key, new RandomPool(random.Fill, ForcedIv.BlockBytes))!;
            var again = new byte[70_000];
            foreach (var packet in capture.Packets)
            {
                if (!seal.TryOpen(packet.Payload, out var plain))
                    continue;
                random.Next(packet.Payload);
                Assert.Equal(packet.Payload.Length, seal.Shape.SealedBytes(plain.Length));
                var bytes = seal.Seal(plain.ToArray(), again);
                Assert.Equal(packet.Payload, again[..bytes]);
                random.Sealed(again.AsSpan(0, bytes));
                counts[suite] = counts.GetValueOrDefault(suite) + 1;
            }
        }

        Assert.All(capture.Suites(), x => Assert.True(
            counts.GetValueOrDefault(x.Suite) > 40, $"{x.Suite}: {counts.GetValueOrDefault(x.Suite)}"));
    }

    /// <summary>
    /// Gives the block that makes the next IV the one of a captured packet: the encryptor chains, so the block is what
    /// the IV decrypts to, combined with the block of ciphertext before. The pool holds one block.
    /// </summary>
    private sealed class ForcedIv(CipherSuite suite, KnetKey key) : IDisposable
    {
        public const int BlockBytes = 16;

        private readonly Aes? _aes = Create(suite, key);
        private readonly byte[] _block = new byte[BlockBytes];
        private byte[] _before = new byte[BlockBytes];

        public void Next(byte[] datagram)
        {
            if (_aes is null)
                return;
            var iv = datagram.AsSpan(0, BlockBytes);
            _aes.DecryptEcb(iv, _block, PaddingMode.None);
            for (var i = 0; i < BlockBytes; i++)
                _block[i] ^= _before[i];
        }

        public void Sealed(ReadOnlySpan<byte> datagram)
        {
            if (_aes is not null)
                _before = datagram[..^suite.MacBytes][^BlockBytes..].ToArray();
        }

        public void Dispose() => _aes?.Dispose();

        public void Fill(Span<byte> destination) => _block.CopyTo(destination);

        private static Aes? Create(CipherSuite suite, KnetKey key)
        {
            if (suite.Cipher == KnetCipher.None)
                return null;
            var aes = Aes.Create();
            aes.SetKey(key.Bytes[..suite.CipherKeyBytes]);
            return aes;
        }
    }
}
