using Totem.Simulation.Model;
using Totem.Transport.Knet.Aead;

namespace Totem.Transport.Knet.Tests.Aead;

public sealed class ReplayWindowTests
{
    /// <summary>Against a set that forgets nothing but what lies behind the window.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_counter_comes_once(ulong seed)
    {
        var random = new SimulationRandom(seed);
        var window = new ReplayWindow();
        var seen = new HashSet<ulong>();
        ulong highest = 0;
        for (var i = 0; i < 300_000; i++)
        {
            var jump = random.Chance(0.0005) ? random.Between(1, 40_000) : random.Between(-30, 31);
            if (random.Chance(0.01))
                jump = -random.Between(0, ReplayWindow.Counters + 100);
            var counter = (ulong)Math.Max(1, (long)highest + jump);
            var isNew = counter > highest || (highest - counter < ReplayWindow.Counters && !seen.Contains(counter));
            Assert.Equal(isNew, window.IsNew(counter));
            if (!isNew)
                continue;
            window.Mark(counter);
            seen.Add(counter);
            highest = Math.Max(highest, counter);
            Assert.Equal(highest, window.Highest);
        }
    }

    [Fact]
    public void After_a_restart_only_later_counters_are_new()
    {
        var window = new ReplayWindow();
        window.Mark(5);
        window.Restart(1000);
        Assert.False(window.IsNew(1000));
        Assert.False(window.IsNew(999));
        Assert.True(window.IsNew(1001));
        window.Mark(1003);
        Assert.True(window.IsNew(1001));
        Assert.False(window.IsNew(1000));
    }
}
