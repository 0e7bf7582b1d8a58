using Totem.Transport.Udp.Hosting;

namespace Totem.Tests.Transport;

/// <summary>Each pair of what the ring's thread sleeps for and what comes.</summary>
public sealed class WakeSignalTests
{
    private readonly WakeSignal _signal;
    private int _wakes;

    public WakeSignalTests() => _signal = new WakeSignal(() => _wakes++);

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void A_message_ends_the_sleep_only_if_it_is_acted_on(bool isActedOn, int wakes)
    {
        Assert.False(_signal.BeginSleep(isActedOn));
        _signal.Tell();
        Assert.Equal(wakes, _wakes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Other_work_ends_every_sleep_once(bool actsOnMessages)
    {
        Assert.False(_signal.BeginSleep(actsOnMessages));
        _signal.Wake();
        _signal.Wake();
        _signal.Tell();
        Assert.Equal(1, _wakes);
    }

    [Fact]
    public void A_thread_that_is_awake_is_not_woken_and_does_not_fall_asleep()
    {
        _signal.Wake();
        Assert.Equal(0, _wakes);
        Assert.True(_signal.BeginSleep(actsOnMessages: false));
    }

    [Fact]
    public void A_message_that_came_while_the_thread_was_awake_keeps_it_awake_only_if_it_is_acted_on()
    {
        _signal.Tell();
        Assert.False(_signal.BeginSleep(actsOnMessages: false));
        Assert.True(_signal.BeginSleep(actsOnMessages: true));
        _signal.EndSleep();
        Assert.False(_signal.BeginSleep(actsOnMessages: true));
    }

    [Fact]
    public void Work_wakes_a_thread_that_a_message_did_not_wake()
    {
        Assert.False(_signal.BeginSleep(actsOnMessages: false));
        _signal.Tell();
        _signal.Wake();
        Assert.Equal(1, _wakes);
    }
}
