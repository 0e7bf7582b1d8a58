using System.Security.Cryptography;
using Totem.Simulation.Model;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;

namespace Totem.Transport.Knet.Tests.Aead;

public sealed class AeadPeerTests
{
    private static readonly byte[] Packet = [.. Enumerable.Range(0, 100).Select(x => (byte)x)];

    public static TheoryData<int> Algorithms =>
        ChaCha20Poly1305.IsSupported
            ? [(int)AeadAlgorithm.Aes256Gcm, (int)AeadAlgorithm.ChaCha20Poly1305] : [(int)AeadAlgorithm.Aes256Gcm];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_life_counts_once_it_has_answered_and_each_packet_once(int algorithm)
    {
        using var master = Master(1);
        using var sender = new AeadSender(master, new AeadLife(2, 77), (AeadAlgorithm)algorithm);
        var peer = new AeadPeer();
        var first = Sealed(sender);
        Assert.Equal(AeadTrust.Unproven, Open(peer, master, first));
        Assert.True(AeadEnvelope.TryRead(first, out var envelope));
        Assert.True(peer.Prove(in envelope, out var isAnother));
        Assert.True(isAnother);
        Assert.False(peer.Prove(in envelope, out _));
        Assert.Equal(AeadTrust.Replayed, Open(peer, master, first));
        var second = Sealed(sender);
        Assert.Equal(AeadTrust.Proven, Open(peer, master, second));
        Assert.Equal(AeadTrust.Replayed, Open(peer, master, second));
        for (var i = 0; i < 3000; i++)
            Assert.Equal(AeadTrust.Proven, Open(peer, master, Sealed(sender)));
    }

    [Fact]
    public void A_packet_of_a_former_life_is_worth_nothing()
    {
        using var master = Master(1);
        using var oldLife = new AeadSender(master, new AeadLife(2, 77), AeadAlgorithm.Aes256Gcm);
        using var newLife = new AeadSender(master, new AeadLife(2, 78), AeadAlgorithm.Aes256Gcm);
        var peer = new AeadPeer();
        Prove(peer, master, oldLife);
        var recorded = Sealed(oldLife);
        Prove(peer, master, newLife);
        Assert.Equal(AeadTrust.Unproven, Open(peer, master, recorded));
        Assert.Equal(AeadTrust.Proven, Open(peer, master, Sealed(newLife)));
    }

