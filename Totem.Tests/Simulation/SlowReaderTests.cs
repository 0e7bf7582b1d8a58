using Totem.Core;
using Totem.Core.Diagnostics;
using Totem.Simulation.Checkers;
using Totem.Simulation.Model;
using Totem.Simulation.Scenarios;

namespace Totem.Tests.Simulation;

/// <summary>docs/design/protocol.md, "A slow reader": the ring goes at its pace, and nothing is
/// lost on the way.</summary>
public sealed class SlowReaderTests
{
    private const int MessageBytes = 1300;
    private const int MessageCount = 9000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(600);

    /// <summary>The window has 1,024 numbers, and far more than that are offered between two looks
    /// of the third's application.</summary>
    [Theory]
    [InlineData("100ms")]
    [InlineData("350ms")]
    public void A_reader_that_lags_costs_no_token_no_request_and_no_membership(string consume)
    {
        var cluster = RingCluster.Operational(3).Do($"slow node=3 datagram=0us consume={consume}");
        var rings = Enumerable.Range(1, 3).Select(id => cluster[id].Installed.Count).ToArray();
        var requests = cluster.Count(RingEventKind.RetransmitRequested);
        var discarded = cluster.Count(RingEventKind.Discarded);

        SubmitFromTwo(cluster);
        RunUntilDelivered(cluster, 1, 2, 3);

        Assert.Equal(rings, Enumerable.Range(1, 3).Select(id => cluster[id].Installed.Count));
        Assert.Equal(requests, cluster.Count(RingEventKind.RetransmitRequested));
        Assert.Equal(discarded, cluster.Count(RingEventKind.Discarded));
        Assert.Equal(cluster[1].Delivered, cluster[3].Delivered);
    }

    [Fact]
    public void Losses_while_a_reader_lags_are_recovered_and_no_more()
    {
        var cluster = RingCluster.Operational(3).Do("slow node=3 datagram=0us consume=200ms")
            .Do("loss from=* to=3 rate=0.01");
        var rings = cluster[3].Installed.Count;

        SubmitFromTwo(cluster);
        RunUntilDelivered(cluster, 1, 2, 3);

        Assert.Equal(rings, cluster[3].Installed.Count);
        Assert.Equal(cluster[1].Delivered, cluster[3].Delivered);
        // A frame is lost on one path of two; a frame that is sent again may be lost again.
        Assert.InRange(cluster.Count(RingEventKind.RetransmitRequested), 1, MessageCount / 10);
    }

    [Fact]
    public void Safe_messages_reach_everybody_past_a_reader_that_lags()
    {
        var cluster = RingCluster.Operational(3).Do("slow node=3 datagram=0us consume=100ms");
        SubmitFromTwo(cluster, Guarantee.Safe);
        RunUntilDelivered(cluster, 1, 2, 3);
        Assert.Equal(cluster[2].Delivered, cluster[3].Delivered);
    }

