using Totem.Core.Diagnostics;
using Totem.Core.Membership;

namespace Totem.Tests.Core.Membership;

public sealed class RingTrailTests
{
    private const ulong Far = 1UL << 60;

    private static readonly ProcessorId Self = new(2);

    [Fact]
    public void A_life_begins_behind_what_was_stored_and_the_next_ring_behind_all_that_was_shown()
    {
        var trail = new RingTrail(Self, 40);
        Assert.Equal(new RingId(Self, 41), trail.First);
        Assert.Equal(trail.First, trail.Current);

        trail.NoteSequence(60);
        trail.NoteSequence(50);
        Assert.Equal(new RingId(Self, 64), trail.NextOf(Self));
    }

    [Fact]
    public void A_sequence_far_ahead_is_believed_when_somebody_insists()
    {
        var trail = new RingTrail(Self, 0);
        Assert.True(trail.TakeClaim(1));
        Assert.True(trail.TakeClaim(1000));
        for (var i = 0; i < 10; i++)
            Assert.False(trail.TakeClaim(Far + (ulong)i), $"claim {i}");
        Assert.True(trail.TakeClaim(Far));
    }

    [Fact]
    public void Claims_that_contradict_each_other_are_never_believed()
    {
        var trail = new RingTrail(Self, 0);
        for (var i = 0; i < 100; i++)
            Assert.False(trail.TakeClaim(i % 2 == 0 ? Far : 2 * Far));
    }

    [Fact]
    public void A_frame_of_a_ring_that_we_were_on_is_late_and_of_another_foreign()
    {
        var trail = new RingTrail(Self, 0);
        var ring = new RingId(new ProcessorId(1), 9);
        Assert.Equal(DiscardReason.ForeignRing, trail.ObjectionTo(ring));
        trail.CommitTo(ring);
        Assert.Equal(DiscardReason.StaleRing, trail.ObjectionTo(ring));
        Assert.Equal(ring, trail.Current);
    }
}
