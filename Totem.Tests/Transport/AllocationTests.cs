using System.Net;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Steady state: the ring's thread allocates nothing, however many messages pass.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Slice = 5000;
    private const int Slices = 12;

    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
    }

    /// <summary>
    /// The bytes that the ring's thread of one node allocates while the node delivers a slice of messages; the least of
    /// all slices. Buffers that reach their final size and threads that the pool starts show in some slices. An
    /// allocation for a message shows in every one.
    /// </summary>
    private sealed class Gauge
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _next = Slice;
        private long _before;

        public Task Done => _done.Task;

        public long LeastBytes { get; private set; } = long.MaxValue;

        /// <summary>On the ring's thread, in each cycle.</summary>
        public void Look(long delivered)
        {
            if (delivered < _next || _done.Task.IsCompleted)
                return;
            if (_before != 0)
                LeastBytes = Math.Min(LeastBytes, GC.GetAllocatedBytesForCurrentThread() - _before);
            _next += Slice;
            if (_next > Slice * Slices)
                _done.TrySetResult();
            _before = GC.GetAllocatedBytesForCurrentThread();
        }
    }

    public static TheoryData<DatagramPath, bool> Cases => OperatingSystem.IsLinux()
        ? new() { { DatagramPath.LinuxBatches, true }, { DatagramPath.LinuxBatches, false },
            { DatagramPath.Portable, true } }
        : new() { { DatagramPath.Portable, true }, { DatagramPath.Portable, false } };

    [Theory]
    [MemberData(nameof(Cases))]
    public Task The_rings_thread_allocates_nothing_for_a_message(DatagramPath path, bool handler)
    {
        var options = TotemNodeOptions.Loopback(Ports.TakeBase(), stateDirectory: _state.Path);
        return MeasureAsync([options, options], path, handler);
    }

    [Theory]
    [InlineData(AeadRule.Refused)]
    [InlineData(AeadRule.Required)]
    public Task The_rings_thread_allocates_nothing_for_a_packet_of_kronosnet(AeadRule aead)
    {
        var port = Ports.TakeBase();
        var peers = Enumerable.Range(1, 2).Select(i =>
            new UdpPeer(new ProcessorId((uint)i), new IPEndPoint(IPAddress.Parse($"127.0.0.{i}"), port))).ToArray();
        var options = peers.Select(peer => new TotemNodeOptions
        {
            Ring = new RingOptions { Self = peer.Id, TokenTimeout = TimeSpan.FromSeconds(3) },
            Transport = new UdpTransportOptions
            {
                Kind = UdpTransportKind.Knet, Peers = peers,
                    Knet = new KnetTransportOptions { Key = new byte[128], Aead = aead },
            },
            StateDirectory = _state.Path,
        });
        return MeasureAsync([.. options], DatagramPath.Auto, handler: true);
    }

    private async Task MeasureAsync(TotemNodeOptions[] members, DatagramPath path, bool handler)
    {
        members = Array.ConvertAll(members, options => options with
        {
            // Small, so that every buffer has its final size after the first part.
            Ring = options.Ring with { MaxSendQueueBytes = RingOptions.MaxMessageBytes + 64, ReceiveWindow = 1024 },
            MaxSubmissionBytes = TotemNodeOptions.MinQueueBytes,
            MaxStreamBytes = TotemNodeOptions.MinQueueBytes,
            Transport = options.Transport with { Path = path },
            OnDelivery = handler ? (in Delivery _) => { } : null,
        });
        var nodes = new List<TotemNode>();
        var gauges = new List<Gauge>();
        foreach (var options in members)
        {
            var node = await TotemNode.StartAsync(options, _limit.Token);
            var gauge = new Gauge();
            node.Host.CycleHook = () => gauge.Look(node.Host.Counters.MessagesDelivered);
            nodes.Add(node);
            gauges.Add(gauge);
        }

        await Task.WhenAll(nodes.Select(node => node.WaitForMembersAsync(2, _limit.Token)));
        var readers = handler ? [] : nodes.ConvertAll(node => Task.Run(async () =>
        {
            await foreach (var _ in node.ReadEventsAsync(_limit.Token))
            {
            }
        }));

        // More than one writer, so that there are always some who wait for room.
        var payload = new byte[300];
        var writers = nodes.SelectMany(node => Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < Slice * Slices / 8 + 100; i++)
                await node.MulticastAsync(payload, i % 2 == 0 ? Guarantee.Agreed : Guarantee.Safe, _limit.Token);
        }))).ToList();
        await Task.WhenAll(gauges.Select(gauge => gauge.Done)).WaitAsync(_limit.Token);
        await Task.WhenAll(writers);

        // One object of the smallest size for each two hundred messages would already be too much.
        Assert.All(gauges, gauge => Assert.InRange(gauge.LeastBytes, 0, Slice / 200 * 24));
        foreach (var node in nodes)
            await node.DisposeAsync();
        await Task.WhenAll(readers);
    }
}
