using Totem.Core.Time;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Tests.Simulation;

namespace Totem.Transport.Knet.Tests.Machine;

/// <summary>In steady state nothing is allocated for a message, out or in, whole or in pieces.</summary>
public sealed class AllocationTests
{
    private const int Slices = 4;

    private readonly byte[] _arena = new byte[KnetMachine.BurstBytesMax];
    private readonly byte[] _datagram = new byte[70_000];
    private ulong _random = 1;
    private Instant _now = new(TimeSpan.TicksPerSecond);

    [Theory]
    [InlineData((int)NodeFormat.Libknet, 100)]
    [InlineData((int)NodeFormat.Libknet, 60_000)]
    [InlineData((int)NodeFormat.Aead, 100)]
    [InlineData((int)NodeFormat.Aead, 60_000)]
    public void Nothing_is_allocated_for_a_message(int format, int bytes)
    {
        var setup = new KnetSetup
        {
            NodeCount = 2, Suite = new(KnetCipher.Aes256, KnetHash.Sha256), Format = (NodeFormat)format,
        };
        using var sender = Machine(setup, 1);
        using var receiver = Machine(setup, 2);
        KnetMachine[] machines = [sender, receiver];
        foreach (var machine in machines)
            machine.Start(_now);
        for (var i = 0; i < 40; i++, _now += TimeSpan.FromMilliseconds(200))
            Exchange(machines, setup);
        Assert.True(sender.IsReachable(2));

        var message = new byte[bytes];
        var count = 200_000 / bytes * 2;
        var delivered = receiver.Counters.Delivered;
        var source = setup.Address(1, 0);
        Send(message, count);
        // The least of several slices, as for the ring's thread: what the runtime allocates once, such as for code that
        // it compiles anew, shows in one of them. An allocation for a message shows in every one.
        var least = long.MaxValue;
        for (var slice = 0; slice < Slices; slice++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Send(message, count);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        Assert.Equal((1 + Slices) * count, receiver.Counters.Delivered - delivered);

        void Send(byte[] sent, int times)
        {
            for (var i = 0; i < times; i++)
            {
                sender.Send(sent, 2, _now);
                Carry(sender, receiver, source);
            }
        }
    }

    private void Exchange(KnetMachine[] machines, KnetSetup setup)
    {
        for (var i = 0; i < 3; i++)
        {
            Carry(machines[0], machines[1], setup.Address(1, 0));
            Carry(machines[1], machines[0], setup.Address(2, 0));
        }

        machines[0].HandleDeadline(_now);
        machines[1].HandleDeadline(_now);
    }

    private void Carry(KnetMachine from, KnetMachine to, KnetAddress source)
    {
        while (from.TryTransmit(_arena, out var burst))
        {
            for (int offset = 0, i = 0; i < burst.PacketCount; i++)
            {
                var bytes = Math.Min(burst.PacketBytes, burst.TotalBytes - offset);
                _arena.AsSpan(offset, bytes).CopyTo(_datagram);
                offset += bytes;
                if (bytes <= 1472)
                    to.HandleDatagram(_datagram.AsSpan(0, bytes), source, _now, out _);
                else
                    from.HandleTooBig(from.Destinations[0], bytes + 28, 1500, _now);
            }
        }
    }

    private KnetMachine Machine(KnetSetup setup, int id)
    {
        using var key = new KnetKey(new byte[256]);
        var pool = new RandomPool(destination =>
        {
            foreach (ref var each in destination)
                each = (byte)((_random = (_random * 6_364_136_223_846_793_005) + 1) >> 56);
        });
        var keys = setup.Format == NodeFormat.Aead
            ? KeySet.OfAead(new AeadMaster(key, "test"))
            : KeySet.OfLibknet(SealFactory.Create(setup.Suite, key, pool));
        return new KnetMachine(setup.Options(id), keys, pool);
    }
}
