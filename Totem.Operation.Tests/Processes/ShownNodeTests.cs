using Totem.Operation.Tests.Sockets;
using Totem.Tests;
using Totem.Tests.Requirements;

namespace Totem.Operation.Tests.Processes;

/// <summary>A node within this process, and those who look at it.</summary>
public sealed class ShownNodeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);

    [LinuxFact]
    public async Task Clients_that_read_nothing_change_nothing()
    {
        const int messages = 20_000;
        await using var node = await TotemNode.StartAsync(Options("read-nothing"));
        await node.WaitForMembersAsync(1, _limit.Token);
        var ring = node.Installed!.Ring;
        var clients = new List<System.Net.Sockets.Socket>();
        for (var i = 0; i < 16; i++)
        {
            var client = new System.Net.Sockets.Socket(
                System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream,
                System.Net.Sockets.ProtocolType.Unspecified);
            await client.ConnectAsync(
                new System.Net.Sockets.UnixDomainSocketEndPoint(node.StatusSocketPath!), _limit.Token);
            await client.SendAsync("watch 100\n"u8.ToArray());
            clients.Add(client);
        }

        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < messages; i++)
                await node.MulticastAsync(new byte[100], cancellationToken: _limit.Token);
        });
        var received = 0;
        await foreach (var element in node.ReadEventsAsync(_limit.Token))
        {
            if (element.IsMessage && ++received == messages)
                break;
        }

        await sending;
        Assert.Equal(ring, node.Installed!.Ring);
        Assert.Equal(messages, node.Statistics.MessagesSent);
        clients.ForEach(x => x.Dispose());
    }

    [LinuxFact]
    public async Task A_change_carries_its_record_and_the_node_keeps_it()
    {
        await using var node = await TotemNode.StartAsync(Options("record"));
        await foreach (var element in node.ReadEventsAsync(_limit.Token))
        {
            if (element.Kind != TotemEventKind.Change)
                continue;
            Assert.Equal(ChangeDiagnosis.Started, element.Why!.Diagnosis);
            Assert.Same(element.Why, node.FindChange(element.Ring));
            Assert.Same(element.Why, Assert.Single(node.Changes));
            break;
        }
    }

    [LinuxFact]
    public async Task A_node_shows_its_groups_and_its_readers()
    {
        await using var node = await TotemNode.StartAsync(Options("groups"));
        var group = await node.JoinAsync("tools", new GroupJoinOptions { Pid = 77 }, _limit.Token);
        await using (group)
        {
            await group.MulticastAsync(new byte[1000], cancellationToken: _limit.Token);
            using var socket = await MemberSocket.ConnectAsync(node.StatusSocketPath!, _limit.Token);
            await foreach (var status in socket!.WatchAsync(TimeSpan.FromMilliseconds(100), _limit.Token))
            {
                if (status.Groups is not [{ Name: "tools" } shown]
                    || status.Readers.FirstOrDefault(x => x.Name == "tools") is not { UnreadBytes: > 1000 } lag)
                    continue;
                Assert.Equal(new GroupProcess(node.Id, 77), Assert.Single(shown.Members));
                Assert.False(lag.IsBehind);
                Assert.True(status.IsSynchronized);
                break;
            }
        }
    }

    [LinuxFact]
    public async Task A_node_that_is_not_to_show_itself_has_no_socket()
    {
        await using var node = await TotemNode.StartAsync(Options("hidden") with { ShowsStatus = false });
        Assert.Null(node.StatusSocketPath);
        await using var other = await TotemNode.StartAsync(Options("hidden") with { RunDirectory = "none" });
        Assert.Null(other.StatusSocketPath);
        Assert.False(Directory.Exists(_directory.Path));
        Assert.Equal(node.Id, (await node.GetStatusAsync(_limit.Token)).Node);
    }

    [LinuxFact]
    public async Task A_node_whose_directory_is_not_its_own_goes_on_without()
    {
        Directory.CreateDirectory(_directory.Path);
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0b111_111_111);
        await using var node = await TotemNode.StartAsync(Options("refused"));
        Assert.Null(node.StatusSocketPath);
        await node.WaitForMembersAsync(1, _limit.Token);
    }

    private TotemNodeOptions Options(string name) => TotemNodeOptions.Loopback(
        15_600, name: $"{name}-{Environment.ProcessId}") with { RunDirectory = _directory.Path };

    public void Dispose()
    {
        _directory.Dispose();
        _limit.Dispose();
    }
}