    [Fact]
    public void A_reader_that_has_stopped_stands_aside_until_it_reads_again()
    {
        var cluster = RingCluster.Operational(3).Do("slow node=3 datagram=0us consume=30s");
        SubmitFromTwo(cluster);
        // The first take of the application comes after 30 s; until then 3 fills its window, and
        // the others wait for it.
        cluster.Run(TimeSpan.FromMilliseconds(200));
        Assert.InRange(cluster[1].Delivered.Count, 1, MessageCount - 1);

        cluster[3].Engine.HandleReader(isStopped: true, cluster.Now);
        RunUntilDelivered(cluster, 1, 2);
        Assert.True(cluster[3].Engine.IsAside);
        var changes = cluster[1].Installed.Count;
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(changes, cluster[1].Installed.Count);
        Assert.Equal(2, cluster[1].Engine.Installed!.Members.Count);

        cluster.Do("slow node=3 datagram=0us consume=0us");
        // Nothing waits any more, but a host that had no room for it knows that its application has not read it.
        var watch = new ReaderWatch(TimeSpan.FromSeconds(1));
        Assert.Null(cluster[3].Engine.FirstUndelivered);
        Assert.True(watch.IsStopped(cluster[3].Engine, cluster.Now, hasRoom: false));
        Assert.False(watch.IsStopped(cluster[3].Engine, cluster.Now, hasRoom: true));
        cluster[3].Engine.HandleReader(isStopped: false, cluster.Now);
        cluster.RunUntilOperational(TimeSpan.FromSeconds(5));
        Assert.Equal(3, cluster[1].Engine.Installed!.Members.Count);
        Assert.Contains(cluster[3].Installed,
            x => x.Cause.ToString().StartsWith("the application of node 3 stopped reading", StringComparison.Ordinal));
        cluster.RunUntilQuiet(Limit);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    [Fact]
    public void A_reader_that_holds_nobody_up_may_stand_still()
    {
        var cluster = RingCluster.Operational(3).Do("slow node=3 datagram=0us consume=30s");
        for (var i = 0; i < 50; i++)
            cluster[1].Submit(new byte[MessageBytes]);
        cluster.Run(TimeSpan.FromSeconds(1));
        cluster[3].Engine.HandleReader(isStopped: true, cluster.Now);
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.False(cluster[3].Engine.IsAside);
        Assert.Equal(3, cluster[1].Engine.Installed!.Members.Count);
    }

    /// <summary>Requests are for frames that were lost on the network, and here none is: whatever
    /// the readers do.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void On_a_network_that_loses_nothing_readers_cause_no_request(ulong seed)
    {
        var random = new SimulationRandom(seed);
        var count = (int)random.Between(2, 6);
        var mayStop = random.Chance(0.5);
        var cluster = RingCluster.Operational(count);
        var rings = Enumerable.Range(1, count).Select(id => cluster[id].Installed.Count).ToArray();
        var requests = cluster.Count(RingEventKind.RetransmitRequested);
        var discarded = cluster.Count(RingEventKind.Discarded);
        for (var step = 0; step < 40; step++)
        {
            var node = random.Between(1, count);
            cluster.Do(random.Below(4) switch
            {
                0 when mayStop => $"stop-reader node={node}",
                0 or 1 => $"reader node={node} each={1 << (int)random.Between(4, 12)}us",
                2 => $"reader node={node} each=0us",
                _ => $"submit node={node} count={random.Between(1, 1500)} size=20..1300 guarantee=mixed",
            });
            cluster.Run(TimeSpan.FromMilliseconds(random.Between(1, 300)));
        }

        for (var node = 1; node <= count; node++)
            cluster.Do($"reader node={node} each=0us");
        cluster.RunUntilQuiet(Limit);

        Assert.Equal(requests, cluster.Count(RingEventKind.RetransmitRequested));
        if (!mayStop)
        {
            Assert.Equal(discarded, cluster.Count(RingEventKind.Discarded));
            Assert.Equal(rings, Enumerable.Range(1, count).Select(id => cluster[id].Installed.Count));
            Assert.All(Enumerable.Range(1, count), id => Assert.Equal(cluster[1].Delivered, cluster[id].Delivered));
        }

        var causes = Enumerable.Range(1, count).SelectMany(id => cluster[id].Installed.Select(x => x.Cause.Reason))
            .Distinct().ToArray();
        Assert.DoesNotContain(GatherReason.TokenLost, causes);
        Assert.DoesNotContain(GatherReason.MemberFailedToReceive, causes);
        EvsChecker.AssertHolds(cluster.Trace);
    }

    public static TheoryData<ulong> Seeds => [.. Enumerable.Range(1, 40).Select(x => (ulong)x)];

    private static void SubmitFromTwo(RingCluster cluster, Guarantee guarantee = Guarantee.Agreed)
    {
        for (var i = 0; i < MessageCount / 2; i++)
        {
            cluster[1].Submit(new byte[MessageBytes], guarantee);
            cluster[2].Submit(new byte[MessageBytes], guarantee);
        }
    }

    private static void RunUntilDelivered(RingCluster cluster, params int[] ids) => cluster.RunUntil(
        () => ids.FirstOrDefault(id => cluster[id].Delivered.Count < MessageCount) is var lacking and not 0
            ? $"{lacking} has {cluster[lacking].Delivered.Count}" : null,
        Limit, "delivered");
}
