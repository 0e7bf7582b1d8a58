using System.Buffers.Binary;
using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Core;
using Xunit.Sdk;

namespace Totem.Tests.Fuzz;

/// <summary>
/// A ring of three under traffic, and mutated frames thrown at one of its members in every phase. The rest of the ring,
/// and what is thrown, is a function of the seed.
/// </summary>
public sealed class ProcessorFuzzTests
{
    private const int Target = 2;
    private const int FramesPerFault = 1_000;
    private const int LiveFrameCount = 64;

    // Three windows of a MiB can be out at a time, and a frame of 10 KiB and a byte lies in a
    // buffer of 66: 20 MiB, and the queues.
    private const long GrownBytesMax = 64L << 20;

    private readonly byte[][] _live = new byte[LiveFrameCount][];
    private readonly byte[] _payload = new byte[700];
    private int _liveCount;
    private ulong _random = FuzzSettings.Seed;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damaged_frames_in_any_phase_neither_throw_nor_grow_memory_nor_keep_the_ring_from_forming_again(
        bool isListed)
    {
        var ring = new InMemoryRing(3, x => x with
        {
            Allowed = isListed ? ProcessorSet.Of(new(1), new(2), new(3)) : null,
            MaxReceiveWindowBytes = 1 << 20,
            MaxSendQueueBytes = 2 << 20,
        });
        ring.Passes = (_, _, frame) => Remember(frame);
        ring.StartAll().RunUntilOneRing();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var seen = new int[Enum.GetValues<RingPhase>().Length];
        var count = FuzzSettings.ProcessorFrameCount / 2;
        var mutator = new FrameMutator(FuzzSeeds.All, FuzzSettings.Seed + (isListed ? 1ul : 0));

        for (ulong number = 0; number < count; number++)
        {
            if (number % FramesPerFault == 0)
                Disturb(ring);
            if (number % 16 == 0)
                ring.Submit(
                    1 + (int)(number / 16 % 3), _payload.AsSpan(0, (int)(number % 700)), (Guarantee)(number / 16 % 2));
            Advance(ring);
            seen[(int)ring[Target].Engine.Phase]++;
            var frame = number % 2 == 0 ? mutator.Next(number)
                : mutator.Mutate(_live[number / 2 % LiveFrameCount], number);
            Inject(ring, frame, number);
        }

        ring.Passes = null;
        AssertFormsAgain(ring);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, GrownBytesMax);
        if (count < 10_000)
            return;
        foreach (var phase in new[] { RingPhase.Gather, RingPhase.Commit, RingPhase.Recovery, RingPhase.Operational })
            Assert.True(seen[(int)phase] > 100, $"{seen[(int)phase]} frames were thrown in {phase}");
        Assert.True(ring[Target].Events[DiscardReason.Malformed] > 1_000);
    }

    private static void Inject(InMemoryRing ring, ReadOnlySpan<byte> frame, ulong number)
    {
        var phase = ring[Target].Engine.Phase;
        try
        {
            ring.Inject(Target, frame);
        }
        catch (Exception exception)
        {
            throw new XunitException(
                $"in {phase}, TOTEM_FUZZ_PROCESSOR_FRAMES={2 * (number + 1)}: "
                    + FuzzSettings.Replay(number, number + 1, frame),
                exception);
        }
    }

    /// <summary>A few datagrams of the ring's own; while it forms only one at a time, so that all
    /// phases are met.</summary>
    private void Advance(InMemoryRing ring)
    {
        var steps = ring[Target].Engine.Phase == RingPhase.Operational ? 3 : 1;
        if (ring[Target].Engine.Phase is RingPhase.Commit or RingPhase.Recovery && Random(4) != 0)
            return;
        for (var i = 0; i < steps; i++)
            ring.Step();
    }

    /// <summary>A member starts again, or a link fails for a while: the ring must form anew.</summary>
    private void Disturb(InMemoryRing ring)
    {
        switch (Random(4))
        {
            case 0:
                ring.Restart(1 + Random(3));
                break;
            case 1:
                var lonely = new ProcessorId((uint)(1 + Random(3)));
                ring.Passes = (from, to, frame) => Remember(frame) && from != lonely && to != lonely;
                break;
            default:
                ring.Passes = (_, _, frame) => Remember(frame);
                break;
        }
    }

    private void AssertFormsAgain(InMemoryRing ring)
    {
        ring.RunUntilOneRing(TimeSpan.FromSeconds(30));
        ring.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(ring.IsOneRing(), "the ring that formed after the last frame did not last");
        for (var id = 1; id <= ring.Count; id++)
            ring[id].ForgetOrder();
        for (var i = 0; i < 30; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_payload, i);
            ring.Submit(1 + i % 3, _payload.AsSpan(0, 4), (Guarantee)(i % 2));
        }

        ring.RunUntil(
            () => ring[1].DeliveredCount == 30 && ring[2].DeliveredCount == 30 && ring[3].DeliveredCount == 30,
            TimeSpan.FromSeconds(5), "delivered");
        Assert.Equal(ring[1].OrderHash, ring[2].OrderHash);
        Assert.Equal(ring[1].OrderHash, ring[3].OrderHash);
    }

    private bool Remember(ReadOnlySpan<byte> frame)
    {
        _live[_liveCount++ % LiveFrameCount] = frame.ToArray();
        if (_liveCount < LiveFrameCount)
            Array.Fill(_live, frame.ToArray(), _liveCount, LiveFrameCount - _liveCount);
        return true;
    }

    private int Random(int bound)
    {
        _random = unchecked(_random * 6364136223846793005 + 1442695040888963407);
        return (int)((_random >> 33) % (ulong)bound);
    }
}
