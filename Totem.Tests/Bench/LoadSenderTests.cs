using Totem.Bench.Load;

namespace Totem.Tests.Bench;

/// <summary>When messages are sent.</summary>
public sealed class LoadSenderTests
{
    private const int Size = 64;

    [Fact]
    public async Task A_closed_loop_has_one_message_in_flight()
    {
        await using var bus = new RecordingBus(room: int.MaxValue);
        using var sender = new LoadSender(bus, new LoadShape(LoadKind.Closed, 0), Size, place: 0, senders: 1);
        sender.Start();

        for (var sequence = 1ul; sequence <= 100; sequence++)
        {
            var header = bus.Take();
            Assert.Equal((MessageKind.Data, 1u, sequence), (header.Kind, header.Sender, header.Sequence));
            Assert.Equal(0, bus.Waiting);
            sender.OnOwnDelivery();
        }
    }

    [Fact]
    public async Task Senders_that_answer_each_other_wait_for_the_one_before_them()
    {
        await using var bus = new RecordingBus(room: int.MaxValue);
        using var first = new LoadSender(bus, new LoadShape(LoadKind.Turns, 0), Size, place: 0, senders: 2);
        using var second = new LoadSender(bus, new LoadShape(LoadKind.Turns, 0), Size, place: 1, senders: 2);
        second.Start();
        first.Start();
        Assert.Equal(1ul, bus.Take().Sequence);

        // A node's own message is nobody's turn but the other's.
        first.OnOwnDelivery();
        first.OnTurn(sender: 1);
        Assert.Equal(0, bus.Waiting);
        second.OnTurn(sender: 1);
        Assert.Equal(1ul, bus.Take().Sequence);
        second.OnOwnDelivery();
        first.OnTurn(sender: 2);
        Assert.Equal(2ul, bus.Take().Sequence);
    }

    [Fact]
    public async Task Beside_a_closed_loop_another_one_sends_at_its_instants()
    {
        var load = new LoadShape(LoadKind.Beside, 1000);
        await using var bus = new RecordingBus(room: int.MaxValue);
        using var first = new LoadSender(bus, load, Size, place: 0, senders: 2);
        first.Start();
        Assert.Equal(1ul, bus.Take().Sequence);
        Assert.Equal(0, bus.Waiting); // Until its own message comes.
        first.OnOwnDelivery();
        Assert.Equal(2ul, bus.Take().Sequence);
        first.Stop();

        await using var other = new RecordingBus(room: int.MaxValue);
        using var second = new LoadSender(other, load, Size, place: 1, senders: 2);
        second.Start();
        Assert.Equal(1ul, other.Take().Sequence);
        Assert.Equal(2ul, other.Take().Sequence); // Deliveries do not matter.
    }

    [Fact]
    public async Task A_refused_message_is_sent_later_with_the_same_number()
    {
        await using var bus = new RecordingBus(room: 1);
        using var sender = new LoadSender(bus, new LoadShape(LoadKind.Closed, 0), Size, place: 0, senders: 1);
        sender.Start();
        Assert.Equal(1ul, bus.Take().Sequence);
        sender.OnOwnDelivery(); // The second one is refused here, and perhaps by the thread of the sender.

        bus.MakeRoom(1);
        sender.OnOwnDelivery();

        Assert.Equal(2ul, bus.Take().Sequence);
    }

    [Fact]
    public async Task Saturation_fills_the_queue_and_each_delivery_makes_room_for_one()
    {
        const long limit = LoadSender.OutstandingBytesMax / Size;
        await using var bus = new RecordingBus(room: int.MaxValue);
        using var sender = new LoadSender(bus, new LoadShape(LoadKind.Saturation, 0), Size, place: 0, senders: 1);
        sender.Start();
        for (var sequence = 1ul; sequence <= limit; sequence++)
            Assert.Equal(sequence, bus.Take().Sequence);
        Assert.Equal(0, bus.Waiting);

        sender.OnOwnDelivery();

        Assert.Equal((ulong)limit + 1, bus.Take().Sequence);
        Assert.Equal(0, bus.Waiting);
    }

    [Fact]
    public async Task A_message_that_is_sent_late_counts_from_when_it_was_due()
    {
        const int perSecond = 1000;
        await using var bus = new RecordingBus(room: 1);
        using var sender = new LoadSender(bus, new LoadShape(LoadKind.Rate, perSecond), Size, place: 0, senders: 1);
        sender.Start();
        var first = bus.Take().Ticks;
        var late = first + 20_000_000;
        Clock.SleepUntil(late);

        bus.MakeRoom(2);

        // The schedule went on while there was no room.
        Assert.Equal(1_000_000, bus.Take().Ticks - first);
        Assert.Equal(2_000_000, bus.Take().Ticks - first);
    }
}
