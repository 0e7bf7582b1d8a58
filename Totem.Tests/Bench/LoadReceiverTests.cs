using System.Globalization;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.Bench.Results;
using Totem.Bench.Ring;

namespace Totem.Tests.Bench;

/// <summary>The messages that count in a window, and the sum of the nodes' counts.</summary>
public sealed class LoadReceiverTests
{
    [Fact]
    public async Task Only_what_lies_between_the_marks_counts()
    {
        var counts = await DeliverAsync(1, (1, 1), Open, (1, 2), (2, 1), (1, 3), Close, (1, 4));

        Assert.Equal(
            (3, 2, 3L * MessageHeader.Bytes, 0), (counts.Messages, counts.OwnMessages, counts.Bytes, Gaps(counts)));
        Assert.Equal(2, counts.AtSender.Counts.Sum());
        Assert.Equal(1, counts.AtReceiver.Counts.Sum());
    }

    [Fact]
    public async Task A_number_that_is_missing_or_comes_again_is_a_gap()
    {
        Assert.Equal(1, Gaps(await DeliverAsync(1, (2, 1), Open, (2, 3), Close)));
        Assert.Equal(1, Gaps(await DeliverAsync(1, Open, (2, 1), (2, 1), Close)));
    }

    [Fact]
    public async Task Nodes_that_saw_the_same_agree()
    {
        var result = RunResult.Of(
            [await DeliverAsync(1, Open, (1, 1), (2, 1), Close), await DeliverAsync(2, Open, (1, 1), (2, 1), Close)]);

        Assert.True(result.IsOrderEqual);
        Assert.True(Holds(result));
    }

    [Fact]
    public async Task Another_order_fails_the_run()
    {
        var result = RunResult.Of(
            [await DeliverAsync(1, Open, (1, 1), (2, 1), Close), await DeliverAsync(2, Open, (2, 1), (1, 1), Close)]);

        Assert.False(result.IsOrderEqual);
        Assert.False(Holds(result));
    }

    [Fact]
    public async Task A_node_that_was_away_has_missed_messages_and_no_order()
    {
        // Ring 3 has both nodes at first and again in 5; in 4 each is alone, which is another ring for each.
        var first = await DeliverAsync(
            1, Ring(3), Open, (1, 1), (2, 1), Ring(41), (1, 2), (1, 3), Ring(5), (1, 4), (2, 3), Close);
        var second = await DeliverAsync(
            2, Ring(3), Open, (1, 1), (2, 1), Ring(42), (2, 2), Ring(5), (1, 4), (2, 3), Close);
        Assert.True(RunResult.Of([first, second]).IsOrderEqual);

        var wrong = await DeliverAsync(
            2, Ring(3), Open, (1, 1), (2, 1), Ring(42), (2, 2), Ring(5), (2, 3), (1, 4), Close);
        Assert.False(RunResult.Of([first, wrong]).IsOrderEqual);
        var lost = await DeliverAsync(2, Ring(3), Open, (1, 1), (2, 1), Ring(42), (2, 2), Ring(5), (1, 4), Close);
        Assert.False(RunResult.Of([first, lost]).IsOrderEqual);
    }

    [Fact]
    public async Task A_processor_that_goes_on_alone_may_have_delivered_less_before()
    {
        var first = await DeliverAsync(1, Ring(3), Open, (1, 1), (2, 1), (1, 2), Ring(41), Ring(5), (1, 3), Close);
        var second = await DeliverAsync(2, Ring(3), Open, (1, 1), (2, 1), Ring(42), Ring(5), (1, 3), Close);
        Assert.True(RunResult.Of([first, second]).IsOrderEqual);
        var together = await DeliverAsync(2, Ring(3), Open, (1, 1), (2, 1), Ring(41), Ring(5), (1, 3), Close);
        Assert.False(RunResult.Of([first, together]).IsOrderEqual);
    }

    [Fact]
    public async Task A_run_that_delivered_nothing_is_none()
        => Assert.False(Holds(RunResult.Of([await DeliverAsync(1, Open, Close), await DeliverAsync(2, Open, Close)])));

    [Theory]
    [InlineData("totem", false)]
    [InlineData("corosync-udpu", true)]
    [InlineData("limit-token", true)]
    public void Ours_may_not_fail_and_what_others_do_is_a_result(string engine, bool holds)
        => Assert.Equal(holds, Holds(new RunResult { Failure = "stalled" }, engine));

    private static (uint Sender, ulong Sequence) Open => (0, (ulong)MessageKind.WindowBegins);

    private static (uint Sender, ulong Sequence) Close => (0, (ulong)MessageKind.WindowEnds);

    // A configuration of that number begins.
    private static (uint Sender, ulong Sequence) Ring(ulong number) => (uint.MaxValue, number);

    private static long Gaps(WindowCounts counts) => counts.Segments.Sum(x => x.Gaps);

    private static bool Holds(RunResult result, string engine = "totem")
    {
        Assert.True(EngineSpec.TryParse(engine, out var spec));
        return RingBench.Holds([spec], [new EngineResult(engine, [result])]);
    }

    // Sender 0 stands for a mark.
    private static async Task<WindowCounts> DeliverAsync(uint self, params (uint Sender, ulong Sequence)[] messages)
    {
        await using var bus = new RecordingBus(room: 0);
        var receiver = new LoadReceiver(self, nodes: 2, sampleEvery: 1) { Bus = bus };
        var message = new byte[MessageHeader.Bytes];
        foreach (var (sender, sequence) in messages)
        {
            if (sender == uint.MaxValue)
            {
                receiver.OnConfiguration(sequence.ToString(CultureInfo.InvariantCulture));
                continue;
            }

            (sender == 0
                ? new MessageHeader((MessageKind)sequence, 1, 0, Clock.Now)
                : new MessageHeader(MessageKind.Data, sender, sequence, Clock.Now)).Write(message);
            receiver.OnMessage(message);
        }

        return await receiver.Closed.WaitAsync(HangLimit.OfAWait);
    }
}
