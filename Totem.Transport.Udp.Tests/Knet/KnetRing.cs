using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Totem.Core.Model;
using Totem.Tests;
using Totem.Tests.Transport;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Udp.Transports.Knet;

namespace Totem.Transport.Udp.Tests.Knet;

/// <summary>
/// Members of this process on kronosnet, over real sockets of the loopback: link n of node i is at 127.0.(n+1).i. Each
/// reads <see cref="Wanted"/> when all are told to reload. Every wait is for an event, and has a limit.
/// </summary>
internal sealed class KnetRing : IAsyncDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);
    private readonly SortedDictionary<uint, TotemNode> _nodes = [];
    private readonly SortedDictionary<uint, LineLogger> _logs = [];
    private readonly ConcurrentDictionary<uint, Func<UdpTransportOptions, UdpTransportOptions>> _changes = new();

    public KnetRing() => WriteKey();

    public CancellationToken Limit => _limit.Token;

    public int Port { get; } = Ports.TakeBase();

    public string KeyFile => Path.Combine(_state.Path, "key");

    /// <summary>The options of the transport as an administrator wants them.</summary>
    public UdpTransportOptions Wanted { get; set; } = new();

    /// <summary>The members that run, by id.</summary>
    public IReadOnlyCollection<TotemNode> Nodes => _nodes.Values;

    public TotemNode this[uint id] => _nodes[id];

    /// <summary>Options with these nodes and these links.</summary>
    public UdpTransportOptions Transport(uint[] nodes, params int[] links) => new()
    {
        Kind = UdpTransportKind.Knet,
        Peers = Peers(nodes, links[0]),
        Knet = new KnetTransportOptions { KeyFile = KeyFile, Links = [.. links.Select(x => Link(nodes, x))] },
    };

    public KnetLink Link(uint[] nodes, int number, int network = -1) => new()
    {
        Number = number, Peers = Peers(nodes, network < 0 ? number : network),
        PingInterval = TimeSpan.FromMilliseconds(200), PingTimeout = TimeSpan.FromSeconds(5), PongCount = 1,
    };

    public UdpPeer[] Peers(uint[] nodes, int network) => [.. nodes.Select(
        x => new UdpPeer(new ProcessorId(x), new IPEndPoint(AddressOf(x, network), Port)))];

    public static IPAddress AddressOf(uint node, int network) => IPAddress.Parse($"127.0.{network + 1}.{node}");

    public void WriteKey() => PrivateFile.Write(KeyFile, RandomNumberGenerator.GetBytes(256));

    /// <summary>This node reads something else at a reload than all others.</summary>
    public void Change(uint node, Func<UdpTransportOptions, UdpTransportOptions> change) => _changes[node] = change;

    public async Task StartAsync(params uint[] nodes)
    {
        foreach (var node in nodes)
            _nodes[node] = await TotemNode.StartAsync(Options(node), Limit);
    }

    public TotemNodeOptions Options(uint node)
    {
        var log = _logs[node] = new LineLogger();
        return new TotemNodeOptions
        {
            Ring = new RingOptions { Self = new ProcessorId(node), TokenTimeout = TimeSpan.FromSeconds(5) },
            Transport = Wanted,
            StateDirectory = _state.Path,
            Reread = () => _changes.TryGetValue(node, out var change) ? change(Wanted) : Wanted,
            LoggerFactory = new LineLoggerFactory(log),
        };
    }

    /// <summary>Waits until all that run are one ring.</summary>
    public Task TogetherAsync() => TogetherAsync([.. _nodes.Keys]);

    public Task TogetherAsync(params uint[] nodes) => Task.WhenAll(nodes.Select(x => _nodes[x].WaitForMembersAsync(
        members => members.Count == nodes.Length && nodes.All(y => members.Contains(new ProcessorId(y))), Limit)));

    /// <summary>How often a member dropped a packet for this reason.</summary>
    public static long Count(TotemNode node, KnetDiscard reason) => CountersOf(node)[reason];

    /// <summary>How many packets a member dropped in all, before the ring saw them.</summary>
    public static long Discarded(TotemNode node) => CountersOf(node).Discarded;

    /// <summary>How far a member has come in a change of keys.</summary>
    public static RekeyPhase PhaseOf(TotemNode node) => ((KnetTransport)node.Host.Transport).Machine.RekeyPhase;

    private static KnetCounters CountersOf(TotemNode node) => ((KnetTransport)node.Host.Transport).Machine.Counters;

    public long[] ViewChanges() => [.. _nodes.Values.Select(x => x.Statistics.ConfigurationChanges)];

    /// <summary>All members are told to reload, and have done so.</summary>
    public async Task ReloadAsync(uint by = 1)
    {
        var before = _nodes.Keys.ToDictionary(x => x, ReloadsOf);
        await _nodes[by].ReloadAsync(Limit);
        await UntilAsync(() => _nodes.Keys.All(x => ReloadsOf(x) > before[x]), "reloads");
    }

    /// <summary>Waits until each of these nodes has logged a line with this event and this text.</summary>
    public Task LoggedAsync(int id, string text, params uint[] nodes) =>
        UntilAsync(() => nodes.All(x => Lines(x, id).Any(y => y.Contains(text, StringComparison.Ordinal))),
            $"event {id} with '{text}'");

    public IEnumerable<string> Lines(uint node, int id) => _logs[node].Lines.Where(x => x.Id == id).Select(x => x.Text);

    public bool HasLogged(uint node, LogLevel level) => _logs[node].Lines.Any(x => x.Level == level);

    /// <summary>Each member sends so many messages, and each is handed all of them, in one order.</summary>
    public async Task ExchangeAsync(int count)
    {
        var nodes = Nodes.ToArray();
        var mark = Guid.NewGuid();
        var reading = nodes.Select(x => ReadAsync(x, mark, count * nodes.Length)).ToArray();
        for (var i = 0; i < count; i++)
        {
            foreach (var node in nodes)
                await node.MulticastAsync(Payload(mark, node.Id, i), Guarantee.Agreed, Limit);
        }

        var read = await Task.WhenAll(reading);
        Assert.All(read, x => Assert.Equal(read[0], x));
    }

    /// <summary>Waits for what no event tells.</summary>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        // Not a time that is judged: only how often it is looked.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(Limit);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"no {what} within {HangLimit.OfAWait}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values)
            await node.DisposeAsync();
        _limit.Dispose();
        _state.Dispose();
    }

    /// <summary>Stops a member as if it were killed.</summary>
    public async Task KillAsync(uint node)
    {
        _nodes.Remove(node, out var killed);
        killed!.Host.Crash();
        await killed.DisposeAsync();
    }

    private int ReloadsOf(uint node) => Lines(node, 1029).Count() + Lines(node, 1030).Count();

    private static byte[] Payload(Guid mark, ProcessorId sender, int number)
    {
        // Of one packet, and of several.
        var bytes = new byte[32 + (number % 7 * 900)];
        mark.TryWriteBytes(bytes);
        BitConverter.TryWriteBytes(bytes.AsSpan(16), sender.Value);
        BitConverter.TryWriteBytes(bytes.AsSpan(20), number);
        return bytes;
    }

    private async Task<List<string>> ReadAsync(TotemNode node, Guid mark, int count)
    {
        var messages = new List<string>();
        await foreach (var element in node.ReadEventsAsync(Limit))
        {
            if (element.IsMessage && new Guid(element.Payload.Span[..16]) == mark)
                messages.Add(Convert.ToHexString(element.Payload.Span[16..24]));
            if (messages.Count == count)
                break;
        }

        return messages;
    }
}
