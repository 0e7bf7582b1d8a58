namespace Totem.Tests.Transport;

/// <summary>
/// docs/reference/transport.md, "Back-pressure": an application that does not read holds up neither a change of
/// membership nor, for longer than is accepted, the others. Every wait is for an event; the limit only turns a hang
/// into a failure.
/// </summary>
public sealed class StoppedReaderTests : LoopbackRing
{
    private static readonly byte[] Message = new byte[1300];

    [Fact]
    public async Task A_newcomer_need_not_wait_for_an_application_that_does_not_read()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync(x => x with { StoppedReaderTimeout = Timeout.InfiniteTimeSpan });
        await using var sender = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var stopped = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        var knowsThree = new TaskCompletionSource();
        var reading = ReadOnAsync(sender, x =>
        {
            if (x.Change is { Members.Count: 3 })
                knowsThree.TrySetResult();
        });
        while (second.Statistics.StreamFull == 0)
            await sender.MulticastAsync(Message, cancellationToken: Limit);

        await using var third = await StartAsync();
        await using var newcomer = await third.JoinAsync("g", new GroupJoinOptions { Pid = 3 }, Limit);
        await newcomer.MulticastAsync(Message, cancellationToken: Limit);
        await foreach (var element in newcomer.ReadEventsAsync(Limit))
        {
            if (element.IsMessage && element.Sender.Pid == 3)
                break;
        }

        await knowsThree.Task.WaitAsync(Limit);
        await sender.DisposeAsync();
        await reading;
    }

    [Fact]
    public async Task A_member_that_only_sends_stops_nobody_but_itself()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync(
            x => x with { StoppedReaderTimeout = TimeSpan.FromMilliseconds(200) });
        await using var reader = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        var deaf = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Limit);
        // Alone with what it sends it holds up nobody but itself: so the other sends too.
        var sending = SendOnAsync(deaf, enough.Token);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Limit);
        var sendingToo = SendOnAsync(reader, gone.Token);

        var left = false;
        await foreach (var element in reader.ReadEventsAsync(Limit))
        {
            left = element.Change is { } change && change.Left.Any(x => x.Member.Pid == 2);
            if (left)
                break;
        }

        Assert.True(left);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sendingToo);
        // It is alone now, and what the others send goes on.
        await reader.MulticastAsync(Message, Guarantee.Safe, Limit);
        await foreach (var element in reader.ReadEventsAsync(Limit))
        {
            if (element.IsMessage && element.Sender.Pid == 1)
                break;
        }

        // Once it reads, it comes back.
        var reading = ReadOnAsync(deaf);
        await first.WaitForMembersAsync(2, Limit);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await deaf.DisposeAsync();
        await reading;
    }

    /// <summary>The deliveries that the change of membership brought went to its stream beyond the room there: that is
    /// not reading.</summary>
    [Fact]
    public async Task A_member_whose_application_stopped_stays_out_until_it_reads()
    {
        const int standsAside = 3006;
        const int readsAgain = 3007;
        var log = new LineLogger();
        using var logs = new LineLoggerFactory(log);
        await using var first = await StartAsync();
        await using var second = await StartAsync(
            x => x with { StoppedReaderTimeout = TimeSpan.FromMilliseconds(200), LoggerFactory = logs });
        await using var reader = await first.JoinAsync("g", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var stopped = await second.JoinAsync("g", new GroupJoinOptions { Pid = 2 }, Limit);
        await AskUntilAsync(second, x => x.Synchronized is { Members.Count: 2 });
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Limit);
        var sending = SendOnAsync(reader, enough.Token);
        var reading = ReadOnAsync(reader);

        // Alone, and everything that waited has been handed over.
        await AskUntilAsync(second, x => x.Installed is { Members.Count: 1 } && x.IsSynchronized);
        // Between two answers the ring's thread hands over what must be, 1,024 at most, and judges its application.
        for (var i = 0; i < 100; i++)
            await second.GetMembersAsync("g", Limit);
        Assert.Contains(log.Lines, x => x.Id == standsAside);
        Assert.DoesNotContain(log.Lines, x => x.Id == readsAgain);
        await first.WaitForMembersAsync(x => x.Count == 1, Limit);

        var readingToo = ReadOnAsync(stopped);
        await first.WaitForMembersAsync(2, Limit);
        Assert.Contains(log.Lines, x => x.Id == readsAgain);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await stopped.DisposeAsync();
        await reader.DisposeAsync();
        await Task.WhenAll(reading, readingToo);
    }

    /// <summary>Each question is answered by the ring's thread, in a cycle of its own.</summary>
    private async Task AskUntilAsync(TotemNode node, Func<TotemNode, bool> isThere)
    {
        while (!isThere(node))
            await node.GetMembersAsync("g", Limit);
    }

    private static async Task SendOnAsync(TotemGroup group, CancellationToken until)
    {
        await Task.Yield();
        while (true)
            await group.MulticastAsync(Message, cancellationToken: until);
    }

    private async Task ReadOnAsync(TotemGroup group, Action<GroupEvent>? see = null)
    {
        await foreach (var element in group.ReadEventsAsync(Limit))
            see?.Invoke(element);
    }
}
