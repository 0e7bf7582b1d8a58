using System.Buffers.Binary;

namespace Totem.Tests.Transport;

/// <summary>
/// docs/design/groups.md, "Sending only": an application that never reads, and says so, holds nobody up and keeps
/// nothing. Every wait is for an event; the limit only turns a hang into a failure.
/// </summary>
public sealed class SendOnlyTests : LoopbackRing
{
    private const int MessageCount = 300_000;

    [Fact]
    public async Task A_member_that_never_reads_sends_on_while_the_others_do_too()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        // It would be put out at once if it were judged.
        await using var third = await StartAsync(x => x with { StoppedReaderTimeout = TimeSpan.FromMilliseconds(1) });
        await using var a = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var b = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        var readers = new[] { CountAsync(a), CountAsync(b) };
        await using var deaf = await third.JoinAsync("g", new GroupJoinOptions { Pid = 3, Receives = false }, Limit);
        var changesBefore = third.Statistics.ConfigurationChanges;

        await Task.WhenAll(SendAsync(deaf), SendAsync(a));
        foreach (var reader in readers)
            Assert.Equal((MessageCount, MessageCount), await reader.WaitAsync(Limit));

        // All that was sent, some 60 MB here, is many times what its stream may have.
        Assert.Equal(0, third.Statistics.StreamFull);
        Assert.Equal(changesBefore, third.Statistics.ConfigurationChanges);
        Assert.Equal([1u, 2u, 3u], deaf.Members.Select(x => x.Pid));
        Assert.Equal(deaf.Members, a.Members);
    }

    [Fact]
    public async Task A_member_that_only_sends_cannot_be_read_and_leaves_in_good_order()
    {
        await using var node = await StartAsync();
        await using var reader = await node.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        var deaf = await node.JoinAsync("g", new GroupJoinOptions { Pid = 2, Receives = false }, Limit);
        var refused = Assert.Throws<InvalidOperationException>(() => { _ = deaf.ReadEventsAsync(Limit); });
        Assert.Contains("Receives = false", refused.Message, StringComparison.Ordinal);
        // In parts as well: what is long is put together for the other process of the node.
        await deaf.MulticastAsync(new byte[3 << 20], cancellationToken: Limit);
        await deaf.LeaveAsync(cancellationToken: Limit);
        await deaf.Completion.WaitAsync(Limit);

        var lengths = new List<int>();
        await foreach (var element in reader.ReadEventsAsync(Limit))
        {
            if (element.IsMessage)
                lengths.Add(element.Payload.Length);
            if (element.Change is { Left.Count: 1 })
                break;
        }

        Assert.Equal([3 << 20], lengths);
    }

    [Fact]
    public async Task A_node_that_receives_nothing_sends_to_the_ring()
    {
        await using var deaf = await StartAsync(
            x => x with { Receives = false, StoppedReaderTimeout = TimeSpan.FromMilliseconds(1) });
        await using var other = await StartAsync();
        await deaf.WaitForMembersAsync(2, Limit);
        var refused = Assert.Throws<InvalidOperationException>(() => { _ = deaf.ReadEventsAsync(Limit); });
        Assert.Contains("Receives = false", refused.Message, StringComparison.Ordinal);
        Assert.Null(deaf.Host.Stream);

        // More than twice what the stream of a node may have.
        const int count = 20_000;
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < count; i++)
                await deaf.MulticastAsync(new byte[1000], cancellationToken: Limit);
        });
        var read = 0;
        await foreach (var element in other.ReadEventsAsync(Limit))
        {
            if (element.IsMessage && ++read == count)
                break;
        }

        await sending;
        Assert.Equal(0, deaf.Statistics.StreamFull);
    }

    [Fact]
    public async Task A_node_that_takes_deliveries_and_receives_nothing_is_told()
    {
        var options = Options with { Receives = false };
        Assert.Empty(options.Validate());
        Assert.Contains("Receives", Assert.Single((options with { OnDelivery = (in _) => { } }).Validate()),
            StringComparison.Ordinal);

        await using var node = await StartAsync();
        var refused = await Assert.ThrowsAsync<ArgumentException>(
            () => node.JoinAsync("g", new GroupJoinOptions { Receives = false, Sink = new NoSink() }, Limit));
        Assert.Contains("Receives", refused.Message, StringComparison.Ordinal);
    }

    private async Task SendAsync(TotemGroup group)
    {
        await Task.Yield();
        var message = new byte[100];
        for (var i = 0; i < MessageCount; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(message, i);
            await group.MulticastAsync(message, cancellationToken: Limit);
        }
    }

    /// <summary>How much came of each of the two senders, in the order in which it was sent.</summary>
    private async Task<(int OfReader, int OfDeaf)> CountAsync(TotemGroup group)
    {
        var (ofReader, ofDeaf) = (0, 0);
        await foreach (var element in group.ReadEventsAsync(Limit))
        {
            if (!element.IsMessage)
                continue;
            var number = element.Sender.Pid == 3 ? ofDeaf++ : ofReader++;
            Assert.Equal(number, BinaryPrimitives.ReadInt32LittleEndian(element.Payload.Span));
            if (ofReader == MessageCount && ofDeaf == MessageCount)
                break;
        }

        return (ofReader, ofDeaf);
    }

    private sealed class NoSink : IGroupSink
    {
        public bool HasRoom => true;

        public void OnDelivery(in GroupDelivery delivery)
        {
        }
    }
}
