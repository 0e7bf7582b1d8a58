using Totem.Core.Model;
using Totem.Simulation.Model;
using Totem.Simulation.Scenarios;
using Totem.Tests.Core;

namespace Totem.Tests.Fuzz;

/// <summary>
/// docs/design/protocol.md, "Forged frames": whatever frames somebody makes up, in whatever state they are met, once
/// they stop the ring is whole within the bound, stays so, and orders messages. The frames that are thrown are a
/// function of the seed.
/// </summary>
public sealed class ForgedFramePropertyTests
{
    private const int Rounds = 60;

    /// <summary>The bound that docs/design/protocol.md states: as long as a cluster may take after any other
    /// fault.</summary>
    private static readonly TimeSpan Bound =
        LivenessBound.ForRing(new ClusterSetup { Processors = ClusterSetup.Numbered(3) });

    [Theory]
    [InlineData(RingPhase.Gather, false)]
    [InlineData(RingPhase.Gather, true)]
    [InlineData(RingPhase.Commit, false)]
    [InlineData(RingPhase.Commit, true)]
    [InlineData(RingPhase.Recovery, false)]
    [InlineData(RingPhase.Recovery, true)]
    [InlineData(RingPhase.Operational, false)]
    [InlineData(RingPhase.Operational, true)]
    public void After_the_last_forged_frame_the_ring_is_whole_within_the_bound(RingPhase phase, bool isListed)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var seed = FuzzSettings.Seed * 1000 + (ulong)round;
            var stopped = StoppedProcessor.In(
                phase, x => x with { Allowed = isListed ? StoppedProcessor.Members : null });
            var frames = new ForgedFrames(
                seed, stopped.Ring, stopped.Previous,
                phase is RingPhase.Recovery or RingPhase.Operational ? stopped.Token : null);
            stopped.Take(frames.Next());
            var ring = stopped.GoOn();
            for (var count = frames.Random(60); count > 0; count--)
            {
                // All of the network hears some, and time passes between others.
                var frame = frames.Next().Encode();
                var first = frames.Random(3) == 0 ? 1 : 2;
                for (var id = first; id <= (first == 1 ? 3 : 2); id++)
                    ring.Inject(id, frame);
                for (var steps = frames.Random(3) == 0 ? frames.Random(30) : 0; steps > 0; steps--)
                    ring.Step();
            }

            AssertWhole(ring, $"seed {seed}, {phase}, listed: {isListed}");
        }
    }

    private static void AssertWhole(InMemoryRing ring, string what)
    {
        // A ring of all may not know yet that it is over; what stands for as long as that takes, stands.
        var end = ring.Now + Bound;
        var since = ring.Now;
        var lasting = TimeSpan.FromSeconds(1);
        RingId? last = null;
        while (ring.Now - since < lasting)
        {
            ring.Step();
            var now = ring.IsOneRing() ? ring[1].Engine.Installed!.Ring : (RingId?)null;
            if (now is null || now != last)
                (last, since) = (now, ring.Now);
            Assert.True(since <= end,
                $"{what}: not whole within {Bound.TotalSeconds} s: "
                    + $"{string.Join("; ", Enumerable.Range(1, 3).Select(x => ring[x]))}");
        }

        for (var id = 1; id <= ring.Count; id++)
            ring[id].ForgetOrder();
        for (var i = 0; i < 9; i++)
            Assert.Equal(SubmitResult.Accepted, ring.Submit(1 + i % 3, [(byte)i], (Guarantee)(i % 2)));
        ring.RunUntil(() => Enumerable.Range(1, 3).All(x => ring[x].DeliveredCount == 9), TimeSpan.FromSeconds(5),
            $"ordered, {what}");
        Assert.Equal(ring[1].OrderHash, ring[2].OrderHash);
        Assert.Equal(ring[1].OrderHash, ring[3].OrderHash);
    }
}
