using System.Text;
using Totem.Core;

namespace Totem.Tests.Transport;

/// <summary>Groups of nodes of one process on real loopback sockets. Every wait is for an event;
/// the limit only turns a hang into a failure.</summary>
public sealed class TotemGroupTests : LoopbackRing
{
    [Fact]
    public async Task Members_see_the_same_messages_and_memberships_in_one_order()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        await using var a = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var b = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        for (var i = 0; i < 50; i++)
        {
            await a.MulticastAsync(
                Encoding.UTF8.GetBytes($"a{i}"), i % 2 == 0 ? Guarantee.Agreed : Guarantee.Safe, Limit);
            await b.MulticastAsync(Encoding.UTF8.GetBytes($"b{i}"), cancellationToken: Limit);
        }

        await b.LeaveAsync().WaitAsync(Limit);
        var ofB = await ReadToEndAsync(b);
        var ofA = await ReadAsync(a, ofB.Count + 1);
        Assert.Equal("g {1/1}; 1/1 came (Joined)", ofA[0]);
        Assert.Equal("g {1/1, 2/2}; 2/2 came (Joined)", ofB[0]);
        Assert.Equal("g {1/1}; 2/2 went (Left)", ofB[^1]);
        Assert.Equal(ofA.Skip(1), ofB);
        Assert.Equal(50, ofB.Count(x => x.StartsWith("2/2 b", StringComparison.Ordinal)));
        Assert.Equal([new GroupMember(new ProcessorId(1), 1)], a.Members);
    }

    [Fact]
    public async Task A_process_joins_a_group_once_and_again_after_it_has_left()
    {
        await using var node = await StartAsync();
        var group = await node.JoinAsync("g", null, Limit);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => node.JoinAsync("g", null, Limit));
        Assert.Contains("is in group g", refused.Message, StringComparison.Ordinal);
        await using var other = await node.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await group.LeaveAsync().WaitAsync(Limit);
        await using var again = await node.JoinAsync("g", null, Limit);
        Assert.Equal(2, (await node.GetMembersAsync("g")).Count);
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await group.MulticastAsync(new byte[1], cancellationToken: Limit));
    }

    [Fact]
    public async Task A_leave_whose_wait_is_cancelled_takes_place_all_the_same()
    {
        await using var node = await StartAsync();
        var group =
            await node.JoinAsync("g", new GroupJoinOptions { MaxStreamBytes = TotemNodeOptions.MinQueueBytes }, Limit);
        using var giveUp = new CancellationTokenSource();
        // Nobody reads, so the stream fills up and its own leave, the last event, finds no room.
        var leaving = Task.CompletedTask;
        for (var i = 0; i < 400 && node.Statistics.StreamFull == 0; i++)
            await group.MulticastAsync(new byte[100_000], cancellationToken: Limit);
        leaving = group.LeaveAsync(cancellationToken: giveUp.Token);
        Assert.False(leaving.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => group.LeaveAsync(cancellationToken: giveUp.Token));

        var read = await ReadToEndAsync(group);
        Assert.StartsWith("g {}; ", read[^1], StringComparison.Ordinal);
        await group.Completion.WaitAsync(Limit);
    }

    [Fact]
    public async Task Nodes_and_groups_that_are_disposed_of_take_nothing_along()
    {
        await using var watcher = await StartAsync();
        await using var seen = await watcher.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        foreach (var reason in (GroupChangeReason[])[GroupChangeReason.Left, GroupChangeReason.ProcessDown])
        {
            var node = await StartAsync();
            var group = await node.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
            for (var i = 0; i < 75; i++)
                Assert.Equal(SubmitResult.Accepted, group.TryMulticast(Encoding.UTF8.GetBytes($"last words {i}")));
            if (reason == GroupChangeReason.Left)
                await group.DisposeAsync();
            await node.DisposeAsync();
            var heard = await ReadAsync(seen, reason == GroupChangeReason.Left ? 78 : 77);
            Assert.Equal(75, heard.Count(x => x.Contains(" last words ", StringComparison.Ordinal)));
            Assert.EndsWith($"2/2 went ({reason})", heard[^1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_long_message_arrives_whole_and_in_its_place()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        await using var a = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var b = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        var payload = new byte[5 * GroupProcessor.MaxMessageBytes / 2];
        new Random(1).NextBytes(payload);
        var sending = a.MulticastAsync(payload, cancellationToken: Limit);
        var behind = a.MulticastAsync("behind"u8.ToArray(), cancellationToken: Limit);
        await foreach (var element in b.ReadEventsAsync(Limit))
        {
            if (!element.IsMessage)
                continue;
            Assert.True(element.Payload.Span.SequenceEqual(payload));
            break;
        }

        await sending;
        await behind;
        Assert.Equal("1/1 behind", Assert.Single(await ReadAsync(b, 1)));
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await a.MulticastAsync(new byte[(64 << 20) + 1], cancellationToken: Limit));
    }

    [Fact]
    public async Task A_node_that_leaves_takes_its_processes_along_and_one_that_dies_too()
    {
        var first = await StartAsync();
        await using var second = await StartAsync();
        await using var third = await StartAsync();
        var a = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var b = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        await third.JoinAsync("g", new GroupJoinOptions { Pid = 3 }, Limit);
        await third.WaitForMembersAsync(3, Limit);

        await first.DisposeAsync();
        third.Host.Crash();
        var ofA = await ReadToEndAsync(a);
        var ofB = await ReadAsync(b, x => x == "g {2/2}; 3/3 went (NodeDown)");
        Assert.Contains("g {2/2, 3/3}; 1/1 went (ProcessDown)", ofB);
        Assert.Contains("g {2/2, 3/3}; 1/1 went (ProcessDown)", ofA);
        Assert.Contains("only 2/2", ofB);
    }

    [Fact]
    public async Task Groups_that_a_node_is_not_in_are_listed_too()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        await using var a = await first.JoinAsync("one", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var b = await first.JoinAsync("two", new GroupJoinOptions { Pid = 1 }, Limit);
        // A join takes its place everywhere: behind one of its own, the second node knows those that came before.
        await using var c = await second.JoinAsync("three", new GroupJoinOptions { Pid = 9 }, Limit);
        Assert.Equal(
            ["three 2/9", "two 1/1", "one 1/1"],
            (await second.GetGroupsAsync()).Select(x => $"{x.Group} {string.Join(' ', x.Members)}"));
    }

    [Fact]
    public async Task A_reader_that_lags_holds_its_group_back_and_loses_nothing()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        await using var a = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var b = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        var payload = new byte[200_000];
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                payload = new byte[200_000];
                payload[0] = (byte)i;
                await a.MulticastAsync(payload, cancellationToken: Limit);
            }
        });
        var reading = Task.Run(async () =>
        {
            var count = 0;
            await foreach (var element in a.ReadEventsAsync(Limit))
            {
                if (element.IsMessage && ++count == 200)
                    return;
            }
        });
        // 40 MB do not fit the 4 MiB that wait for the second reader: it starts when the sender has
        // met the end of the room.
        while (second.Host.Counters.StreamFull == 0)
            await second.GetMembersAsync("g", Limit);
        var next = 0;
        await foreach (var element in b.ReadEventsAsync(Limit))
        {
            if (!element.IsMessage)
                continue;
            Assert.Equal((byte)next, element.Payload.Span[0]);
            if (++next == 200)
                break;
        }

        await sending;
        await reading;
    }

    [Fact]
    public async Task Many_long_messages_at_once_all_arrive()
    {
        await using var first = await StartAsync();
        var groups = new List<TotemGroup>();
        for (var i = 0; i < 6; i++)
            groups.Add(await first.JoinAsync($"g{i}", new GroupJoinOptions { Pid = 1 }, Limit));
        var payload = new byte[60 << 20];
        var sending = groups.ConvertAll(x => x.MulticastAsync(payload, cancellationToken: Limit).AsTask());
        foreach (var group in groups)
        {
            await foreach (var element in group.ReadEventsAsync(Limit))
            {
                if (!element.IsMessage)
                    continue;
                Assert.Equal(payload.Length, element.Payload.Length);
                break;
            }
        }

        await Task.WhenAll(sending);
        foreach (var group in groups)
            await group.DisposeAsync();
    }

    [Fact]
    public async Task A_group_that_nobody_reads_any_more_is_left_and_holds_nobody_back()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        var unread = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var b = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        await using var other = await first.JoinAsync("other", new GroupJoinOptions { Pid = 1 }, Limit);
        using var flood = CancellationTokenSource.CreateLinkedTokenSource(Limit);
        var sending = Task.Run(async () =>
        {
            while (!flood.IsCancellationRequested)
                await b.MulticastAsync(new byte[100_000], cancellationToken: flood.Token);
        });
        var reading = Task.Run(async () =>
        {
            await foreach (var element in b.ReadEventsAsync(Limit))
            {
                if (element.Change is { } change && change.Left.Count > 0)
                    return;
            }
        });
        while (first.Host.Counters.StreamFull == 0)
            await first.GetMembersAsync("g", Limit);
        await unread.DisposeAsync();
        await reading;
        await flood.CancelAsync();
        // Told to stop between two messages it just ends.
        await sending.ContinueWith(
            x => Assert.False(x.IsFaulted), Limit, TaskContinuationOptions.None, TaskScheduler.Default);
        await other.MulticastAsync(new byte[1], cancellationToken: Limit);
        Assert.Equal(2, (await ReadAsync(other, 2)).Count);
    }

    [Fact]
    public async Task A_node_of_groups_only_is_not_held_up_by_what_is_sent_to_the_ring()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        await using var a = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var events = second.ReadEventsAsync(Limit).GetAsyncEnumerator(Limit);
        Assert.True(await events.MoveNextAsync()); // It reads before there is more than it could keep.
        var reading = Task.Run(async () =>
        {
            while (await events.MoveNextAsync())
            {
            }
        });
        for (var i = 0; i < 30; i++)
            await second.MulticastAsync(new byte[1_000_000], cancellationToken: Limit);
        await using var b = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        await b.MulticastAsync("through"u8.ToArray(), cancellationToken: Limit);
        Assert.Equal("2/2 through", (await ReadAsync(a, 3))[2]);
        Assert.Throws<InvalidOperationException>(() => first.ReadEventsAsync(Limit));
        await second.DisposeAsync();
        await reading;
    }

    [Fact]
    public async Task A_stream_too_small_for_a_message_is_refused()
    {
        await using var node = await StartAsync();
        var refused = await Assert.ThrowsAsync<ArgumentException>(
            () => node.JoinAsync("g", new GroupJoinOptions { MaxStreamBytes = 65_536 }, Limit));
        Assert.Contains("MaxStreamBytes is 65536, expected", refused.Message, StringComparison.Ordinal);
        await using var other = await node.JoinAsync("g", null, Limit);
    }

    [Fact]
    public async Task The_one_hundred_and_twenty_ninth_member_is_refused()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        for (var pid = 1u; pid <= 64; pid++)
        {
            await first.JoinAsync("g", new GroupJoinOptions { Pid = pid }, Limit);
            await second.JoinAsync("g", new GroupJoinOptions { Pid = pid }, Limit);
        }

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => first.JoinAsync("g", new GroupJoinOptions { Pid = 99 }, Limit));
        Assert.Equal(128, (await second.GetMembersAsync("g")).Count);
    }

    private static string Describe(GroupEvent element) => element.Kind switch
    {
        GroupEventKind.Message => $"{element.Sender} {Encoding.UTF8.GetString(element.Payload.Span)}",
        GroupEventKind.Transitional => $"only {string.Join(' ', element.Change!.Members)}",
        _ => element.Change!.ToString(),
    };

    private async Task<List<string>> ReadToEndAsync(TotemGroup group)
    {
        var events = new List<string>();
        await foreach (var element in group.ReadEventsAsync(Limit))
            events.Add(Describe(element));
        return events;
    }

    private async Task<List<string>> ReadAsync(TotemGroup group, int count)
    {
        var events = new List<string>();
        await foreach (var element in group.ReadEventsAsync(Limit))
        {
            events.Add(Describe(element));
            if (events.Count == count)
                break;
        }

        return events;
    }

    private async Task<List<string>> ReadAsync(TotemGroup group, Func<string, bool> last)
    {
        var events = new List<string>();
        await foreach (var element in group.ReadEventsAsync(Limit))
        {
            events.Add(Describe(element));
            if (last(events[^1]))
                break;
        }

        return events;
    }
}
