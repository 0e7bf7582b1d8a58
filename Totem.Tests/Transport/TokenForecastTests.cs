using Microsoft.Extensions.Logging.Abstractions;
using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Hosting;
using Totem.Transport.Udp.Operation;
using Totem.Transport.Udp.Transports;

namespace Totem.Tests.Transport;

/// <summary>The token is expected again after as long as it took last, as long as there is a ring.</summary>
public sealed class TokenForecastTests
{
    private readonly RingReporter _reporter = new(
        new ProcessorId(1), new NodeCounters(), NullLogger.Instance, next: null,
        new NodeMeters(factory: null, new ProcessorId(1), "10.0.0.1:5405", new NodeCounters()),
        new ChangeWitness(
            new ProcessorId(1), TimeSpan.FromSeconds(1), new Vitals(() => default), _ => null, () => false,
            HostClock.DateOf),
        new RotationTimes());

    [Fact]
    public void Nobody_can_say_before_the_token_has_come_round()
    {
        Assert.Equal(TokenForecast.None, _reporter.ForecastAt(At(0)));
        Visit(10);
        Assert.Equal(TokenForecast.None, _reporter.ForecastAt(At(11)));
    }

    [Fact]
    public void It_is_expected_one_rotation_after_the_last_visit_and_then_it_is_late()
    {
        Visit(10);
        Visit(70);
        Assert.Equal(Forecast(rotation: 60, until: 50), _reporter.ForecastAt(At(80)));
        Assert.Equal(Forecast(rotation: 60, until: -30), _reporter.ForecastAt(At(160)));
    }

    [Fact]
    public void Without_a_ring_there_is_no_forecast()
    {
        Visit(10);
        Visit(70);
        _reporter.OnEvent(new RingEvent(RingEventKind.EnteredGather));
        Assert.Equal(TokenForecast.None, _reporter.ForecastAt(At(80)));
    }

    private void Visit(int microseconds)
    {
        _reporter.Now = At(microseconds);
        _reporter.OnEvent(new RingEvent(RingEventKind.TokenVisit));
    }

    private static Instant At(int microseconds) => new Instant(0) + TimeSpan.FromMicroseconds(microseconds);

    private static TokenForecast Forecast(int rotation, int until) =>
        new(TimeSpan.FromMicroseconds(rotation), TimeSpan.FromMicroseconds(until));
}
