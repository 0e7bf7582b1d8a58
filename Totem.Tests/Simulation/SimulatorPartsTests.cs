using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Xunit;

namespace Totem.Tests.Simulation;

public sealed class SimulatorPartsTests
{
    [Fact]
    public void The_generator_is_xoshiro_for_ever()
    {
        // Reference values; a change would change the meaning of every seed in every bug report.
        var random = new SimulationRandom(0);
        Assert.Equal(0x99EC_5F36_CB75_F2B4ul, random.Next());
        Assert.Equal(0xBF6E_1F78_4956_452Aul, random.Next());
        Assert.Equal(0x1A5F_849D_4933_E6E0ul, random.Next());
    }

    [Fact]
    public void Events_come_by_time_and_in_order_of_arrival_at_one_time()
    {
        var queue = new EventQueue();
        var random = new SimulationRandom(1);
        for (var i = 0; i < 5000; i++)
            queue.Push(new SimulationEvent(random.Below(50), SimulationEventKind.Action, 0, i));

        var last = new SimulationEvent(-1, SimulationEventKind.Action, 0);
        while (queue.Count > 0)
        {
            Assert.Equal(queue.NextAt, queue.Pop() is var next ? next.At : -1);
            Assert.True(next.At > last.At || (next.At == last.At && next.A > last.A));
            last = next;
        }

        Assert.Equal(long.MaxValue, queue.NextAt);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(1500)]
    [InlineData(65507)]
    public void A_datagram_keeps_its_bytes_until_its_last_reference_is_gone(int length)
    {
        var pool = new DatagramPool();
        var bytes = Enumerable.Range(0, length).Select(i => (byte)(i * 7)).ToArray();
        var handle = pool.Rent(bytes);
        pool.AddReference(handle);
        pool.Release(handle);
        var other = pool.Rent(new byte[length]);
        Assert.NotEqual(handle, other);
        Assert.True(pool[handle].SequenceEqual(bytes));

        pool.Release(handle);
        Assert.Equal(1, pool.InFlight);
        Assert.Equal(handle, pool.Rent(bytes));
    }

    [Fact]
    public void A_broken_frame_is_always_refused()
    {
        var frame = new byte[WireFormat.RegularTokenBytes];
        var writer = new WireWriter(frame);
        new RegularToken(
            new FrameHeader(FrameKind.RegularToken, Encapsulation.None, new ProcessorId(1)),
            new Seq(5), new TokenSeq(6), new Seq(4), new ProcessorId(2), new RingId(new ProcessorId(1), 8), 0, 0, 0, 0)
                .Write(ref writer);
        Assert.Equal(DecodeResult.Ok, RegularToken.TryRead(frame, out _, out _));

        var results = new HashSet<DecodeResult>();
        for (ulong i = 0; i < 2000; i++)
        {
            var dice = new DatagramDice(9, i);
            var copy = frame.ToArray();
            var length = FrameCorruption.Break(copy, ref dice);
            if (length < 0)
                continue;
            var result = RegularToken.TryRead(copy.AsSpan(0, length), out _, out _);
            results.Add(result);
            Assert.NotEqual(DecodeResult.Ok, result);
        }

        Assert.Superset(
            new HashSet<DecodeResult>
            {
                DecodeResult.TooShort, DecodeResult.BadMagic, DecodeResult.UnknownVersion, DecodeResult.UnknownKind,
                DecodeResult.CountOutOfRange,
            },
            results);
    }

    [Fact]
    public void Hashes_tell_bytes_and_lengths_apart()
    {
        var seen = new HashSet<ulong>();
        for (var length = 0; length < 40; length++)
        {
            Assert.True(seen.Add(StableHash.Of(new byte[length])));
            for (var i = 0; i < length; i++)
            {
                var bytes = new byte[length];
                bytes[i] = 1;
                Assert.True(seen.Add(StableHash.Of(bytes)));
            }
        }
    }
}
