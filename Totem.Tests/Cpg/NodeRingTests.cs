using System.Collections.Concurrent;
using Totem.Cpg;
using Totem.Cpg.Ring;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;

namespace Totem.Tests.Cpg;

/// <summary>Large messages of a node alone on real loopback sockets, beside handles that have no room.</summary>
public sealed class NodeRingTests : IDisposable
{
    private static readonly TimeSpan Limit = HangLimit.OfAWait;
    private static readonly byte[] Large = new byte[16 << 20];

    private readonly TemporaryDirectory _state = new();

    public void Dispose() => _state.Dispose();

    [LinuxFact]
    public async Task A_large_message_goes_out_though_a_handle_becomes_full_meanwhile()
    {
        using var ring = await StartAsync();
        var (full, sender) = (new Sink(), new Sink());
        ring.Join("full"u8, 1, full, out _);
        ring.Join("g"u8, 1, sender, out var token);
        await Task.Run(sender.Take).WaitAsync(Limit);
        var sending = Task.Run(() =>
        {
            // The sender sees room, the ring's thread never again.
            full.HasRoomOnlyOn = Environment.CurrentManagedThreadId;
            return ring.MulticastLarge(token!, Large, safe: false);
        });
        Assert.Equal(SendResult.Accepted, await sending.WaitAsync(Limit));
        full.HasRoomOnlyOn = null;
        ring.Resume();
        Assert.Equal(Large.Length, await Task.Run(sender.Take).WaitAsync(Limit));
    }

    [LinuxFact]
    public async Task A_large_message_is_backpressured_while_any_handle_is_full()
    {
        using var ring = await StartAsync();
        var (full, sender) = (new Sink(), new Sink());
        ring.Join("full"u8, 1, full, out var fullToken);
        ring.Join("g"u8, 1, sender, out var token);
        await Task.Run(sender.Take).WaitAsync(Limit);
        const int nobody = -1;
        full.HasRoomOnlyOn = nobody;
        Assert.Equal(SendResult.Backpressured, ring.MulticastLarge(token!, Large, safe: false));
        ring.Abandon(fullToken!);
        Assert.Equal(SendResult.Accepted, await Task.Run(() => ring.MulticastLarge(token!, Large, safe: false))
            .WaitAsync(Limit));
    }

    private async Task<NodeRing> StartAsync()
    {
        var node = await TotemNode.StartAsync(TotemNodeOptions.Loopback(Ports.TakeBase(), stateDirectory: _state.Path));
        var ring = new NodeRing(node, []);
        Assert.True(ring.WaitReady(Limit));
        return ring;
    }

    /// <summary>Tells of a change as 0, of a message as its length.</summary>
    private sealed class Sink : ICpgGroupSink
    {
        private const int Everywhere = int.MinValue;

        private readonly BlockingCollection<int> _heard = [];
        private volatile int _thread = Everywhere;

        /// <summary>The one thread that is told of room; null for all.</summary>
        public int? HasRoomOnlyOn
        {
            set => _thread = value ?? Everywhere;
        }

        public bool HasRoom => _thread == Everywhere || _thread == Environment.CurrentManagedThreadId;

        public void OnMessage(uint node, uint pid, ReadOnlySpan<byte> payload) => _heard.Add(payload.Length);

        public void OnChange(ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left,
            ReadOnlySpan<CpgAddress> joined) => _heard.Add(0);

        public int Take() => _heard.Take();
    }
}
