using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Keys;

namespace Totem.Transport.Knet.Tests.Keys;

/// <summary>A change of keys in corosync's phases (KNET §17.3).</summary>
public sealed class KeyConfigurationsTests
{
    private static readonly CipherSuite Usual = new(KnetCipher.Aes256, KnetHash.Sha256);
    private static readonly byte[] Packet = [1, 0x81, 0, 2, 0, 0, 0, 0];

    [Fact]
    public void Both_keys_are_read_from_the_reload_to_phase_two_and_the_new_one_seals_from_phase_one()
    {
        using var old = Configurations(Seal(Usual, 1));
        using var oldPeer = Seal(Usual, 1);
        using var newPeer = Seal(Usual, 2);
        AssertOpens(old, oldPeer, true);
        AssertOpens(old, newPeer, false);

        old.Load(KeySet.OfLibknet(Seal(Usual, 2)));
        AssertOpens(old, oldPeer, true);
        AssertOpens(old, newPeer, true);
        Assert.True(oldPeer.TryOpen(SealedBy(old.Sealer(isAead: false)), out _));

        old.Switch();
        AssertOpens(old, oldPeer, true);
        Assert.True(newPeer.TryOpen(SealedBy(old.Sealer(isAead: false)), out _));

        old.Finish();
        AssertOpens(old, oldPeer, false);
        AssertOpens(old, newPeer, true);
        Assert.Equal(RekeyPhase.Settled, old.Phase);
    }

    [Fact]
    public void From_clear_to_a_key_clear_packets_are_read_until_phase_two()
    {
        using var configurations = Configurations(null);
        using var peer = Seal(Usual, 1);
        configurations.Load(KeySet.OfLibknet(Seal(Usual, 1)));
        AssertOpens(configurations, peer, true);
        AssertOpensClear(configurations, true);
        configurations.Switch();
        AssertOpensClear(configurations, true);
        configurations.Finish();
        AssertOpensClear(configurations, false);
        AssertOpens(configurations, peer, true);
    }

    [Fact]
    public void From_a_key_to_clear_clear_packets_are_read_at_once()
    {
        using var configurations = Configurations(Seal(Usual, 1));
        using var peer = Seal(Usual, 1);
        AssertOpensClear(configurations, false);
        configurations.Load(KeySet.OfLibknet(null));
        AssertOpensClear(configurations, true);
        AssertOpens(configurations, peer, true);
        configurations.Switch();
        Assert.Equal(Packet, SealedBy(configurations.Sealer(isAead: false)));
        AssertOpens(configurations, peer, true);
        configurations.Finish();
        AssertOpensClear(configurations, true);
    }

    [Fact]
    public void Between_two_keys_clear_is_never_read()
    {
        using var configurations = Configurations(Seal(Usual, 1));
        configurations.Load(KeySet.OfLibknet(Seal(new CipherSuite(KnetCipher.None, KnetHash.Sha1), 1)));
        AssertOpensClear(configurations, false);
        configurations.Switch();
        AssertOpensClear(configurations, false);
        configurations.Finish();
        AssertOpensClear(configurations, false);
    }

    [Fact]
    public void A_second_change_finishes_the_first()
    {
        using var configurations = Configurations(Seal(Usual, 1));
        configurations.Load(KeySet.OfLibknet(Seal(Usual, 2)));
        configurations.Load(KeySet.OfLibknet(Seal(Usual, 3)));
        using var second = Seal(Usual, 2);
        Assert.True(second.TryOpen(SealedBy(configurations.Sealer(isAead: false)), out _));
        Assert.Equal(RekeyPhase.Loaded, configurations.Phase);
    }

    private static void AssertOpens(KeyConfigurations configurations, PacketSeal peer, bool isExpected)
    {
        Assert.Equal(isExpected, configurations.TryOpen(SealedBy(peer), out var packet, out var isAuthentic)
            && packet.SequenceEqual(Packet));
        Assert.True(isAuthentic || !isExpected);
    }

    private static void AssertOpensClear(KeyConfigurations configurations, bool isExpected) =>
        Assert.Equal(isExpected, configurations.TryOpen(Packet, out _, out _));

    private static byte[] SealedBy(PacketSealer seal)
    {
        var datagram = new byte[200];
        return datagram[..seal.Seal(Packet, datagram)];
    }

    private static KeyConfigurations Configurations(PacketSeal? seal) =>
        new(KeySet.OfLibknet(seal), new AeadLife(1, 1), AeadAlgorithm.Aes256Gcm);

    private static PacketSeal Seal(CipherSuite suite, byte key)
    {
        using var knetKey = new KnetKey(Enumerable.Repeat(key, 128).ToArray());
        byte next = 0;
        return SealFactory.Create(suite, knetKey, new RandomPool(x => x.Fill(next++)))!;
    }
}
