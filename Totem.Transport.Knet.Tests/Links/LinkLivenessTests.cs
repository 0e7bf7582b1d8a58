using Totem.Core.Time;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Tests.Links;

/// <summary>KNET §9, with the values of a ring of three: an interval of 912 ms, a timeout of 1,825 ms.</summary>
public sealed class LinkLivenessTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    private readonly LinkLiveness _link = new(LinkTimers.OfToken(TimeSpan.FromMilliseconds(3650)));
    private Instant _now = new(1000);
    private ulong _challenge;

    [Fact]
    public void The_timers_are_what_corosync_derives_from_its_token()
    {
        var timers = LinkTimers.OfToken(TimeSpan.FromMilliseconds(3650));
        Assert.Equal((912, 1825), (timers.PingInterval.TotalMilliseconds, timers.PingTimeout.TotalMilliseconds));
    }

    [Fact]
    public void A_ping_leaves_every_second_because_the_interval_is_rounded_up_to_the_tick()
    {
        var sent = new List<long>();
        for (var i = 0; i < 30; i++, _now += Tick)
        {
            if (!_link.IsPingDue(_now))
                continue;
            sent.Add(_now.Ticks);
            _link.NotePing(++_challenge, _now, isTimed: true);
        }

        Assert.All(sent.Zip(sent.Skip(1)), x => Assert.Equal(TimeSpan.FromSeconds(1).Ticks, x.Second - x.First));
        Assert.Equal(6, sent.Count);
    }

    [Fact]
    public void The_third_pong_brings_it_up()
    {
        Assert.Equal(LinkChange.None, PingPong());
        Assert.Equal(LinkChange.None, PingPong());
        Assert.False(_link.IsUp);
        Assert.Equal(LinkChange.Up, PingPong());
        Assert.True(_link.IsUp);
    }

    /// <summary>Ten times the timeout at first, less by one each second: a link that falls silent at once is down when
    /// the silence is as long as what is left of that, after about 7 s. One that was up for long is down after the
    /// timeout and at most a tick.</summary>
    [Theory]
    [InlineData(0, 6400, 7400)]
    [InlineData(20, 1825, 2200)]
    public void A_silent_link_goes_down_sooner_the_longer_it_was_up(int seconds, int atLeast, int atMost)
    {
        GoUp();
        for (var i = 0; i < seconds; i++)
        {
            PingPong();
            TickFor(TimeSpan.FromSeconds(1));
        }

        PingPong();
        var silent = _now;
        while (_link.HandleTick(_now) != LinkChange.Down)
            _now += Tick;
        Assert.InRange((_now - silent).TotalMilliseconds, atLeast, atMost);
        Assert.False(_link.IsUp);
        Assert.False(_link.HasPong);
    }

    [Fact]
    public void After_it_was_down_it_takes_three_pongs_again()
    {
        GoUp();
        Assert.Equal(LinkChange.Down, _link.HandleRefused());
        Assert.Equal(LinkChange.None, _link.HandleRefused());
        Assert.Equal(LinkChange.None, PingPong());
        Assert.Equal(LinkChange.None, PingPong());
        Assert.Equal(LinkChange.Up, PingPong());
    }

    [Fact]
    public void Data_brings_it_up_once_a_pong_has_come()
    {
        Assert.Equal(LinkChange.None, _link.HandleEarlyData());
        PingPong();
        Assert.Equal(LinkChange.Up, _link.HandleEarlyData());
        Assert.Equal(LinkChange.None, _link.HandleEarlyData());
    }

    [Fact]
    public void A_pong_that_was_not_asked_for_counts_for_nothing()
    {
        Assert.Equal(KnetDiscard.UnaskedPong, Pong(77, _now));
        _link.NotePing(5, _now, isTimed: true);
        var sentAt = _now;
        Assert.Equal(KnetDiscard.UnaskedPong, Pong(5, sentAt + Tick));
        _link.NotePing(6, _now, isTimed: true);
        Assert.Null(Pong(6, _now));
        Assert.Equal(KnetDiscard.UnaskedPong, Pong(6, _now));
    }

    [Fact]
    public void A_late_pong_keeps_the_link_but_does_not_bring_it_up()
    {
        for (var i = 0; i < 5; i++)
        {
            var sentAt = _now;
            _link.NotePing(++_challenge, sentAt, isTimed: true);
            _now += TimeSpan.FromMilliseconds(1900);
            Assert.Equal(KnetDiscard.LatePong, Pong(_challenge, sentAt));
        }

        Assert.False(_link.IsUp);
        Assert.True(_link.HasPong);
    }

    private void GoUp()
    {
        while (PingPong() != LinkChange.Up)
        {
        }
    }

    private LinkChange PingPong()
    {
        _link.NotePing(++_challenge, _now, isTimed: true);
        var pong = new PingPacket(new PacketHeader(PacketType.Pong, 2), 0, (ulong)_now.Ticks, _challenge, 0, 1);
        _now += TimeSpan.FromMilliseconds(1);
        return _link.HandlePong(in pong, _now, out _);
    }

    private KnetDiscard? Pong(ulong challenge, Instant time)
    {
        var pong = new PingPacket(new PacketHeader(PacketType.Pong, 2), 0, (ulong)time.Ticks, challenge, 0, 1);
        _link.HandlePong(in pong, _now, out var discard);
        return discard;
    }

    private void TickFor(TimeSpan duration)
    {
        for (var end = _now + duration; _now < end; _now += Tick)
            Assert.Equal(LinkChange.None, _link.HandleTick(_now));
    }
}
