using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Hosting;
using Totem.Transport.Udp.Operation;
using Totem.Transport.Udp.Peers;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>The engine's reports become counters, metrics and log lines, and floods stay out of the log.</summary>
public sealed class ReportingTests
{
    private static readonly ProcessorId Self = new(1);
    private static readonly RingId Ring = new(Self, 5);

    private readonly LineLogger _logger = new();
    private readonly NodeCounters _counters = new();

    private RingReporter Reporter(IRingObserver? next = null) =>
        new(Self, _counters, _logger, next, new NodeMeters(factory: null, Self, "10.0.0.1:5405", _counters),
            new ChangeWitness(
                Self, TimeSpan.FromSeconds(1), new Vitals(() => default), _ => null, () => false, HostClock.DateOf),
            new RotationTimes());

    private static Instant At(double seconds) => new((long)(seconds * TimeSpan.TicksPerSecond));

    [Fact]
    public void A_flood_of_bad_frames_is_one_line_every_five_seconds_with_their_number()
    {
        var reporter = Reporter();
        for (var i = 0; i < 1000; i++)
        {
            reporter.Now = At(100 + (i * 0.01));
            reporter.OnEvent(
                new RingEvent(RingEventKind.Discarded, Discard: DiscardReason.AbsurdToken, Peer: new ProcessorId(3)));
        }

        Assert.Equal(1000, _counters.FramesDiscarded);
        var lines = _logger.Lines.ToArray();
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Equal((LogLevel.Warning, 3001), (line.Level, line.Id)));
        Assert.StartsWith("500 frames discarded since the last report, the latest as AbsurdToken from node 3",
            lines[1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Pauses_of_a_starved_host_are_a_line_every_five_seconds_and_a_longer_one_at_once()
    {
        var reporter = Reporter();
        foreach (var (at, length) in ((double, double)[])[(100, 1), (101, 0.8), (102, 5), (103, 1), (108, 1)])
        {
            reporter.Now = At(at);
            reporter.OnPause(TimeSpan.FromSeconds(length));
        }

        Assert.Equal(5, _counters.Pauses);
        Assert.Equal(["1.00 s/1", "5.00 s/2", "1.00 s/2"], _logger.Lines.Select(
            x => $"{x.Text.Split("stood still for ")[1].Split(':')[0]}/{x.Text.Split('(')[1].Split(' ')[0]}"));
        Assert.All(_logger.Lines, x => Assert.Equal((LogLevel.Warning, 1006), (x.Level, x.Id)));
    }

    [Fact]
    public void Duplicates_are_routine_and_only_counted()
    {
        var reporter = Reporter();
        reporter.Now = At(1);
        reporter.OnEvent(new RingEvent(RingEventKind.Discarded, Discard: DiscardReason.Duplicate));

        Assert.Equal(1, _counters.FramesDiscarded);
        Assert.Empty(_logger.Lines);
    }

    [Theory]
    [InlineData(GatherReason.TokenLost, LogLevel.Warning, 3000)]
    [InlineData(GatherReason.JoinReceived, LogLevel.Debug, 2001)]
    public void A_lost_token_is_a_warning_and_other_gathers_are_detail(GatherReason reason, LogLevel level, int id)
    {
        Reporter().OnEvent(new RingEvent(RingEventKind.EnteredGather, Ring, Reason: reason));

        Assert.Equal((level, id), Assert.Single(_logger.Lines) is var line ? (line.Level, line.Id) : default);
    }

    [Fact]
    public void Every_kind_of_event_can_be_reported_and_is_passed_on()
    {
        var seen = new List<RingEventKind>();
        var reporter = Reporter(new Recorder(seen));

        foreach (var kind in Enum.GetValues<RingEventKind>())
            reporter.OnEvent(new RingEvent(kind, Ring));

        Assert.Equal(Enum.GetValues<RingEventKind>(), seen);
    }

    [Fact]
    public void An_installed_configuration_is_information_with_its_cause()
    {
        var members = ProcessorSet.Of(Self, new ProcessorId(2));
        var cause = new ConfigurationCause(
            GatherReason.MemberLeft, ProcessorSet.Of(new ProcessorId(3)), ProcessorId.None, TimeSpan.Zero,
            ProcessorSet.Empty, ProcessorSet.Of(new ProcessorId(3)));
        Reporter().OnChange(new ConfigurationChange(
            new Configuration(ConfigurationKind.Regular, Ring, default, members), ProcessorSet.Empty,
            ProcessorSet.Empty, cause));

        var line = Assert.Single(_logger.Lines);
        Assert.Equal(LogLevel.Information, line.Level);
        Assert.Contains("regular 1.5 {1, 2}", line.Text, StringComparison.Ordinal);
        Assert.Contains("node 3 left", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_name_reasons_and_the_rotation_of_the_token()
    {
        var rotations = new ConcurrentQueue<double>();
        var reasons = new ConcurrentQueue<string?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == Meters.Name)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => rotations.Enqueue(value));
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            if (instrument.Name == "totem.frames.discarded")
                reasons.Enqueue(tags[0].Value as string);
        });
        listener.Start();

        var reporter = Reporter();
        foreach (var second in (double[])[10, 1234.5])
        {
            reporter.Now = At(second);
            reporter.OnEvent(new RingEvent(RingEventKind.TokenVisit, Ring));
        }

        reporter.OnEvent(new RingEvent(RingEventKind.Discarded, Discard: DiscardReason.WindowFull));

        // Rings of other tests report to the same meter: ours are among them.
        Assert.Contains(1224.5, rotations);
        Assert.Contains(reasons, reason => reason == nameof(DiscardReason.WindowFull));
    }

    private sealed class Recorder(List<RingEventKind> seen) : IRingObserver
    {
        public void OnEvent(in RingEvent ringEvent) => seen.Add(ringEvent.Kind);
    }
}
