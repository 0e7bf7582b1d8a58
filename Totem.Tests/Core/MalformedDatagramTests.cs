using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Core.Wire;
using Totem.Tests.Fuzz;

namespace Totem.Tests.Core;

/// <summary>A frame that the decoders refuse is counted and changes nothing that can be seen from outside, in any
/// phase.</summary>
public sealed class MalformedDatagramTests
{
    private const int FrameCount = 20_000;

    [Theory]
    [InlineData(RingPhase.Gather)]
    [InlineData(RingPhase.Commit)]
    [InlineData(RingPhase.Recovery)]
    [InlineData(RingPhase.Operational)]
    public void A_frame_that_a_decoder_refuses_is_counted_and_changes_nothing(RingPhase phase)
    {
        var stopped = StoppedProcessor.In(phase);
        var untouched = StoppedProcessor.In(phase);
        var digest = Digest(stopped);
        var mutator = new FrameMutator(FuzzSeeds.All, FuzzSettings.Seed);
        var refused = 0;
        for (ulong number = 0; number < FrameCount; number++)
        {
            var frame = mutator.Next(number);
            if (AnyFrame.TryRead(frame, out _) == DecodeResult.Ok)
                continue;
            refused++;
            stopped.Take(frame);
            if (Digest(stopped) != digest)
                Assert.Fail($"{Digest(stopped)}, expected {digest}, after "
                    + $"{FuzzSettings.Replay(number, number + 1, frame)}");
        }

        Assert.True(refused > FrameCount / 4, $"only {refused} frames were refused");
        Assert.Equal(refused, stopped.Events[DiscardReason.Malformed]);
        AssertGoesOnLike(stopped, untouched);
    }

    /// <summary>Its next steps are those of a twin that never saw any of it.</summary>
    private static void AssertGoesOnLike(StoppedProcessor stopped, StoppedProcessor untouched)
    {
        foreach (var one in new[] { stopped, untouched })
            one.GoOn().RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(untouched.Sent, stopped.Sent);
        Assert.Equal(Digest(untouched), Digest(stopped));
    }

    private static string Digest(StoppedProcessor stopped) =>
        $"{stopped.Engine.Phase}, {stopped.Engine.Installed}, next at {stopped.Engine.NextDeadline}, successor "
        + $"{stopped.Engine.Successor}, "
        + $"queued {stopped.Engine.SendQueueCount}, stores {stopped.Engine.PendingStore}, sent {stopped.Sent.Count}, "
        + $"gathers {stopped.Events[RingEventKind.EnteredGather]}, visits {stopped.Events[RingEventKind.TokenVisit]}, "
        + $"duplicates {stopped.Events[DiscardReason.Duplicate]}";
}
