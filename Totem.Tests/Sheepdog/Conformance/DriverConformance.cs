using Totem.Sheepdog;
using Totem.Tests.Requirements;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>The conformance of a driver whose sheep all run in the test's process. A driver's tests derive from this
/// and say how to make and to kill one.</summary>
public abstract class DriverConformance : ClusterConformance
{
    [NeedyFact]
    public void A_message_that_is_too_long_is_refused_and_a_call_from_within_an_event_too()
    {
        var sheep = (DriverSheep)Joined(1)[0];
        sheep.Do(x => Assert.Throws<ArgumentException>(() => x.Notify(new byte[ClusterLimits.MaxMessageBytes + 1])));
        sheep.Do(x => Assert.Throws<ArgumentException>(() => x.Unblock(new byte[ClusterLimits.MaxMessageBytes + 1])));
        sheep.Do(x => Assert.Throws<ArgumentException>(() => x.UpdateNode(DriverSheep.Node(9))));
        sheep.Turn = () => Assert.Throws<InvalidOperationException>(() => sheep.Driver.Dispatch(sheep));
        sheep.Block();
        sheep.Notify("end");
        sheep.WaitForLine(TestSheep.NotifyLine(0, "end"));
        Assert.DoesNotContain(sheep.Lines, x => x.StartsWith("threw", StringComparison.Ordinal));
    }

    /// <summary>Nothing is cut off; zeros at the end do not travel, and are there.</summary>
    [NeedyFact]
    [Check("F-8")]
    public void The_whole_buffer_of_a_join_reaches_everybody()
    {
        var sheep = Joined(2);
        var joiner = (DriverSheep)Start(2);
        joiner.OpaqueFill = 7;
        joiner.Join();
        foreach (var one in (TestSheep[])[.. sheep, joiner])
            one.WaitForLine("opaque 7");
    }

    /// <summary>Before it is initialised, and when it is over.</summary>
    [NeedyFact]
    public void Operations_without_a_session_are_refused()
    {
        using var driver = Create();
        Assert.Equal(ClusterResult.ClusterError, driver.Notify([1]));
        Assert.Equal(ClusterResult.ClusterError, driver.Block());
        Assert.Equal(ClusterResult.ClusterError, driver.Unblock([1]));
        Assert.False(driver.Unlock(1));
        Assert.False(driver.EventsReady.WaitOne(0));
        driver.Dispose();
        Assert.Throws<ObjectDisposedException>(() => driver.Lock(1));
    }

    /// <summary>A driver that is not connected.</summary>
    protected abstract IClusterDriver Create();

    /// <summary>Its option, the same for all nodes of a test.</summary>
    protected abstract string? Option { get; }

    /// <summary>Ends it as a kill -9 ends a process: nobody is told.</summary>
    protected abstract void Kill(IClusterDriver driver);

    protected override TestSheep Make(int identity) => new DriverSheep(Create(), Option, identity, Kill);
}
