using System.Runtime.Versioning;
using System.Text;
using Totem.Core.Time;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Transports;

namespace Totem.Tests.Transport;

/// <summary>docs/reference/transport.md, "Real time": when the ring's thread does without it.</summary>
[SupportedOSPlatform("linux")]
public sealed class RingPrecedenceTests
{
    private readonly RingPrecedence _precedence;
    private double? _delay = 0;

    public RingPrecedenceTests() => _precedence = new RingPrecedence(
        () => _delay is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null);

    private static Instant At(double milliseconds) => new((long)(milliseconds * TimeSpan.TicksPerMillisecond));

    [Fact]
    public void It_goes_first_except_while_a_reader_is_behind()
    {
        Assert.True(_precedence.IsFirst);
        Assert.False(_precedence.Update(isReaderBehind: false, At(1)));
        Assert.True(_precedence.Update(isReaderBehind: true, At(2)));
        Assert.False(_precedence.IsFirst);
        Assert.False(_precedence.Update(isReaderBehind: true, At(3)));
        Assert.True(_precedence.Update(isReaderBehind: false, At(4)));
        Assert.True(_precedence.IsFirst);
    }

    [Fact]
    public void It_stays_first_where_nobody_can_say_how_long_a_thread_waits_for_a_core()
    {
        _delay = null;
        Assert.False(_precedence.Update(isReaderBehind: true, At(1)));
        Assert.True(_precedence.IsFirst);
    }

    [Fact]
    public void On_a_crowded_host_it_goes_first_for_a_second_whoever_is_behind()
    {
        _precedence.Update(isReaderBehind: true, At(0));
        _delay = 21;
        Assert.False(_precedence.Update(isReaderBehind: true, At(24)));
        Assert.True(_precedence.Update(isReaderBehind: true, At(25)));
        Assert.True(_precedence.IsFirst);
        Assert.False(_precedence.Update(isReaderBehind: true, At(1024)));
        Assert.True(_precedence.Update(isReaderBehind: true, At(1025)));
        Assert.False(_precedence.IsFirst);
    }

    [Fact]
    public void A_thread_that_gets_its_turns_stays_behind_its_reader()
    {
        for (var now = 0.0; now < 1000; now += 5)
        {
            // Three threads on one core: two thirds of the time go by waiting.
            _delay = now * 2 / 3;
            _precedence.Update(isReaderBehind: true, At(now));
            Assert.False(_precedence.IsFirst);
        }
    }

    [Theory]
    [InlineData("41839279 1093017 64\n", 1_093_000)]
    [InlineData("1 0 1\n", 0)]
    [InlineData("41839279\n", null)]
    [InlineData("41839279 x 64\n", null)]
    [InlineData("", null)]
    public void A_line_of_schedstat_says_how_long_the_thread_waited(string line, int? nanoseconds) => Assert.Equal(
        nanoseconds is { } value ? new TimeSpan(value / 100) : null, RunDelay.Delay(Encoding.ASCII.GetBytes(line)));

    [Fact]
    public void This_kernel_counts_it() => Assert.NotNull(RunDelay.OfThisThread());
}
