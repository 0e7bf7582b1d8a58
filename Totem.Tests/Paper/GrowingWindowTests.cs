using Totem.Core.Diagnostics;
using Totem.Core.Wire;
using Totem.Tests.Core;

namespace Totem.Tests.Paper;

/// <summary>docs/design/protocol.md, "The window", on whole rings.</summary>
public sealed class GrowingWindowTests
{
    /// <summary>A message that fills its frame, so that messages and frames are the same number.</summary>
    private const int MessageBytes = 1300;
    private const int MessageCount = 2000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    [Shows("docs/design/protocol.md", "One member may send in a visit half of a window that has grown")]
    public void Among_ourselves_a_busy_ring_sends_more_in_a_visit_than_real_daemons_do()
    {
        var ring = InMemoryRing.Operational(3, Grows);
        Assert.InRange(LargestVisit(ring), 100, 256);
        Assert.NotEqual(0, ring[1].Events[RingEventKind.MulticastAfterToken]);
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "With a daemon on the ring, or with somebody of whom no join was heard, the configured numbers hold, for as "
            + "long as that ring lasts.")]
    public void Beside_somebody_whose_joins_are_a_daemon_s_the_configured_limits_hold()
    {
        var ring = new InMemoryRing(3, Grows);
        var fromDaemon = new Queue<(int To, byte[] Frame)>();
        ring.Passes = (from, to, frame) =>
        {
            if (from.Value != 3 || frame[3] != (byte)FrameKind.Join)
                return true;
            fromDaemon.Enqueue(((int)to.Value, WithoutTrailer(frame)));
            return false;
        };
        ring.StartAll();
        ring.RunUntil(
            () =>
            {
                while (fromDaemon.TryDequeue(out var join))
                    ring.Inject(join.To, join.Frame);
                return ring.IsOneRing();
            },
            Limit, "one ring");
        Assert.Equal(17, LargestVisit(ring));
        for (var id = 1; id <= 3; id++)
            Assert.Equal(0, ring[id].Events[RingEventKind.MulticastAfterToken]);
    }

    [Fact]
    [Shows("docs/design/protocol.md", "When somebody asks for a frame again it is halved, once for each loss")]
    public void Losses_make_the_window_shrink_and_lose_nothing()
    {
        var ring = InMemoryRing.Operational(3, Grows);
        var frames = 0;
        ring.Passes = (_, _, frame) => frame[3] != (byte)FrameKind.RegularMessage || ++frames % 7 != 0;
        Assert.InRange(LargestVisit(ring), 17, 256);
        for (var id = 1; id <= 3; id++)
        {
            Assert.Equal(2 * MessageCount, ring[id].DeliveredCount);
            Assert.Equal(ring[1].OrderHash, ring[id].OrderHash);
        }
    }

    [Fact]
    [Shows(
        "docs/design/protocol.md",
        "a member whose window is smaller, or whose options keep it fixed, may still send its share of the first "
            + "window at every visit")]
    public void A_member_whose_window_does_not_grow_is_not_silenced_by_those_whose_do()
    {
        var ring = InMemoryRing.Operational(3, x => Grows(x) with { MaxWindowSize = x.Self.Value == 3 ? 0 : 512 });
        for (var i = 0; i < MessageCount; i++)
        {
            for (var id = 1; id <= 3; id++)
                ring.Submit(id, new byte[MessageBytes]);
        }

        ring.RunUntil(() => ring[3].Engine.SendQueueCount == 0, Limit, "sent by the third");
    }

    private static RingOptions Grows(RingOptions options) => options with
    {
        MaxWindowSize = 512, AcceleratedWindow = 256, ReceiveWindow = 4096, MaxSendQueueBytes = 16 << 20,
    };

    /// <summary>Two members have much to say; returns the most that one of them multicast in a visit.</summary>
    private static int LargestVisit(InMemoryRing ring)
    {
        for (var i = 0; i < MessageCount; i++)
        {
            Assert.Equal(SubmitResult.Accepted, ring.Submit(1, new byte[MessageBytes]));
            Assert.Equal(SubmitResult.Accepted, ring.Submit(2, new byte[MessageBytes]));
        }

        ring.RunUntil(
            () => Enumerable.Range(1, 3).All(id => ring[id].DeliveredCount == 2 * MessageCount), Limit, "delivered");
        return Enumerable.Range(1, 3).Max(id => ring[id].Events.LargestVisit);
    }

    private static byte[] WithoutTrailer(ReadOnlySpan<byte> frame)
    {
        Assert.Equal(DecodeResult.Ok, JoinMessage.TryRead(frame, out var join));
        return frame[..(WireFormat.JoinBytes + (4 * (join!.Proposed.Count + join.Failed.Count)))].ToArray();
    }
}