    /// <summary>Seeds 7002227 and 7006820 of the simulation: its answer was older than messages that had come before
    /// nobody could be reached, and copies of these came.</summary>
    [Fact]
    public void A_life_that_could_not_be_reached_for_a_while_is_no_new_one()
    {
        using var master = Master(1);
        using var sender = new AeadSender(master, new AeadLife(2, 77), AeadAlgorithm.Aes256Gcm);
        var peer = new AeadPeer();
        Prove(peer, master, sender);
        var late = Sealed(sender);
        var taken = Sealed(sender);
        Assert.Equal(AeadTrust.Proven, Open(peer, master, taken));

        peer.Forget();
        Assert.Equal(AeadTrust.Replayed, Open(peer, master, taken));
        var meanwhile = Sealed(sender);
        Assert.Equal(AeadTrust.Unproven, Open(peer, master, meanwhile));
        Assert.Equal(AeadTrust.Unproven, Open(peer, master, late));
        Assert.True(AeadEnvelope.TryRead(late, out var envelope));
        Assert.True(peer.Prove(in envelope, out var isAnother));

        Assert.False(isAnother);
        Assert.Equal(AeadTrust.Replayed, Open(peer, master, taken));
        Assert.Equal(AeadTrust.Replayed, Open(peer, master, meanwhile));
        Assert.Equal(AeadTrust.Proven, Open(peer, master, Sealed(sender)));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void No_byte_of_a_packet_may_change(int algorithm)
    {
        using var master = Master(1);
        using var sender = new AeadSender(master, new AeadLife(2, 77), (AeadAlgorithm)algorithm);
        var peer = new AeadPeer();
        Prove(peer, master, sender);
        for (var isFast = 0; isFast < 2; isFast++)
        {
            var datagram = Sealed(sender);
            for (var i = 1; i < datagram.Length; i++)
            {
                datagram[i] ^= 1;
                if (AeadEnvelope.TryRead(datagram, out _))
                    Assert.True(Open(peer, master, datagram) is AeadTrust.Forged or AeadTrust.Replayed, $"byte {i}");
                datagram[i] ^= 1;
            }

            Assert.Equal(AeadTrust.Proven, Open(peer, master, datagram));
            // The second time with a key that trusts again.
            for (var i = 0; i < 1100; i++)
                Open(peer, master, Sealed(sender));
        }
    }

    [Fact]
    public void Keys_differ_by_sender_life_epoch_cluster_and_key_file()
    {
        using var master = Master(1);
        using var other = Master(2);
        using var otherCluster = Master(1, "other");
        using var sender = new AeadSender(master, new AeadLife(2, 77), AeadAlgorithm.Aes256Gcm);
        var peer = new AeadPeer();
        var datagram = Sealed(sender);
        Assert.Equal(AeadTrust.Forged, Open(peer, other, datagram));
        Assert.Equal(AeadTrust.Forged, Open(peer, otherCluster, datagram));
        foreach (var place in (int[])[1, 2, 3, 4, 11, 12, 15])
        {
            var copy = datagram.ToArray();
            copy[place] ^= 3;
            Assert.True(!AeadEnvelope.TryRead(copy, out _) || Open(peer, master, copy) == AeadTrust.Forged);
        }

        Assert.Equal(AeadTrust.Unproven, Open(peer, master, datagram));
    }

    [Fact]
    public void Nothing_is_allocated_for_a_packet_good_or_forged()
    {
        using var master = Master(1);
        using var sender = new AeadSender(master, new AeadLife(2, 77), AeadAlgorithm.Aes256Gcm);
        var peer = new AeadPeer();
        var datagram = new byte[2000];
        var packet = new byte[1411];
        var opened = new byte[2000];
        var scratch = new byte[2000];
        Prove(peer, master, sender);
        Assert.True(Run(3000));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(Run(3000));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        bool Run(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var bytes = sender.Seal(packet, datagram);
                AeadEnvelope.TryRead(datagram.AsSpan(0, bytes), out var envelope);
                if (peer.Open(master, in envelope, datagram.AsSpan(0, bytes), opened.AsSpan(0, packet.Length),
                    scratch) != AeadTrust.Proven)
                    return false;
            }

            return true;
        }
    }

    private static void Prove(AeadPeer peer, AeadMaster master, AeadSender sender)
    {
        var datagram = Sealed(sender);
        Assert.Equal(AeadTrust.Unproven, Open(peer, master, datagram));
        Assert.True(AeadEnvelope.TryRead(datagram, out var envelope));
        Assert.True(peer.Prove(in envelope, out _));
    }

    private static AeadTrust Open(AeadPeer peer, AeadMaster master, byte[] datagram)
    {
        Assert.True(AeadEnvelope.TryRead(datagram, out var envelope));
        var packet = new byte[datagram.Length - AeadEnvelope.Bytes - AeadEnvelope.TagBytes];
        var trust = peer.Open(master, in envelope, datagram, packet, new byte[packet.Length]);
        if (trust is AeadTrust.Proven or AeadTrust.Unproven)
            Assert.Equal(Packet, packet);
        return trust;
    }

    private static byte[] Sealed(AeadSender sender)
    {
        var datagram = new byte[500];
        return datagram[..sender.Seal(Packet, datagram)];
    }

    private static AeadMaster Master(ulong seed, string cluster = "cluster")
    {
        var random = new SimulationRandom(seed);
        using var key = new KnetKey(Enumerable.Range(0, 256).Select(_ => (byte)random.Below(256)).ToArray());
        return new AeadMaster(key, cluster);
    }
}
