using Totem.Core;
using Totem.Core.Groups;
using Totem.Core.Time;
using Totem.Sheepdog;

namespace Totem.Tests.Transport;

/// <summary>Calls that are wrong are refused, in words of the caller's: never taken for something
/// else, never waited for without end.</summary>
public sealed class MisuseTests : IDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);
    private readonly int _port = Ports.TakeBase();

    public static TheoryData<int> NoGuarantees => [77, 2, -1, int.MinValue];

    private static CancellationToken Cancelled => new(canceled: true);

    private CancellationToken Limit => _limit.Token;

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task A_token_that_is_cancelled_already_lets_nothing_begin()
    {
        await using var node = await StartAsync();
        await node.WaitForMembersAsync(1, Limit);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => node.JoinAsync("g", cancellationToken: Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => node.BeginJoinAsync("g", cancellationToken: Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.WaitForMembersAsync(1, Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.WaitForMembersAsync(_ => true, Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.GetGroupsAsync(Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.GetMembersAsync("g", Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await node.MulticastAsync(new byte[1], cancellationToken: Cancelled));
        await using var group = await node.JoinAsync("h", cancellationToken: Limit);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await group.MulticastAsync(new byte[1], cancellationToken: Cancelled));
        Assert.Empty(await node.GetMembersAsync("g", Limit));
        Assert.Empty(group.ToString().Replace($"h {{{group.Self}}}", "", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(NoGuarantees))]
    public async Task A_guarantee_is_agreed_or_safe(int number)
    {
        var guarantee = (Guarantee)number;
        await using var node = await StartAsync();
        await using var group = await node.JoinAsync("g", cancellationToken: Limit);
        var large = new byte[GroupProcessor.MaxMessageBytes + 1];
        var refusals = new[]
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                async () => await node.MulticastAsync(new byte[1], guarantee, Limit)),
            Assert.Throws<ArgumentOutOfRangeException>(() => { node.TryMulticast([1], guarantee); }),
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                async () => await group.MulticastAsync(new byte[1], guarantee, Limit)),
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                async () => await group.MulticastAsync(large, guarantee, Limit)),
            Assert.Throws<ArgumentOutOfRangeException>(() => { group.TryMulticast([1], guarantee); }),
        };
        Assert.All(refusals, x =>
        {
            Assert.Equal("guarantee", x.ParamName);
            Assert.StartsWith($"the guarantee is {number}, expected Agreed or Safe", x.Message,
                StringComparison.Ordinal);
        });
        var engine = new GroupProcessor(new RingOptions { Self = new ProcessorId(1) }, new GroupOptions(), 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => { engine.Ring.TrySubmit([1], guarantee, new Instant(1)); });
    }

    [Fact]
    public async Task A_process_leaves_for_one_of_its_own_reasons()
    {
        await using var node = await StartAsync();
        await using var group = await node.JoinAsync("g", cancellationToken: Limit);
        foreach (var reason in (GroupChangeReason[])[GroupChangeReason.Joined, GroupChangeReason.NodeDown,
            (GroupChangeReason)77])
        {
            var refused = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => group.LeaveAsync(reason, Limit));
            Assert.StartsWith($"the reason is {reason}, expected Left or ProcessDown", refused.Message,
                StringComparison.Ordinal);
        }

        Assert.Single(await node.GetMembersAsync("g", Limit));
    }

    /// <summary>Not as data of a theory: an attribute could not say such texts either.</summary>
    [Fact]
    public void A_name_with_half_of_a_surrogate_pair_is_none()
    {
        foreach (var (name, index) in ((string, int)[])[("\uD800", 0), ("a\uDC00", 1), ("ab\uD83Dc", 2)])
        {
            var refused = Assert.Throws<ArgumentException>(() => new GroupName(name));
            Assert.Contains($"half of a surrogate pair at index {index}", refused.Message, StringComparison.Ordinal);
            Assert.Equal("name", refused.ParamName);
            Assert.Throws<ArgumentException>(() => GroupName.Parse(name));
            Assert.Throws<ArgumentException>(() => GroupName.Parse(name + "\\x00"));
            var options = TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path, name: name);
            Assert.Contains(options.Validate(), x => x.Contains("half of a surrogate pair", StringComparison.Ordinal));
        }

        Assert.Equal("\uD83D\uDC11", new GroupName("\uD83D\uDC11").ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(15)]
    [InlineData(int.MaxValue)]
    public async Task Only_as_many_members_as_there_can_be_are_waited_for(int count)
    {
        await using var node = await StartAsync();
        var refused = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => node.WaitForMembersAsync(count, Limit));
        Assert.Equal("count", refused.ParamName);
        Assert.StartsWith($"{count} members, expected 1 to the 14 that can be on this ring", refused.Message,
            StringComparison.Ordinal);
    }

    /// <summary>The parameter of an exception is one that the caller has.</summary>
    [Fact]
    public async Task Arguments_are_called_as_the_caller_calls_them()
    {
        await using var node = await StartAsync();
        await using var group = await node.JoinAsync("g", cancellationToken: Limit);
        var tooLong = new byte[RingOptions.MaxMessageBytes + 1];
        var noRoom = new GroupJoinOptions { MaxStreamBytes = 1 };
        var engine = new GroupProcessor(new RingOptions { Self = new ProcessorId(1) }, new GroupOptions(), 0);
        engine.Ring.Start(new Instant(1));
        var failures = new (string Expected, ArgumentException Failure)[]
        {
            ("payload", await Assert.ThrowsAsync<ArgumentException>(
                async () => await node.MulticastAsync(tooLong, cancellationToken: Limit))),
            ("payload", Assert.Throws<ArgumentException>(() => { node.TryMulticast(tooLong); })),
            ("payload", await Assert.ThrowsAsync<ArgumentException>(
                async () => await group.MulticastAsync(new byte[(64 << 20) + 1], cancellationToken: Limit))),
            ("payload", Assert.Throws<ArgumentException>(() => { group.TryMulticast(tooLong); })),
            ("payload", Assert.Throws<ArgumentException>(
                () => { engine.Ring.TrySubmit(tooLong, Guarantee.Agreed, new Instant(1)); })),
            ("options", await Assert.ThrowsAsync<ArgumentException>(() => node.JoinAsync("h", noRoom, Limit))),
            ("options", await Assert.ThrowsAsync<ArgumentException>(() => node.BeginJoinAsync("h", noRoom, Limit))),
            ("name", Assert.Throws<ArgumentException>(() => new GroupName(""))),
            ("name", Assert.Throws<ArgumentException>(() => new GroupName(new string('x', GroupName.MaxBytes + 1)))),
            ("name", Assert.Throws<ArgumentException>(() => new GroupName(ReadOnlySpan<byte>.Empty))),
            ("name", await Assert.ThrowsAsync<ArgumentException>(() => node.JoinAsync("", cancellationToken: Limit))),
            ("text", Assert.Throws<ArgumentException>(() => GroupName.Parse(""))),
            ("text", Assert.Throws<ArgumentException>(
                () => GroupName.Parse(new string('x', GroupName.MaxBytes) + @"\\"))),
        };
        Assert.All(failures, x => Assert.Equal(x.Expected, x.Failure.ParamName));
    }

    [Fact]
    public async Task A_node_that_has_ended_says_which_it_was()
    {
        var node = await StartAsync();
        var group = await node.JoinAsync("flock", new GroupJoinOptions { Pid = 7 }, Limit);
        await group.DisposeAsync();
        var ofGroup = await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await group.MulticastAsync(new byte[1], cancellationToken: Limit));
        Assert.StartsWith("process 1/7 has left group flock", ofGroup.Message, StringComparison.Ordinal);
        await node.DisposeAsync();
        var ofNode = await Assert.ThrowsAsync<ObjectDisposedException>(
            () => node.JoinAsync("flock", cancellationToken: Limit));
        Assert.StartsWith("node 1 has left the ring", ofNode.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_that_was_disposed_of_takes_nothing_more()
    {
        var driver = ClusterDrivers.Create($"totem:port={_port},state={_state.Path}", out var option);
        var sheep = new SheepNode(new byte[20], 18);
        driver.Init(option);
        driver.Join(sheep, []);
        driver.Dispose();
        Assert.Equal(ClusterResult.ClusterError, driver.Notify([1]));
        Assert.Equal(ClusterResult.ClusterError, driver.Block());
        Assert.Equal(ClusterResult.ClusterError, driver.Unblock([1]));
        Assert.Equal(ClusterResult.ClusterError, driver.UpdateNode(sheep));
        foreach (var call in (Action[])[() => driver.Init(option), () => driver.Join(sheep, []), () => driver.Lock(7)])
            Assert.StartsWith("the driver was disposed of", Assert.Throws<ObjectDisposedException>(call).Message,
                StringComparison.Ordinal);
    }

    public static TheoryData<string> Waits => ["dispose", "leave", "join", "groups", "members", "multicast"];

    /// <summary>By a detour over another thread: who waits there is told, and by him the handler.</summary>
    [Fact]
    public async Task A_handler_that_lets_another_thread_dispose_of_its_node_is_told_so()
    {
        var told = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        TotemNode? node = null;
        node = await TotemNode.StartAsync(
            TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path) with { OnDelivery = OnDelivery }, Limit);
        await node.MulticastAsync("now"u8.ToArray(), cancellationToken: Limit);
        var failure = Assert.IsType<InvalidOperationException>(await told.Task.WaitAsync(Limit));
        Assert.StartsWith("node 1 cannot leave: a handler on the ring's thread has not returned since DisposeAsync was "
            + "called", failure.Message, StringComparison.Ordinal);
        await node.Completion.WaitAsync(Limit);

        void OnDelivery(in Delivery delivery)
        {
            if (!delivery.Payload.SequenceEqual("now"u8))
                return;
#pragma warning disable VSTHRD002 // The subject of this test.
            told.TrySetResult(Record.Exception(() => Task.Run(async () => await node!.DisposeAsync())
                .Wait(Limit)) is AggregateException { InnerException: { } inner } ? inner : null);
#pragma warning restore VSTHRD002
        }
    }

    /// <summary>The ring's thread runs the handler: what is waited for there would never come.</summary>
    [Theory]
    [MemberData(nameof(Waits))]
    public async Task A_handler_that_waits_for_its_own_node_is_told_so(string wait)
    {
        var told = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        TotemNode? node = null;
        await using var started = await TotemNode.StartAsync(
            TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path) with { OnDelivery = OnDelivery,
                MaxSubmissionBytes = TotemNodeOptions.MinQueueBytes }, Limit);
        node = started;
        await node.MulticastAsync("now"u8.ToArray(), cancellationToken: Limit);

        var failure = Assert.IsType<InvalidOperationException>(await told.Task.WaitAsync(Limit));
        Assert.Contains("is waited for in a handler of node 1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Return from the handler first", failure.Message, StringComparison.Ordinal);
        if (wait is "dispose" or "leave")
            await node.Completion.WaitAsync(Limit);

        void OnDelivery(in Delivery delivery)
        {
            if (!delivery.Payload.SequenceEqual("now"u8))
                return;
            // VSTHRD002 is what this test is about.
#pragma warning disable VSTHRD002
            told.TrySetResult(Record.Exception(() => Waiting(node!)
                .Wait(Limit)) is AggregateException { InnerException: { } inner } ? inner : null);
#pragma warning restore VSTHRD002
        }

        Task Waiting(TotemNode own) => wait switch
        {
            "dispose" => own.DisposeAsync().AsTask(),
            "leave" => own.LeaveAsync(),
            "join" => own.JoinAsync("g"),
            "groups" => own.GetGroupsAsync(),
            "members" => own.WaitForMembersAsync(14),
            _ => Task.WhenAny(Enumerable.Range(0, 8)
                .Select(_ => own.MulticastAsync(new byte[RingOptions.MaxMessageBytes]).AsTask())
                .Where(x => !x.IsCompleted)).Unwrap(),
        };
    }

    [Fact]
    public async Task A_sink_that_waits_for_its_own_leave_is_told_so()
    {
        await using var node = await StartAsync();
        var sink = new WaitingSink(Limit);
        sink.Group = await node.JoinAsync("g", new GroupJoinOptions { Sink = sink }, Limit);
        await sink.Group.MulticastAsync("now"u8.ToArray(), cancellationToken: Limit);
        var failure = Assert.IsType<InvalidOperationException>(await sink.Told.Task.WaitAsync(Limit));
        Assert.Contains("DisposeAsync is waited for in a handler of node 1", failure.Message, StringComparison.Ordinal);
        await sink.Group.Completion.WaitAsync(Limit);
    }

    /// <summary>A handler that begins it and returns is told the end, as before.</summary>
    [Fact]
    public async Task A_handler_may_begin_what_it_does_not_wait_for()
    {
        var begun = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        TotemNode? node = null;
        node = await TotemNode.StartAsync(
            TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path) with { OnDelivery = OnDelivery }, Limit);
        await node.MulticastAsync("now"u8.ToArray(), cancellationToken: Limit);
        await (await begun.Task.WaitAsync(Limit)).WaitAsync(Limit);
        await node.Completion.WaitAsync(Limit);

        void OnDelivery(in Delivery delivery)
        {
            if (delivery.Payload.SequenceEqual("now"u8))
                begun.TrySetResult(node!.LeaveAsync());
        }
    }

    private Task<TotemNode> StartAsync() =>
        TotemNode.StartAsync(TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path), Limit);

    private sealed class WaitingSink(CancellationToken limit) : IGroupSink
    {
        public TotemGroup? Group { get; set; }

        public TaskCompletionSource<Exception?> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool HasRoom => true;

        public void OnDelivery(in GroupDelivery delivery)
        {
            if (delivery.Kind != GroupDeliveryKind.Message)
                return;
#pragma warning disable VSTHRD002 // The subject of this test.
            var failure = Record.Exception(() => Group!.DisposeAsync().AsTask().Wait(limit));
#pragma warning restore VSTHRD002
            Told.TrySetResult(failure is AggregateException { InnerException: { } inner } ? inner : failure);
        }
    }
}
