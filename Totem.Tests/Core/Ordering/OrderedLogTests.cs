using Totem.Core.Diagnostics;
using Totem.Core.Ordering;

namespace Totem.Tests.Core.Ordering;

public sealed class OrderedLogTests
{
    private static readonly Seq First = new(uint.MaxValue - 2); // the wrap lies within every test
    private readonly OrderedLog _log = new(new ReceiveWindow(new FrameBuffers(), 64, long.MaxValue, First), First);

    [Fact]
    public void An_agreed_message_is_deliverable_when_nothing_is_missing_before_it()
    {
        Store(2);
        _log.AdvanceDeliverable();
        Assert.Equal(First, _log.DeliverableThrough);
        Store(1);
        _log.AdvanceDeliverable();
        Assert.Equal(First + 2, _log.DeliverableThrough);
    }

    [Fact]
    public void A_safe_message_holds_back_everything_behind_it_until_all_have_it()
    {
        Store(1);
        Store(2, FrameFlags.Safe);
        Store(3);
        Store(4, FrameFlags.Safe);
        _log.AdvanceDeliverable();
        Assert.Equal(First + 1, _log.DeliverableThrough);
        _log.AdvanceSafe(First + 2);
        _log.AdvanceDeliverable();
        Assert.Equal(First + 3, _log.DeliverableThrough);
    }

    [Fact]
    public void The_number_known_to_be_safe_never_shrinks()
    {
        Store(1);
        Store(2);
        _log.AdvanceSafe(First + 2);
        _log.AdvanceSafe(First + 1);
        Assert.Equal(First + 2, _log.SafeThrough);
    }

    [Fact]
    public void Nothing_can_be_safe_that_was_not_received() =>
        Assert.Throws<InvariantException>(() => _log.AdvanceSafe(First + 1));

    [Fact]
    public void A_frame_is_given_back_once_it_is_both_safe_and_delivered()
    {
        Store(1);
        Store(2);
        _log.AdvanceDeliverable();
        _log.MarkDelivered(First + 1);
        _log.Release();
        Assert.Equal(First, _log.Window.Released);
        _log.AdvanceSafe(First + 2);
        _log.Release();
        Assert.Equal(First + 1, _log.Window.Released);
    }

    [Fact]
    public void Messages_of_an_old_ring_are_passed_over_up_to_the_first_of_our_own()
    {
        Store(1, FrameFlags.Encapsulated);
        Store(2, FrameFlags.Encapsulated);
        Store(3);
        Store(4, FrameFlags.Encapsulated);
        _log.AdvanceDeliverable();
        _log.SkipEncapsulated();
        Assert.Equal(First + 2, _log.DeliveredThrough);
    }

    private void Store(int offset, FrameFlags flags = FrameFlags.None) =>
        Assert.Equal(ReceiveWindow.StoreResult.Stored,
            _log.Window.Store(First + offset, new ProcessorId(1), flags, new byte[50]));
}
