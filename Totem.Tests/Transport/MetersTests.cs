using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Totem.Core.Diagnostics;
using Totem.Transport.Udp.Diagnostics;

namespace Totem.Tests.Transport;

/// <summary>The meter: what a dashboard can show of each node.</summary>
public sealed class MetersTests : IDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);
    private readonly Factory _factory = new();

    private CancellationToken Limit => _limit.Token;

    public void Dispose()
    {
        _factory.Dispose();
        _limit.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task Two_nodes_of_a_process_are_told_apart()
    {
        var options =
            TotemNodeOptions.Loopback(Ports.TakeBase(), stateDirectory: _state.Path) with { MeterFactory = _factory };
        await using var first = await TotemNode.StartAsync(options, Limit);
        await using var second = await TotemNode.StartAsync(options, Limit);
        await first.WaitForMembersAsync(2, Limit);
        await second.WaitForMembersAsync(2, Limit);
        for (var i = 0; i < 3; i++)
            await first.MulticastAsync(new byte[100], cancellationToken: Limit);
        var read = 0;
        await foreach (var element in second.ReadEventsAsync(Limit))
        {
            if (element.IsMessage && ++read == 3)
                break;
        }

        var seen = Look();
        Assert.Equal(3, seen["totem.messages.sent 1"]);
        Assert.Equal(0, seen["totem.messages.sent 2"]);
        foreach (var node in (int[])[1, 2])
        {
            Assert.Equal(2, seen[$"totem.members {node}"]);
            Assert.True(seen[$"totem.bytes.sent {node}"] > 0);
            Assert.True(seen[$"totem.bytes.received {node}"] > 0);
            Assert.Contains($"totem.datagrams.dropped {node}", seen.Keys);
            Assert.Contains($"totem.backlog {node}", seen.Keys);
        }

        Assert.Equal(1, seen["totem.operational 1"]);
        Assert.True(seen["totem.window 1"] > 0);
        Assert.Equal(300, seen["totem.bytes.delivered 2"]);
    }

    /// <summary>A node that has ended is not shown for ever.</summary>
    [Fact]
    public async Task A_node_that_has_left_is_not_looked_at_any_more()
    {
        var options =
            TotemNodeOptions.Loopback(Ports.TakeBase(), stateDirectory: _state.Path) with { MeterFactory = _factory };
        var node = await TotemNode.StartAsync(options, Limit);
        await node.WaitForMembersAsync(1, Limit);
        Assert.NotEmpty(Look());
        await node.DisposeAsync();
        Assert.Empty(Look());
    }

    /// <summary>Without advice the buckets of most programs begin at five seconds: every rotation
    /// falls into the first.</summary>
    [Fact]
    public void Histograms_advise_buckets_that_tell_their_values_apart()
    {
        _ = new NodeMeters(_factory, new ProcessorId(1), "10.0.0.1:5405", new NodeCounters());
        var histograms = new ConcurrentBag<Histogram<double>>();
        using var listener = Listener((instrument, _) =>
        {
            if (instrument is Histogram<double> histogram)
                histograms.Add(histogram);
        });
        listener.Start();
        Assert.Equal(["totem.pause.duration", "totem.token.rotation.duration"],
            histograms.Select(x => x.Name).Order(StringComparer.Ordinal));
        foreach (var histogram in histograms)
        {
            var buckets = histogram.Advice?.HistogramBucketBoundaries;
            Assert.NotNull(buckets);
            Assert.Equal(buckets.Order(), buckets);
            Assert.True(buckets.Count >= 10);
        }

        Assert.True(histograms.Single(x =>
            x.Name == "totem.token.rotation.duration").Advice!.HistogramBucketBoundaries![0] <= 0.0001);
    }

    [Fact]
    public void A_reason_comes_with_the_node_it_is_of()
    {
        var meters = new NodeMeters(_factory, new ProcessorId(7), "10.0.0.1:5405", new NodeCounters());
        var tags = new ConcurrentBag<string>();
        using var listener = Listener((instrument, self) => self.EnableMeasurementEvents(instrument));
        listener.SetMeasurementEventCallback<long>(
            (_, _, said, _) => tags.Add(string.Join(' ', said.ToArray().Select(x => $"{x.Key}={x.Value}"))));
        listener.Start();
        meters.Discarded(DiscardReason.WindowFull);
        meters.Gathering(GatherReason.TokenLost);
        Assert.Equal(
            ["reason=TokenLost node=7 address=10.0.0.1:5405", "reason=WindowFull node=7 address=10.0.0.1:5405"],
            tags.Order(StringComparer.Ordinal));
    }

    /// <summary>Everything observable, by instrument and node.</summary>
    private Dictionary<string, long> Look()
    {
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = Listener((instrument, self) => self.EnableMeasurementEvents(instrument));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.IsObservable)
                seen[$"{instrument.Name} {tags.ToArray().Single(x => x.Key == "node").Value}"] = value;
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;
    }

    private MeterListener Listener(Action<Instrument, MeterListener> published) => new()
    {
        InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == _factory.Made)
                published(instrument, listener);
        },
    };

    private sealed class Factory : IMeterFactory
    {
        public Meter? Made { get; private set; }

        public Meter Create(MeterOptions options) => Made ??= new Meter(options);

        public void Dispose() => Made?.Dispose();
    }
}
