using Totem.Transport.Udp.Operation;

namespace Totem.Operation.Tests.Why;

public sealed class RotationTimesTests
{
    [Fact]
    public void Before_the_first_there_is_no_figure() =>
        Assert.Equal(new RotationStatus(0, default, default, default), new RotationTimes().Read());

    [Fact]
    public void The_figures_are_of_the_last_1024()
    {
        var times = new RotationTimes();
        for (var i = 0; i < 5000; i++)
            times.Add(TimeSpan.FromSeconds(100));
        for (var i = 1; i <= 1024; i++)
            times.Add(TimeSpan.FromMilliseconds(i));
        var read = times.Read();
        Assert.Equal(
            (1024, 513, 1014, 1024),
            (read.Count, read.Median.TotalMilliseconds, read.P99.TotalMilliseconds, read.Longest.TotalMilliseconds));
    }
}
