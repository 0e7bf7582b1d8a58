using Totem.Simulation.Model;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Tests.Simulation;

namespace Totem.Transport.Knet.Tests.Machine;

/// <summary>Nothing that comes from the network throws, makes memory grow, or, without a key, changes anything.
/// <c>TOTEM_KNET_FUZZ=N</c> says how many packets.</summary>
public sealed class MachineFuzzTests
{
    private static readonly long Count =
        long.TryParse(Environment.GetEnvironmentVariable("TOTEM_KNET_FUZZ"), out var count) ? count : 200_000;

    [Theory]
    [InlineData((int)NodeFormat.Libknet)]
    [InlineData((int)NodeFormat.Both)]
    [InlineData((int)NodeFormat.Aead)]
    public void Packets_without_the_key_change_nothing_and_allocate_nothing_that_stays(int format)
    {
        var setup = new KnetSetup { Suite = new(KnetCipher.Aes256, KnetHash.Sha256), Format = (NodeFormat)format };
        using var cluster = new KnetCluster(setup, 3).StartAll();
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(4)));
        cluster.Send(2, 0, 3000);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        var machine = cluster.Node(1).Machine!;
        var packets = cluster.Recorded.Where(x => x.To == 1).Select(x => x.Datagram).ToArray();
        var random = new SimulationRandom(11);
        var buffer = new byte[70_000];
        var before = machine.Counters.Discarded;
        var eventsBefore = cluster.Node(1).Events.Count;
        var source = cluster.Setup.Address(2, 0);
        var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0L; i < Count; i++)
        {
            var length = Mutate(packets[random.Below(packets.Length)], buffer, random);
            if (machine.HandleDatagram(buffer.AsSpan(0, length), source, cluster.Now, out _))
                throw new InvalidOperationException($"packet {i} was taken");
        }

        // A life that nobody knows costs a key, which is forgotten at once.
        if (setup.Format == NodeFormat.Libknet)
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocatedBefore);
        Assert.Equal(Count, machine.Counters.Discarded - before);
        KnetDiscard[] reasons = [KnetDiscard.NotAuthentic, KnetDiscard.BadLength, KnetDiscard.Replayed];
        // In the format of our own the envelope names the sender, whose addresses are looked at before it is opened.
        if (setup.Format != NodeFormat.Libknet)
            reasons = [.. reasons, KnetDiscard.WrongAddress];
        Assert.True(
            Count <= reasons.Sum(x => machine.Counters[x]), "a packet was dropped for what is in it, so it was opened");
        Assert.Equal(eventsBefore, cluster.Node(1).Events.Count);
    }

    /// <summary>In clear, or from a member that has gone mad: anything may be in a packet, and the machine goes
    /// on.</summary>
    [Fact]
    public void Packets_with_anything_in_them_do_no_lasting_harm()
    {
        using var cluster = new KnetCluster(new KnetSetup { LinkCount = 2 }, 3).StartAll();
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(4)));
        cluster.Send(2, 0, 30_000);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        var machine = cluster.Node(1).Machine!;
        var packets = cluster.Recorded.Where(x => x.To == 1).Select(x => x.Datagram).ToArray();
        var random = new SimulationRandom(12);
        var buffer = new byte[70_000];
        var arena = new byte[KnetMachine.BurstBytesMax];
        for (var i = 0L; i < Count; i++)
        {
            var length = random.Chance(0.5)
                ? Structured(buffer, random)
                : Mutate(packets[random.Below(packets.Length)], buffer, random);
            machine.HandleDatagram(
                buffer.AsSpan(0, length), cluster.Setup.Address(2, random.Below(2)), cluster.Now, out _);
            while (machine.TryTransmit(arena, out _))
            {
            }
        }

        Assert.True(machine.Counters[KnetDiscard.BadFragment] > 0);
        Assert.True(machine.Counters[KnetDiscard.UnaskedPong] > 0);
        cluster.RunFor(TimeSpan.FromSeconds(3));
        Assert.True(cluster.IsWhole());
    }

    private static int Mutate(byte[] packet, byte[] buffer, SimulationRandom random)
    {
        packet.CopyTo(buffer, 0);
        switch (random.Below(4))
        {
            case 0:
                return random.Below(packet.Length);
            case 1:
                for (var i = 0; i < 16; i++)
                    buffer[packet.Length + i] = (byte)random.Below(256);
                return packet.Length + 1 + random.Below(16);
            default:
                for (var changes = 1 + random.Below(8); changes > 0; changes--)
                    buffer[random.Below(packet.Length)] ^= (byte)(1 + random.Below(255));
                // The same byte may be changed twice, back to what it was: one more that is not.
                buffer[packet.Length - 1] = (byte)(packet[^1] ^ (1 + random.Below(255)));
                return packet.Length;
        }
    }

    /// <summary>A header that is right, and anything behind it.</summary>
    private static int Structured(byte[] buffer, SimulationRandom random)
    {
        var length = random.Chance(0.1) ? random.Below(65_507) : 7 + random.Below(100);
        for (var i = 0; i < Math.Min(length, 40); i++)
            buffer[i] = (byte)random.Below(256);
        (buffer[0], buffer[2], buffer[3]) = (1, 0, 2);
        buffer[1] = random.Pick<byte>([0, 0x81, 0x82, 0x83, 0x84]);
        if (random.Chance(0.7))
            buffer[6] = (byte)random.Below(2);
        if (random.Chance(0.5))
            (buffer[8], buffer[13]) = (0, 0);
        if (random.Chance(0.5))
            (buffer[11], buffer[12]) = ((byte)(2 + random.Below(3)), (byte)(1 + random.Below(3)));
        return length;
    }
}
