using System.Net;
using System.Text;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Members of one process on real loopback sockets. Every wait is for an event; the limit
/// only turns a hang into a failure.</summary>
public sealed class TotemNodeTests : IDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);

    private CancellationToken Limit => _limit.Token;

    public static TheoryData<DatagramPath> Paths => UdpTransportTests.Paths;

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
    }

    private TotemNodeOptions Options(int port, DatagramPath path = DatagramPath.Auto, uint? id = null)
    {
        var options = TotemNodeOptions.Loopback(port, id is { } value ? new ProcessorId(value) : null, _state.Path);
        return options with { Transport = options.Transport with { Path = path } };
    }

    private async Task<TotemNode[]> StartRing(int count, DatagramPath path = DatagramPath.Auto)
    {
        var port = Ports.TakeBase();
        var nodes = new TotemNode[count];
        for (var i = 0; i < count; i++)
            nodes[i] = await TotemNode.StartAsync(Options(port, path), Limit);
        await Task.WhenAll(nodes.Select(node => node.WaitForMembersAsync(count, Limit)));
        return nodes;
    }

    /// <summary>The messages of a stream up to some number of them, as text with their places.</summary>
    private async Task<List<string>> ReadMessages(TotemNode node, int count)
    {
        var messages = new List<string>();
        await foreach (var element in node.ReadEventsAsync(Limit))
        {
            if (element.IsMessage)
                messages.Add($"{element.Ring}:{element.Seq}:{element.Index} {element.Sender} "
                    + $"{Encoding.UTF8.GetString(element.Payload.Span)}");
            if (messages.Count == count)
                break;
        }

        return messages;
    }

    private static async Task DisposeAll(IEnumerable<TotemNode> nodes)
    {
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Three_members_see_all_messages_in_one_order(DatagramPath path)
    {
        var nodes = await StartRing(3, path);

        var sending = nodes.Select(node => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
                await node.MulticastAsync(
                    Encoding.UTF8.GetBytes($"{node.Id}/{i}"), i % 3 == 0 ? Guarantee.Safe : Guarantee.Agreed, Limit);
        }));
        await Task.WhenAll(sending);
        var read = await Task.WhenAll(nodes.Select(node => ReadMessages(node, 600)));

        Assert.Equal(600, read[0].Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(read[0], read[1]);
        Assert.Equal(read[0], read[2]);
        await DisposeAll(nodes);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Members_whose_messages_follow_the_token_and_one_whose_do_not_see_one_order(DatagramPath path)
    {
        var port = Ports.TakeBase();
        var nodes = new List<TotemNode>();
        foreach (var window in new[] { 17, 5, 0 })
        {
            var options = Options(port, path);
            nodes.Add(await TotemNode.StartAsync(
                options with { Ring = options.Ring with { AcceleratedWindow = window } }, Limit));
        }

        await Task.WhenAll(nodes.Select(node => node.WaitForMembersAsync(3, Limit)));
        var sending = nodes.Select(node => Task.Run(async () =>
        {
            var filler = new string('x', 1000);
            for (var i = 0; i < 300; i++)
                await node.MulticastAsync(Encoding.UTF8.GetBytes($"{node.Id}/{i} {filler}"),
                    i % 3 == 0 ? Guarantee.Safe : Guarantee.Agreed, Limit);
        }));
        await Task.WhenAll(sending);
        var read = await Task.WhenAll(nodes.Select(node => ReadMessages(node, 900)));

        Assert.Equal(900, read[0].Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(read[0], read[1]);
        Assert.Equal(read[0], read[2]);
        Assert.True(nodes[0].Statistics.FramesAfterToken > 0 && nodes[1].Statistics.FramesAfterToken > 0, "nothing "
            + "followed the token");
        Assert.Equal(0, nodes[2].Statistics.FramesAfterToken);
        await DisposeAll(nodes);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task A_killed_member_is_removed_because_its_port_is_closed(DatagramPath path)
    {
        var nodes = await StartRing(3, path);

        nodes[2].Host.Crash();
        await nodes[2].Completion;
        var survivors = nodes[..2];
        await Task.WhenAll(survivors.Select(node => node.WaitForMembersAsync(members => members.Count == 2, Limit)));

        // The member that saw it says why; the other was called.
        var causes = new List<GatherReason>();
        foreach (var node in survivors)
        {
            await foreach (var element in node.ReadEventsAsync(Limit))
            {
                // Those who went are missing from the transitional configuration already.
                if (element.Change is not { Configuration.Kind: ConfigurationKind.Transitional } change
                    || change.Left.IsEmpty)
                    continue;
                Assert.Equal(ProcessorSet.Of(new ProcessorId(3)), change.Left);
                causes.Add(change.Cause.Reason);
                break;
            }
        }

        Assert.Contains(GatherReason.MemberUnreachable, causes);
        Assert.DoesNotContain(GatherReason.TokenLost, causes);
        Assert.Contains(survivors, node => node.Statistics.MembersFoundUnreachable > 0);
        await DisposeAll(nodes);
    }

    [Fact]
    public async Task A_member_that_leaves_says_goodbye_and_what_it_sent_arrives_first()
    {
        var nodes = await StartRing(2);

        for (var i = 0; i < 50; i++)
            Assert.Equal(SubmitResult.Accepted, nodes[1].TryMulticast(Encoding.UTF8.GetBytes($"last words {i}")));
        await nodes[1].LeaveAsync();

        var seen = 0;
        ConfigurationChange? goodbye = null;
        await foreach (var element in nodes[0].ReadEventsAsync(Limit))
        {
            seen += element.IsMessage ? 1 : 0;
            if (element.Change is { Configuration.Kind: ConfigurationKind.Transitional } change && !change.Left.IsEmpty)
            {
                goodbye = change;
                break;
            }
        }

        Assert.Equal(50, seen);
        Assert.Equal(GatherReason.MemberLeft, goodbye!.Cause.Reason);
        Assert.Equal(SubmitResult.NotRunning, nodes[1].TryMulticast("too late"u8));
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await nodes[1].MulticastAsync("too late"u8.ToArray(), cancellationToken: Limit));
        await DisposeAll(nodes);
    }

    /// <summary>As when a signal's handler interrupts it and calls exit.</summary>
    [Fact]
    public async Task A_sender_that_stands_still_in_the_middle_keeps_no_member_from_leaving()
    {
        var nodes = await StartRing(2);
        using var memory = new SlowMemory();
        var sending = Task.Run(() => nodes[0].MulticastAsync(memory.Of(8)).AsTask(), Limit);
        memory.WaitUntilAsked();
        await Task.Run(() => nodes[0].LeaveAsync(), Limit).WaitAsync(Limit);
        var alone = await nodes[1].WaitForMembersAsync(members => members.Count == 1, Limit);
        Assert.True(alone.Members.Contains(nodes[1].Id));
        memory.GoOn();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => sending);
        await DisposeAll(nodes);
    }

    [Fact]
    public async Task A_restarted_member_goes_on_from_its_stored_ring_sequence()
    {
        var port = Ports.TakeBase();
        var first = await TotemNode.StartAsync(Options(port), Limit);
        var before = await first.WaitForMembersAsync(1, Limit);
        first.Host.Crash();
        await first.Completion;

        await using var second = await TotemNode.StartAsync(Options(port), Limit);
        var after = await second.WaitForMembersAsync(1, Limit);

        Assert.True(RingId.IsLater(after.Ring.Sequence, before.Ring.Sequence), $"{after.Ring} after {before.Ring}");
    }

    [Fact]
    public async Task Multicasts_wait_for_room_and_every_one_arrives_in_the_order_of_the_calls()
    {
        var port = Ports.TakeBase();
        var options = Options(port) with { MaxSubmissionBytes = TotemNodeOptions.MinQueueBytes };
        await using var node = await TotemNode.StartAsync(
            options with
            {
                Ring = options.Ring with
                {
                    MaxSendQueueBytes = RingOptions.MaxMessageBytes + 64,
                    AloneTimeout = TimeSpan.FromHours(1),
                    ConsensusTimeout = TimeSpan.FromHours(1),
                },
            }, Limit);

        // Alone it makes no ring, and before there is one nothing is sent, so the queues fill up:
        // 16 times 1 MB is more than both hold.
        var payload = new byte[1_000_000];
        var calls = Enumerable.Range(0, 16).Select(i =>
        {
            var copy = (byte[])payload.Clone();
            copy[0] = (byte)i;
            return node.MulticastAsync(copy, cancellationToken: Limit).AsTask();
        }).ToList();
        Assert.Contains(calls, call => !call.IsCompleted);
        Assert.Equal(SubmitResult.Backpressured, node.TryMulticast("no room, and not my turn"u8));

        await using var other = await TotemNode.StartAsync(Options(port), Limit);
        var order = new List<byte>();
        await foreach (var element in node.ReadEventsAsync(Limit))
        {
            if (element.IsMessage)
                order.Add(element.Payload.Span[0]);
            if (order.Count == 16)
                break;
        }

        await Task.WhenAll(calls);
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (byte)i), order);
    }

    [Fact]
    public async Task A_multicast_that_waits_can_be_cancelled()
    {
        var options = Options(Ports.TakeBase()) with { MaxSubmissionBytes = TotemNodeOptions.MinQueueBytes };
        await using var node = await TotemNode.StartAsync(
            options with
            {
                Ring = options.Ring with { AloneTimeout = TimeSpan.FromHours(1),
                    ConsensusTimeout = TimeSpan.FromHours(1) },
                FlushTimeout = TimeSpan.Zero,
            }, Limit);
        using var cancellation = new CancellationTokenSource();

        var calls = Enumerable.Range(0, 16).Select(_ =>
            node.MulticastAsync(new byte[1_000_000], cancellationToken: cancellation.Token).AsTask()).ToList();
        var waiting = calls.FindAll(call => !call.IsCompleted);
        Assert.NotEmpty(waiting);
        await cancellation.CancelAsync();

        foreach (var call in waiting.TakeLast(2))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task A_reader_that_stops_makes_the_ring_wait_and_loses_nothing()
    {
        var port = Ports.TakeBase();
        var nodes = new TotemNode[2];
        for (var i = 0; i < 2; i++)
            nodes[i] = await TotemNode.StartAsync(
                Options(port) with { MaxStreamBytes = TotemNodeOptions.MinQueueBytes }, Limit);
        await Task.WhenAll(nodes.Select(node => node.WaitForMembersAsync(2, Limit)));

        // Node 2 reads nothing: more than its queue holds is on the way.
        var fast = Task.Run(() => ReadMessages(nodes[0], 400));
        for (var i = 0; i < 400; i++)
            await nodes[0].MulticastAsync(new byte[10_000], cancellationToken: Limit);
        Assert.Equal(400, (await fast).Count);
        var slow = await ReadMessages(nodes[1], 400);

        Assert.Equal(400, slow.Count);
        Assert.True(nodes[1].Statistics.StreamFull > 0);
        Assert.Equal(2, nodes[1].Installed!.Members.Count);
        await DisposeAll(nodes);
    }

    [Fact]
    public async Task A_reader_that_sleeps_through_many_configurations_loses_its_member_and_learns_it()
    {
        var port = Ports.TakeBase();
        await using var sleeper = await TotemNode.StartAsync(
            Options(port) with { MaxStreamBytes = TotemNodeOptions.MinQueueBytes, MaxBeyondRoomBytes = 5_000 }, Limit);
        await sleeper.WaitForMembersAsync(1, Limit);
        for (var i = 0; i < 200; i++)
            await sleeper.MulticastAsync(new byte[10_000], cancellationToken: Limit);

        // Each visitor makes a change when it comes and one when it goes.
        while (!sleeper.Completion.IsCompleted)
        {
            await using var visitor = await TotemNode.StartAsync(Options(port), Limit);
            await Task.WhenAny(sleeper.Completion, visitor.WaitForMembersAsync(2, Limit));
            await visitor.DisposeAsync();
            await Task.WhenAny(sleeper.Completion, sleeper.WaitForMembersAsync(members => members.Count == 1, Limit));
        }

        await Assert.ThrowsAsync<RingFailedException>(() => sleeper.Completion);
        var seen = 0;
        await Assert.ThrowsAsync<RingFailedException>(async () =>
        {
            await foreach (var _ in sleeper.ReadEventsAsync(Limit))
                seen++;
        });
        Assert.InRange(seen, 50, 200);
    }

    [Fact]
    public async Task A_handler_gets_what_the_stream_would_and_then_there_is_no_stream()
    {
        var count = 0;
        var done = new TaskCompletionSource();
        var options = Options(Ports.TakeBase()) with
        {
            OnDelivery = (in Delivery delivery) =>
            {
                if (delivery.Change is null && ++count == 10)
                    done.SetResult();
            },
        };
        await using var node = await TotemNode.StartAsync(options, Limit);

        for (var i = 0; i < 10; i++)
            await node.MulticastAsync("x"u8.ToArray(), Guarantee.Safe, Limit);

        await done.Task.WaitAsync(Limit);
        Assert.Throws<InvalidOperationException>(() => node.ReadEventsAsync(Limit));
    }

    [Fact]
    public async Task A_handler_that_throws_stops_the_member_and_everybody_is_told()
    {
        var options = Options(Ports.TakeBase()) with { OnDelivery = (in Delivery _) =>
            throw new FormatException("the application's own") };
        await using var node = await TotemNode.StartAsync(options, Limit);

        var failure = await Assert.ThrowsAsync<RingFailedException>(() => node.Completion.WaitAsync(Limit));

        Assert.IsType<FormatException>(failure.InnerException);
        Assert.Contains("the application's own", failure.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RingFailedException>(
            async () => await node.MulticastAsync("x"u8.ToArray(), cancellationToken: Limit));
        await Assert.ThrowsAsync<RingFailedException>(() => node.WaitForMembersAsync(2, Limit));
    }

    [Fact]
    public async Task Storage_that_fails_stops_the_member_and_the_reader_learns_why()
    {
        var port = Ports.TakeBase();
        // A directory in the place of the file that is written first: no name can take its place.
        Directory.CreateDirectory(Path.Combine(_state.Path, "ringid_1.new", "x"));
        var failed = await Record.ExceptionAsync(async () =>
        {
            await using var node = await TotemNode.StartAsync(Options(port), Limit);
            await foreach (var _ in node.ReadEventsAsync(Limit))
            {
            }
        });

        Assert.True(failed is RingFailedException or IOException or UnauthorizedAccessException, $"{failed}");
    }

    [Fact]
    public async Task The_stream_has_one_reader()
    {
        await using var node = await TotemNode.StartAsync(Options(Ports.TakeBase()), Limit);
        await using var first = node.ReadEventsAsync(Limit).GetAsyncEnumerator(Limit);
        Assert.True(await first.MoveNextAsync());

        await using var second = node.ReadEventsAsync(Limit).GetAsyncEnumerator(Limit);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await second.MoveNextAsync());
    }

    [Fact]
    public async Task The_stream_ends_when_the_member_has_left()
    {
        var node = await TotemNode.StartAsync(Options(Ports.TakeBase()), Limit);
        await node.WaitForMembersAsync(1, Limit);
        await node.DisposeAsync();

        var elements = new List<TotemEvent>();
        await foreach (var element in node.ReadEventsAsync(Limit))
            elements.Add(element);

        Assert.Contains(elements, element => element.Change is { Configuration.Kind: ConfigurationKind.Regular });
        await node.DisposeAsync();
    }

    [Fact]
    public async Task Contradicting_options_are_all_named()
    {
        var options = Options(1) with { MaxSubmissionBytes = 1, MaxStreamBytes = 1, MaxWaitingMulticasts = 0 };

        var exception = await Assert.ThrowsAsync<ArgumentException>(() => TotemNode.StartAsync(
            options with { Transport = options.Transport with { Kind = UdpTransportKind.Unicast },
                StateDirectory = null }, Limit));

        foreach (var name in (string[])["MaxSubmissionBytes", "MaxStreamBytes", "MaxWaitingMulticasts",
            "StateDirectory", "Peers", "Self"])
            Assert.Contains(name, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_ring_forms_over_ipv6_unicast_and_over_multicast(bool multicast)
    {
        var port = Ports.TakeBase();
        var peers = Enumerable.Range(1, 3).Select(i => new UdpPeer(
            new ProcessorId((uint)i),
            multicast ? new IPEndPoint(IPAddress.Parse($"127.0.0.{i}"), port)
                : new IPEndPoint(IPAddress.IPv6Loopback, port + i))).ToArray();
        var nodes = await Task.WhenAll(peers.Select(peer => TotemNode.StartAsync(
            new TotemNodeOptions
            {
                Ring = new RingOptions { Self = peer.Id },
                Transport = new UdpTransportOptions
                {
                    Kind = multicast ? UdpTransportKind.Multicast : UdpTransportKind.Unicast,
                    Peers = peers,
                    Group = multicast ? IPAddress.Parse($"239.192.78.{port % 250}") : null,
                    GroupPort = port,
                },
                StateDirectory = _state.Path,
            }, Limit)));
        await Task.WhenAll(nodes.Select(node => node.WaitForMembersAsync(3, Limit)));

        foreach (var node in nodes)
            await node.MulticastAsync(new byte[5000], Guarantee.Safe, Limit);
        var read = await Task.WhenAll(nodes.Select(node => ReadMessages(node, 3)));

        Assert.Equal(read[0], read[1]);
        Assert.Equal(read[0], read[2]);
        await DisposeAll(nodes);
    }
}
