using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Totem.Hosting.Tests;

public sealed class GroupServiceTests : HostRing
{
    [Fact]
    public async Task Hosts_hand_the_same_events_to_their_handlers()
    {
        var hosts = new[] { await StartAsync(3), await StartAsync(3), await StartAsync(3) };
        await WaitForAllAsync(hosts);
        var sends = Enumerable.Range(0, 200).Select(i =>
            GroupOf(hosts[i % 3]).ReplicateAsync(new byte[] { (byte)i }, i % 2 == 0 ? Guarantee.Agreed : Guarantee.Safe,
                Limit));
        var places = await Task.WhenAll(sends);

        Assert.Equal(200, places.Distinct().Count());
        await Task.WhenAll(hosts.Select(x => x.StopAsync(Limit)));
        // All were members of the group before the first message, so each has all of them.
        var messages = hosts.Select(x => CounterOf(x).Messages.ToList()).ToList();
        Assert.Equal(200, messages[0].Count);
        Assert.Equal(messages[0], messages[1]);
        Assert.Equal(messages[0], messages[2]);
    }

    [Fact]
    public async Task A_message_is_handled_when_its_replication_completes()
    {
        var host = await StartAsync();
        for (byte i = 0; i < 50; i++)
        {
            await GroupOf(host).ReplicateAsync(new[] { i }, cancellationToken: Limit);
            Assert.Equal($"m 1 {i:X2}", CounterOf(host).Events[^1]);
        }
    }

    [Fact]
    public async Task A_message_that_nobody_waits_for_takes_its_place_among_those_that_are_waited_for()
    {
        var host = await StartAsync();
        for (byte i = 0; i < 50; i++)
        {
            await GroupOf(host).MulticastAsync(new[] { (byte)(i + 100) }, cancellationToken: Limit);
            await GroupOf(host).ReplicateAsync(new[] { i }, cancellationToken: Limit);
            Assert.Equal([$"m 1 {i + 100:X2}", $"m 1 {i:X2}"], CounterOf(host).Events.TakeLast(2));
        }
    }

    [Fact]
    public async Task A_message_that_is_refused_leaves_no_gap()
    {
        var host = await StartAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => GroupOf(host).ReplicateAsync(
            new byte[new GroupOptions().MaxWholeBytes + 1], cancellationToken: Limit));
        await GroupOf(host).ReplicateAsync(new byte[] { 7 }, cancellationToken: Limit);
        Assert.Equal("m 1 07", CounterOf(host).Events[^1]);
    }

    [Fact]
    public async Task A_handler_that_fails_ends_the_membership_and_stops_the_application()
    {
        var host = await StartAsync();
        var stopping = new TaskCompletionSource();
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);

        var failure = await Assert.ThrowsAsync<InvalidDataException>(
            () => GroupOf(host).ReplicateAsync(new[] { Counter.Poison }, cancellationToken: Limit));
        Assert.Equal("poison", failure.Message);
        await stopping.Task.WaitAsync(Limit);
        Assert.Empty(await RingOf(host).Node.GetGroupsAsync(Limit));
        await Assert.ThrowsAnyAsync<Exception>(
            () => GroupOf(host).ReplicateAsync(new byte[] { 1 }, cancellationToken: Limit));
    }

    [Fact]
    public async Task Services_without_a_handler_read_the_events_themselves()
    {
        var host = await StartAsync(_ => { }, x => x.AddGroup(GroupName));
        var group = GroupOf(host);
        await using var events = group.ReadEventsAsync(Limit).GetAsyncEnumerator(Limit);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(GroupEventKind.Change, events.Current.Kind);

        var sent = group.ReplicateAsync(new byte[] { 1 }, cancellationToken: Limit);
        Assert.True(await events.MoveNextAsync());
        Assert.True(events.Current.IsMessage);
        Assert.False(sent.IsCompleted);
        var place = new GroupPlace(events.Current.Ring, events.Current.Seq, events.Current.Index);
        var next = events.MoveNextAsync();
        Assert.Equal(place, await sent);

        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var _ in group.ReadEventsAsync(Limit))
                Assert.Fail("two readers");
        });
        await host.StopAsync(Limit);
        // The stop waits for no reader, so the leave may come, or the end.
        Assert.True(!await next || events.Current.Kind == GroupEventKind.Change);
    }

    [Fact]
    public async Task Replications_are_traced_when_somebody_listens()
    {
        var traces = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = x => x.Name == TotemActivity.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = x =>
            {
                lock (traces)
                    traces.Add(x);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var host = await StartAsync();
        await GroupOf(host).ReplicateAsync(new byte[] { 1, 2 }, Guarantee.Safe, Limit);
        await host.StopAsync(Limit);

        lock (traces)
        {
            var trace = traces.First(x => Equals(x.GetTagItem("messaging.message.body.size"), 2));
            Assert.Equal("replicate counter", trace.DisplayName);
            Assert.Equal("safe", trace.GetTagItem("totem.guarantee"));
            Assert.Equal(ActivityStatusCode.Unset, trace.Status);
        }
    }
}
