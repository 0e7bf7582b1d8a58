using System.Text;
using Totem.Core.Time;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Transports;

namespace Totem.Tests.Transport;

/// <summary>docs/reference/transport.md, "Real time": what a real-time thread owes to others.</summary>
public sealed class RingTurnsTests
{
    private bool _isHostBusy;
    private int _asked;

    private static Instant At(double milliseconds) => new((long)(milliseconds * TimeSpan.TicksPerMillisecond));

    private RingTurns Turns() => new(() =>
    {
        _asked++;
        return _isHostBusy;
    });

    [Fact]
    public void A_tenth_of_the_time_is_left_to_others()
    {
        var turns = Turns();
        var asleep = TimeSpan.Zero;
        var now = 1000.0;
        // It works without a pause for half a second.
        for (; now < 1500; now += 0.25)
        {
            var owed = turns.TakeOwedRest(At(now));
            asleep += owed;
            now += owed.TotalMilliseconds;
        }

        Assert.InRange(asleep.TotalMilliseconds, 45, 55);
    }

    [Fact]
    public void A_thread_that_has_slept_enough_owes_nothing()
    {
        var turns = Turns();
        Assert.Equal(2, turns.TakeOwedRest(At(1000)).TotalMilliseconds);
        turns.Rested(TimeSpan.FromMilliseconds(0.5));
        Assert.Equal(TimeSpan.Zero, turns.TakeOwedRest(At(1019)));
        Assert.Equal(1.5, turns.TakeOwedRest(At(1020)).TotalMilliseconds);
        turns.Rested(TimeSpan.FromMilliseconds(5));
        Assert.Equal(TimeSpan.Zero, turns.TakeOwedRest(At(1040)));
        // The excess of one time is not saved up.
        Assert.Equal(2, turns.TakeOwedRest(At(1060)).TotalMilliseconds);
    }

    [Fact]
    public void Nobody_looks_for_the_token_where_others_want_the_cores()
    {
        var turns = Turns();
        Assert.True(turns.MayLook(At(1000)));
        _isHostBusy = true;
        Assert.True(turns.MayLook(At(1009)));
        Assert.False(turns.MayLook(At(1010)));
        _isHostBusy = false;
        Assert.False(turns.MayLook(At(1109)));
        Assert.True(turns.MayLook(At(1110)));
        Assert.Equal(3, _asked);
    }

    [Theory]
    [InlineData("0.20 0.18 0.12 1/80 11206\n", 1)]
    [InlineData("12.20 10.18 9.12 26/426 29971\n", 26)]
    [InlineData("0.20 0.18 0.12 \n", null)]
    [InlineData("0.20 0.18 0.12 x/80 11206\n", null)]
    [InlineData("3/80", 3)]
    [InlineData("", null)]
    public void The_number_of_threads_that_want_to_run_is_read_from_the_systems_line(string line, int? running)
    {
        if (OperatingSystem.IsLinux())
            Assert.Equal(running, HostLoad.Running(Encoding.ASCII.GetBytes(line)));
    }
}
