namespace Totem.Tests.Transport;

/// <summary>A group that nothing is sent to costs nothing when something is delivered to others.</summary>
public sealed class GroupCostTests : IDisposable
{
    private const int Groups = 100;
    private const int Messages = 1000;

    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);

    private CancellationToken Limit => _limit.Token;

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task A_group_is_asked_for_room_only_when_something_was_delivered_to_it()
    {
        await using var node = await TotemNode.StartAsync(
            TotemNodeOptions.Loopback(Ports.TakeBase(), stateDirectory: _state.Path), Limit);
        var sinks = Enumerable.Range(0, Groups).Select(_ => new AskedSink()).ToArray();
        var groups = new List<TotemGroup>();
        foreach (var (index, sink) in sinks.Index())
            groups.Add(await node.JoinAsync($"g{index}", new GroupJoinOptions { Sink = sink }, Limit));
        for (var i = 0; i < Messages; i++)
            await groups[0].MulticastAsync(new byte[8], cancellationToken: Limit);
        await sinks[0].Heard(Messages).WaitAsync(Limit);

        Assert.All(
            sinks, x => Assert.True(x.Asked <= x.Deliveries, $"asked {x.Asked} times, {x.Deliveries} deliveries"));
        Assert.True(sinks.Skip(1).Sum(x => x.Asked) < Messages);
        foreach (var group in groups)
            await group.DisposeAsync();
    }

    /// <summary>One that is full holds the node up, whatever group comes next, until it says that
    /// it has room.</summary>
    [Fact]
    public async Task A_group_without_room_holds_up_the_others_until_it_has_some()
    {
        await using var node = await TotemNode.StartAsync(
            TotemNodeOptions.Loopback(Ports.TakeBase(), stateDirectory: _state.Path), Limit);
        var (full, other) = (new AskedSink(), new AskedSink());
        await using var first = await node.JoinAsync("full", new GroupJoinOptions { Sink = full }, Limit);
        await using var second = await node.JoinAsync("other", new GroupJoinOptions { Sink = other }, Limit);
        full.IsFull = true;
        await first.MulticastAsync(new byte[8], cancellationToken: Limit);
        await full.Heard(1).WaitAsync(Limit);
        await second.MulticastAsync(new byte[8], cancellationToken: Limit);
        var heard = other.Heard(1);
        // A question to the ring's thread, answered behind what it could deliver before.
        await node.GetGroupsAsync(Limit);
        Assert.False(heard.IsCompleted);

        full.IsFull = false;
        first.Resume();
        await heard.WaitAsync(Limit);
    }

    private sealed class AskedSink : IGroupSink
    {
        private readonly TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _messages;
        private int _wanted;
        private int _asked;
        private int _deliveries;

        public volatile bool IsFull;

        public int Asked => Volatile.Read(ref _asked);

        public int Deliveries => Volatile.Read(ref _deliveries);

        public bool HasRoom
        {
            get
            {
                Interlocked.Increment(ref _asked);
                return !IsFull;
            }
        }

        /// <summary>Ends when so many messages have come.</summary>
        public Task Heard(int messages)
        {
            Volatile.Write(ref _wanted, messages);
            Look();
            return _heard.Task;
        }

        public void OnDelivery(in GroupDelivery delivery)
        {
            Interlocked.Increment(ref _deliveries);
            if (delivery.Kind == GroupDeliveryKind.Message)
                Interlocked.Increment(ref _messages);
            Look();
        }

        private void Look()
        {
            if (Volatile.Read(ref _wanted) is > 0 and var wanted && Volatile.Read(ref _messages) >= wanted)
                _heard.TrySetResult();
        }
    }
}
