using Totem.Sheepdog;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Tests.Sheepdog.Sessions;

/// <summary>Cuts, on a session whose backend is the test (O11, A3, F-2, F-4).</summary>
public sealed class PartitionTests
{
    private static readonly PeerId[] Four = [new(1, 1), new(2, 1), new(3, 1), new(4, 1)];

    [Theory]
    [InlineData(new uint[] { 1, 2 }, new uint[] { 3, 4 }, true)]
    [InlineData(new uint[] { 3, 4 }, new uint[] { 1, 2 }, false)]
    [InlineData(new uint[] { 2, 3, 4 }, new uint[] { 1 }, true)]
    [InlineData(new uint[] { 1 }, new uint[] { 2, 3, 4 }, false)]
    [InlineData(new uint[] { 9 }, new uint[] { }, true)]
    public void The_majority_goes_on_and_of_two_halves_the_one_with_the_lowest(
        uint[] here, uint[] elsewhere, bool goesOn)
    {
        Assert.Equal(goesOn, PartitionPolicy.GoesOn(PartitionRule.Majority, 1, here, elsewhere));
        Assert.True(PartitionPolicy.GoesOn(PartitionRule.Continue, 1, here, elsewhere));
        Assert.Equal(elsewhere.Length == 0, PartitionPolicy.GoesOn(PartitionRule.Continue, 5, here, elsewhere));
    }

    [Fact]
    public void The_smaller_side_stops_before_it_tells_of_anything_and_comes_back_when_it_meets_the_other()
    {
        var session = Member(Four[3]);
        session.HandleTransitional([Four[2], Four[3]]);
        session.HandleMessage(
            Four[2], new ClusterMessage(ClusterMessageKind.Notify) { Payload = new byte[] { 1 } }.Encode());
        session.HandleChange(
            new PeerChange([Four[2], Four[3]], [new PeerLeft(Four[0], false), new PeerLeft(Four[1], false)], []));
        Assert.Equal(SessionPhase.InDoubt, session.Phase);
        Assert.False(session.TryTake(out _));

        session.HandleChange(new PeerChange(Four, [], [new PeerJoined(Four[0], true), new PeerJoined(Four[1], true)]));
        Assert.Equal(SessionPhase.Lost, session.Phase);
        Assert.True(session.TryTake(out var next));
        Assert.Equal(ClusterEventKind.Reconnect, next.Kind);
        Assert.False(session.TryTake(out _));
        Assert.Equal(Totem.Sheepdog.ClusterResult.ClusterError, session.Notify([1]));
    }

    /// <summary>A1: a process that is known to be dead is not on another side.</summary>
    [Fact]
    public void The_smaller_side_goes_on_when_it_hears_that_the_others_are_dead()
    {
        var session = Member(Four[3]);
        session.HandleTransitional([Four[3]]);
        session.HandleDead(1);
        session.HandleDead(2);
        session.HandleDead(3);
        session.HandleMessage(
            Four[3], new ClusterMessage(ClusterMessageKind.Notify) { Payload = new byte[] { 1 } }.Encode());
        session.HandleChange(new PeerChange([Four[3]], [.. Four[..3].Select(x => new PeerLeft(x, false))], []));
        Deliver(session, Four[3]);
        Assert.Equal(SessionPhase.Joined, session.Phase);
        var kinds = new List<ClusterEventKind>();
        while (session.TryTake(out var next))
            kinds.Add(next.Kind);
        Assert.Equal(
            [ClusterEventKind.Notify, ClusterEventKind.Leave, ClusterEventKind.Leave, ClusterEventKind.Leave], kinds);
    }

    [Fact]
    public void A_leave_says_whether_one_left_has_ended_or_is_only_not_heard()
    {
        var session = Member(Four[3]);
        session.HandleChange(new PeerChange([.. Four[1..]], [new PeerLeft(Four[0], false)], []));
        session.HandleChange(new PeerChange([.. Four[2..]], [new PeerLeft(Four[1], true)], []));
        session.HandleMessage(Four[2], new ClusterMessage(ClusterMessageKind.Leave).Encode());
        Deliver(session, Four[3]);
        var reasons = new List<LeaveReason>();
        while (session.TryTake(out var next))
        {
            if (next.Kind == ClusterEventKind.Leave)
                reasons.Add(next.LeaveReason);
        }

        Assert.Equal([LeaveReason.Silent, LeaveReason.Killed, LeaveReason.Left], reasons);
    }

    [Fact]
    public void Of_two_sides_that_went_on_the_smaller_gives_up_when_they_meet()
    {
        var session = Member(Four[3], PartitionRule.Continue);
        session.HandleChange(new PeerChange([Four[3]], [.. Four[..3].Select(x => new PeerLeft(x, false))], []));
        Assert.Equal(SessionPhase.Joined, session.Phase);
        session.HandleChange(new PeerChange(Four, [], [.. Four[..3].Select(x => new PeerJoined(x, true))]));
        session.HandleMessage(
            Four[0], new ClusterMessage(ClusterMessageKind.View) { View = new ClusterView(3, Four[0]) }.Encode());
        Deliver(session, Four[3]);
        Assert.Equal(SessionPhase.Lost, session.Phase);
    }

    /// <summary>Nothing that comes in breaks a session, or grows it without bound.</summary>
    [Fact]
    public void No_bytes_from_a_peer_throw()
    {
        var random = new Random(1);
        var session = Member(Four[0]);
        var bytes = new byte[64];
        for (var i = 0; i < 200_000; i++)
        {
            random.NextBytes(bytes);
            bytes[0] = (byte)random.Next(0, 15);
            session.HandleMessage(Four[random.Next(1, 4)], bytes.AsSpan(0, random.Next(0, bytes.Length)));
        }

        Assert.True(session.MalformedCount > 0);
    }

    private static void Deliver(ClusterSession session, PeerId self)
    {
        while (session.TryTransmit(out var message))
            session.HandleMessage(self, message);
    }

    /// <summary>One of four members.</summary>
    private static ClusterSession Member(PeerId self, PartitionRule rule = PartitionRule.Majority)
    {
        var session = new ClusterSession(self, new SessionOptions { Rule = rule });
        session.Join(ModelSheep.Node((int)self.Seat), []);
        session.HandleChange(new PeerChange(Four, [], [new PeerJoined(self, false)]));
        Deliver(session, self);
        var others = Four.Where(x => x != self)
            .Select(x => new InformedPeer(x, ModelSheep.Node((int)x.Seat), IsMember: true));
        var accept = new ClusterMessage(ClusterMessageKind.Accept)
        {
            Peer = self,
            Attempt = 1,
            State = ClusterState.Empty with { Informed = [.. others] },
        };
        session.HandleMessage(Four.First(x => x != self), accept.Encode());
        Assert.True(session.TryTake(out var next));
        Assert.Equal(ClusterEventKind.Accept, next.Kind);
        Assert.Equal(4, session.Members.Count);
        return session;
    }
}
