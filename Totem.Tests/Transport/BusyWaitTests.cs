using System.Diagnostics;
using Totem.Transport.Udp.Transports;

namespace Totem.Tests.Transport;

/// <summary>docs/reference/transport.md, "Looking before sleeping": when it pays, and what ends it.</summary>
public sealed class BusyWaitTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromMicroseconds(100);

    private readonly BusyWait _wait = new(Duration);

    [Theory]
    [InlineData(60, 30, true)]
    [InlineData(200, 200, true)]
    // It is a little late, or has been held: after that nobody can say.
    [InlineData(60, -50, true)]
    [InlineData(60, -100, false)]
    [InlineData(60, -5_000, false)]
    // The token has just left a larger ring's member: its core stays awake for the next one.
    [InlineData(500, 500, true)]
    [InlineData(500, 401, true)]
    [InlineData(500, 400, false)]
    [InlineData(500, 10, false)]
    [InlineData(201, 10, false)]
    // So long a rotation has much to carry.
    [InlineData(2_001, 2_001, false)]
    public void It_pays_while_a_short_rotation_is_about_to_end_and_behind_the_token(
        int rotation, int until, bool pays) =>
        Assert.Equal(
            pays, _wait.Pays(new TokenForecast(TimeSpan.FromMicroseconds(rotation), TimeSpan.FromMicroseconds(until))));

    [Fact]
    public void It_does_not_pay_where_there_is_no_token() => Assert.False(_wait.Pays(TokenForecast.None));

    [Fact]
    public void It_ends_when_somebody_wakes_it_and_says_so_once()
    {
        var wait = new BusyWait(TimeSpan.FromHours(1));
        wait.Begin(Stopwatch.GetTimestamp());
        Assert.True(wait.GoesOn(long.MaxValue));
        Assert.True(wait.TryWake());
        Assert.False(wait.GoesOn(long.MaxValue));
        Assert.True(wait.End());
        Assert.False(wait.End());
    }

    [Fact]
    public void It_ends_when_its_time_is_over_or_there_is_something_else_to_do()
    {
        var wait = new BusyWait(TimeSpan.FromHours(1));
        wait.Begin(Stopwatch.GetTimestamp() - (Stopwatch.Frequency * 3600));
        Assert.False(wait.GoesOn(long.MaxValue));
        wait.Begin(Stopwatch.GetTimestamp());
        Assert.False(wait.GoesOn(Stopwatch.GetTimestamp()));
    }

    [Fact]
    public void A_thread_that_does_not_look_must_be_woken_otherwise() => Assert.False(_wait.TryWake());
}
