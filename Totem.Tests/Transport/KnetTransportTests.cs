using System.Net;
using System.Security.Cryptography;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Members of one process on kronosnet, over real sockets of the loopback. Every wait is
/// for an event.</summary>
public sealed class KnetTransportTests : IDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);
    private readonly string _key;
    private readonly int _port = Ports.TakeBase();

    public KnetTransportTests() => _key = WriteKey("key", RandomNumberGenerator.GetBytes(256));

    public static TheoryData<DatagramPath, AeadRule, LinkPolicy, int> Cases => new()
    {
        { DatagramPath.Auto, AeadRule.Refused, LinkPolicy.Passive, 1 },
        { DatagramPath.Auto, AeadRule.Preferred, LinkPolicy.Active, 2 },
        { DatagramPath.Auto, AeadRule.Required, LinkPolicy.RoundRobin, 3 },
        { DatagramPath.Portable, AeadRule.Preferred, LinkPolicy.Passive, 2 },
    };

    private CancellationToken Limit => _limit.Token;

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Three_members_have_one_order_of_messages_of_all_sizes(
        DatagramPath path, AeadRule aead, LinkPolicy policy, int links)
    {
        var options = Enumerable.Range(1, 3).Select(id => Options((uint)id, links, path) is var x
            ? x with { Transport = x.Transport with { Knet = x.Transport.Knet with { Aead = aead, Policy = policy } } }
            : x);
        var nodes = await Task.WhenAll(options.Select(x => TotemNode.StartAsync(x, Limit)));
        await Task.WhenAll(nodes.Select(node => node.WaitForMembersAsync(3, Limit)));
        int[] sizes = [1, 1350, 5000, 65_000, 300_000];
        foreach (var node in nodes)
        {
            foreach (var size in sizes)
                await node.MulticastAsync(Payload(node.Id, size), Guarantee.Agreed, Limit);
        }

        var read = await Task.WhenAll(nodes.Select(node => ReadMessages(node, sizes.Length * 3)));

        Assert.Equal(read[0], read[1]);
        Assert.Equal(read[0], read[2]);
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public async Task A_member_with_another_key_stays_alone()
    {
        var other = WriteKey("other", RandomNumberGenerator.GetBytes(256));
        await using var first = await TotemNode.StartAsync(Options(1), Limit);
        await using var second = await TotemNode.StartAsync(Options(2), Limit);
        var stranger = Options(3);
        await using var third = await TotemNode.StartAsync(
            stranger with { Transport =
                stranger.Transport with { Knet = stranger.Transport.Knet with { KeyFile = other } } }, Limit);
        await third.WaitForMembersAsync(1, Limit);
        await first.WaitForMembersAsync(2, Limit);
        Assert.Equal([1u, 2u], first.Installed!.Members.Select(x => x.Value).Order());
        Assert.Equal([3u], third.Installed!.Members.Select(x => x.Value));
    }

    [Fact]
    public async Task A_member_whose_process_ends_is_noticed_by_its_port()
    {
        var closed = new TaskCompletionSource<ProcessorId>(TaskCreationOptions.RunContinuationsAsynchronously);
        // So long that the loss of the token tells nothing within the limit.
        var patient = Options(1, links: 2, token: TimeSpan.FromMinutes(10));
        await using var first = await TotemNode.StartAsync(
            patient with { OnPortClosed = id => closed.TrySetResult(id) }, Limit);
        await using var second = await TotemNode.StartAsync(
            Options(2, links: 2, token: TimeSpan.FromMinutes(10)), Limit);
        await Task.WhenAll(first.WaitForMembersAsync(2, Limit), second.WaitForMembersAsync(2, Limit));

        second.Host.Crash();

        Assert.Equal(2u, (await closed.Task.WaitAsync(Limit)).Value);
        await first.WaitForMembersAsync(members => members.Count == 1, Limit);
    }

    [Theory]
    [InlineData(AeadRule.Refused)]
    [InlineData(AeadRule.Preferred)]
    [InlineData(AeadRule.Required)]
    public async Task A_reload_changes_the_key_of_all_and_nobody_leaves(AeadRule aead)
    {
        var options = Enumerable.Range(1, 3).Select(id => Options((uint)id) is var x
            ? x with { Transport = x.Transport with { Knet = x.Transport.Knet with { Aead = aead } } } : x).ToArray();
        await using var first = await TotemNode.StartAsync(options[0], Limit);
        await using var second = await TotemNode.StartAsync(options[1], Limit);
        await Task.WhenAll(first.WaitForMembersAsync(2, Limit), second.WaitForMembersAsync(2, Limit));
        var changes = first.Statistics.ConfigurationChanges;
        WriteKey("key", RandomNumberGenerator.GetBytes(256));

        await second.ReloadAsync(Limit);
        // Messages that are sent behind the reload arrive, whatever key they take.
        for (var i = 0; i < 200; i++)
            await first.MulticastAsync(Payload(first.Id, 1000), Guarantee.Safe, Limit);
        await ReadMessages(second, 200);

        Assert.Equal(changes, first.Statistics.ConfigurationChanges);
        // It knows the new key alone.
        await using var third = await TotemNode.StartAsync(options[2], Limit);
        await Task.WhenAll(first.WaitForMembersAsync(3, Limit), second.WaitForMembersAsync(3, Limit),
            third.WaitForMembersAsync(3, Limit));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead, "expected 0400")]
    [InlineData(UnixFileMode.GroupWrite, "expected 0400")]
    [InlineData(UnixFileMode.None, null)]
    public async Task A_key_that_others_may_read_or_change_is_refused(UnixFileMode extra, string? expected)
    {
        PrivateFile.SetMode(_key, UnixFileMode.UserRead | extra);
        if (expected is null)
        {
            await using var node = await TotemNode.StartAsync(Options(1), Limit);
            return;
        }

        var failure = await Assert.ThrowsAsync<TransportException>(() => TotemNode.StartAsync(Options(1), Limit));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_too_short_or_missing_is_told_with_the_remedy()
    {
        var shorter = Options(1) is var x ? x with { Transport =
            x.Transport with { Knet = x.Transport.Knet with { KeyFile = WriteKey("short", new byte[127]) } } } : x;
        Assert.Contains("127 bytes, expected at least 128", (await Assert.ThrowsAsync<TransportException>(() =>
            TotemNode.StartAsync(shorter, Limit))).Message, StringComparison.Ordinal);
        File.Delete(_key);
        Assert.Contains("totem keygen", (await Assert.ThrowsAsync<TransportException>(() =>
            TotemNode.StartAsync(Options(1), Limit))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_key_the_options_say_how_to_make_one_and_how_to_insist_on_clear_text()
    {
        var options =
            Options(1) with { Transport = new UdpTransportOptions { Peers = Peers(0), Kind = UdpTransportKind.Knet } };
        var problem = Assert.Single(options.Validate());
        Assert.Contains("totem keygen", problem, StringComparison.Ordinal);
        Assert.Contains("Kind Unicast", problem, StringComparison.Ordinal);
    }

    private TotemNodeOptions Options(uint id, int links = 1, DatagramPath path = DatagramPath.Auto,
        TimeSpan? token = null) => new()
    {
        Ring = new RingOptions { Self = new ProcessorId(id), TokenTimeout = token ?? TimeSpan.FromSeconds(3) },
        Transport = new UdpTransportOptions
        {
            Kind = UdpTransportKind.Knet,
            Path = path,
            Peers = Peers(0),
            Knet = new KnetTransportOptions
            {
                KeyFile = _key,
                Links =
                [
                    .. Enumerable.Range(0, links).Select(x => new KnetLink
                    {
                        Number = x, Peers = Peers(x), PingInterval = TimeSpan.FromMilliseconds(100),
                            PingTimeout = TimeSpan.FromSeconds(3), PongCount = 1,
                    }),
                ],
            },
        },
        StateDirectory = _state.Path,
    };

    private UdpPeer[] Peers(int link) =>
        [.. Enumerable.Range(1, 3).Select(i =>
            new UdpPeer(new ProcessorId((uint)i), new IPEndPoint(IPAddress.Parse($"127.0.{link + 1}.{i}"), _port)))];

    private string WriteKey(string name, byte[] key)
    {
        var path = Path.Combine(_state.Path, name);
        PrivateFile.Write(path, key);
        return path;
    }

    private static byte[] Payload(ProcessorId sender, int size)
    {
        var bytes = new byte[size];
        new Random((int)sender.Value + size).NextBytes(bytes);
        return bytes;
    }

    private async Task<List<string>> ReadMessages(TotemNode node, int count)
    {
        var messages = new List<string>();
        await foreach (var element in node.ReadEventsAsync(Limit))
        {
            if (element.IsMessage)
                messages.Add($"{element.Sender} {element.Payload.Length} "
                    + $"{Convert.ToHexString(SHA256.HashData(element.Payload.Span))}");
            if (messages.Count == count)
                break;
        }

        return messages;
    }
}
