using Totem.Core.Wire;

namespace Totem.Tests.Core.Ordering;

/// <summary>A processor knows when the others have what it multicast, so that it can go without
/// taking anything along.</summary>
public sealed class EverywhereTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    [Fact]
    public void A_frame_that_a_member_has_missed_is_not_everywhere_until_it_was_sent_again()
    {
        var ring = InMemoryRing.Operational(3);
        var isLossy = true;
        ring.Passes = (from, to, frame) => !(isLossy && from.Value == 1 && to.Value == 3 && IsMessage(frame));
        Assert.True(ring[1].Engine.HasReachedAll(ring[1].Engine.LastMulticast));

        ring.Submit(1, "last words"u8);
        ring.RunUntil(() => ring[1].Engine.SendQueueCount == 0, Limit, "multicast");
        var position = ring[1].Engine.LastMulticast;
        Assert.False(ring[1].Engine.HasReachedAll(position));
        ring.RunFor(TimeSpan.FromMilliseconds(2));
        Assert.False(ring[1].Engine.HasReachedAll(position));

        isLossy = false;
        ring.RunUntil(() => ring[1].Engine.HasReachedAll(position), Limit, "everywhere");
        Assert.All([1, 2, 3], id => Assert.Equal(1, ring[id].DeliveredCount));
    }

    [Fact]
    public void It_is_everywhere_once_those_who_come_along_have_exchanged_what_they_had()
    {
        var ring = InMemoryRing.Operational(3);
        var isCut = true;
        // Member 3 hears and says nothing more, so the ring goes on without it.
        ring.Passes = (from, to, _) => !(isCut && (from.Value == 3 || to.Value == 3));
        ring.Submit(1, "last words"u8);
        ring.RunUntil(() => ring[1].Engine.Installed!.Members.Count == 2, Limit, "a ring of two");
        Assert.True(ring[1].Engine.HasReachedAll(ring[1].Engine.LastMulticast)
            || ring[1].Engine.LastMulticast.Ring == ring[1].Engine.Installed!.Ring);
        isCut = false;
        ring.RunUntil(() => ring[1].Engine.HasReachedAll(ring[1].Engine.LastMulticast), Limit, "everywhere");
    }

    private static bool IsMessage(ReadOnlySpan<byte> frame)
        => FrameHeader.TryRead(frame, out var header) == DecodeResult.Ok && header.Kind == FrameKind.RegularMessage;
}
