using Totem.Simulation.Scenarios;

namespace Totem.Tests.Simulation;

/// <summary>docs/design/protocol.md, "One broken link": only what a processor sent itself shows
/// that it is heard.</summary>
public sealed class RetransmittedCopyTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>4 is left out because it does not hear 3, and 2 sends again what 1 misses of 3: 4 hears that.</summary>
    [Theory]
    [InlineData("loss from=* to=1 rate=0.1")]
    [InlineData("loss from=3 to=2 rate=0.3")]
    [InlineData("noise loss=0.05 duplicate=0.05 replay=20ms reorder=0.1 hold-back=2ms")]
    public void A_copy_that_another_member_sends_is_not_heard_from_its_originator(string fault)
    {
        var cluster = RingCluster.Operational(4).Cut(3, 4);
        cluster.Run(TimeSpan.FromSeconds(2)).Do(fault);
        SendFrom3(cluster, TimeSpan.FromSeconds(2));
        var before = cluster[4].Installed.Count;
        var trios = cluster[1].Installed.Count;

        SendFrom3(cluster, TimeSpan.FromSeconds(60));

        Assert.Equal(before, cluster[4].Installed.Count);
        Assert.Equal(trios, cluster[1].Installed.Count);
    }

    [Fact]
    public void Rings_become_one_when_the_link_is_mended()
    {
        var cluster = RingCluster.Operational(4).Cut(3, 4).Do("loss from=* to=1 rate=0.1");
        SendFrom3(cluster, TimeSpan.FromSeconds(3));
        cluster.Mend(3, 4);
        SendFrom3(cluster, TimeSpan.FromSeconds(2));
        Assert.Equal(4, cluster[4].Engine.Installed!.Members.Count);
        cluster.Heal().RunUntilQuiet(TimeSpan.FromSeconds(5));
    }

    private static void SendFrom3(RingCluster cluster, TimeSpan duration)
    {
        for (var end = cluster.Now + duration; cluster.Now < end;)
        {
            cluster[3].Submit(new byte[100], Guarantee.Agreed);
            cluster.Run(Interval);
        }
    }
}
