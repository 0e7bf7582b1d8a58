using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.Sessions;

/// <summary>The rules of the drivers' contract, one by one, on an order in memory.</summary>
public sealed class ClusterSessionTests
{
    private readonly ModelCluster _cluster = new();

    [Fact]
    public void The_first_accepts_itself_and_then_the_others()
    {
        var sheep = Joined(3);
        Assert.Equal(["join 0 to []", "join 1 to [0]", "join 2 to [0 1]"], sheep[0].Own);
        Assert.Equal(["accept 0 [0] 0 100", "accept 1 [0 1] 1 100", "accept 2 [0 1 2] 2 100"], sheep[0].Log);
        Assert.Equal(["accept 2 [0 1 2] 2 100"], sheep[2].Log);
    }

    [Fact]
    public void Starting_all_at_once_makes_one_cluster()
    {
        var sheep = Enumerable.Range(0, 8).Select(x => _cluster.Start(x).Join()).ToArray();
        _cluster.RunUntilQuiet();
        Assert.Single(sheep.SelectMany(x => x.Own), x => x.EndsWith("[]", StringComparison.Ordinal));
        Assert.All(sheep, x => Assert.Equal(8, x.Session.Members.Count));
        Agree();
    }

    /// <summary>A5, O6.</summary>
    [Fact]
    [Check("A5")]
    public void Another_member_answers_when_the_acceptor_dies_before_its_accept_is_ordered()
    {
        var sheep = Joined(2);
        var joiner = _cluster.Start(2).Join();
        while (_cluster.Order(joiner) | _cluster.Deliver(joiner) | _cluster.Deliver(sheep[0]))
        {
            // Until there is nothing more to do.
        }

        Assert.True(sheep[0].Dispatch());
        Assert.Equal("join 2 to [0 1]", sheep[0].Own[^1]);
        _cluster.Kill(sheep[0]);
        _cluster.RunUntilQuiet();
        Assert.Equal(["join 2 to [1]"], sheep[1].Own);
        Assert.Equal(["leave 0 [1]", "accept 2 [1 2] 2 101"], sheep[1].Log[^2..]);
        Assert.Equal(["accept 2 [1 2] 2 101"], joiner.Log);
    }

    /// <summary>Somebody comes who was alone before, so that a joiner asks anew; the answer to what
    /// it asked first is on its way.</summary>
    [Fact]
    public void A_joiner_that_asks_anew_while_it_is_accepted_is_accepted_again()
    {
        var sheep = Joined(2);
        var joiner = _cluster.Start(2).Join();
        while (_cluster.Order(joiner) | _cluster.Deliver(joiner) | _cluster.Deliver(sheep[0]))
        {
            // Until the acceptor is asked.
        }

        var other = _cluster.Start(3, isMerged: true);
        Assert.True(sheep[0].Dispatch());
        _cluster.RunUntilQuiet();
        Assert.Equal(SessionPhase.Joined, joiner.Session.Phase);
        Assert.Equal(["accept 2 [0 1 2] 2 100", "leave 2 [0 1]", "accept 2 [0 1 2] 2 100"], sheep[1].Log[^3..]);
        Assert.Equal(["accept 2 [0 1 2] 2 100"], joiner.Log);
        _cluster.Kill(other);
        Agree();
    }

    /// <summary>Otherwise it would be told of it behind its accept, and it has not kept what came
    /// before its request.</summary>
    [Fact]
    public void A_message_between_two_requests_of_a_joiner_comes_before_its_accept()
    {
        var sheep = Joined(2);
        var joiner = _cluster.Start(2).Join();
        while (_cluster.Order(joiner) | _cluster.Deliver(joiner) | _cluster.Deliver(sheep[1]))
        {
            // Until it has asked.
        }

        Assert.Equal(Totem.Sheepdog.ClusterResult.Success, sheep[1].Session.Notify([7]));
        Assert.True(_cluster.Order(sheep[1]));
        _cluster.Start(3, isMerged: true);
        while (_cluster.Order(joiner) | _cluster.Deliver(joiner))
        {
            // Until it has asked again.
        }

        _cluster.RunUntilQuiet();
        Assert.Equal(["notify 1 07", "accept 2 [0 1 2] 2 100"], sheep[1].Log[^2..]);
        Assert.Equal(["accept 2 [0 1 2] 2 100"], joiner.Log);
        Agree();
    }

    /// <summary>A4, F-5, F-14, O5: it dies between any two steps.</summary>
    [Theory]
    [Check("A4", "F-5", "F-14")]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void A_joiner_that_dies_leaves_nothing_behind(int steps)
    {
        var sheep = Joined(2);
        var joiner = _cluster.Start(2).Join();
        for (var i = 0; i < steps; i++)
        {
            _cluster.Order(joiner);
            _cluster.Deliver(joiner);
            joiner.Dispatch();
            _cluster.Deliver(sheep[0]);
            sheep[0].Dispatch();
            _cluster.Order(sheep[0]);
        }

        _cluster.Kill(joiner);
        _cluster.RunUntilQuiet();
        Assert.Equal(2, sheep[0].Session.Members.Count);
        Assert.Equal(Count(sheep[0], "accept 2"), Count(sheep[0], "leave 2"));
        Assert.Equal(SessionPhase.Joined, Joined(1, first: 5)[0].Session.Phase);
        Agree();
    }

    /// <summary>O8: it is in the group and says nothing.</summary>
    [Fact]
    public void A_silent_joiner_holds_up_nobody()
    {
        Joined(1);
        _cluster.Start(7);
        Joined(1, first: 1);
        Assert.Equal(2, _cluster.All[0].Session.Members.Count);
    }

    /// <summary>F-1, O10, A2.</summary>
    [Fact]
    [Check("F-1", "A2")]
    public void All_turns_of_a_dead_node_go_with_it()
    {
        var sheep = Joined(3);
        for (var i = 0; i < 10; i++)
            sheep[1].Session.Block();
        sheep[0].Session.Block();
        _cluster.RunUntilQuiet();
        sheep[2].Session.Block();
        _cluster.RunUntilQuiet();
        Assert.True(_cluster.Turn == sheep[0] || _cluster.Turn == sheep[1]);
        _cluster.Kill(sheep[1]);
        _cluster.RunUntilQuiet();
        Assert.True(sheep[0].HasTurn);
        sheep[0].Unblock("a"u8.ToArray());
        _cluster.RunUntilQuiet();
        Assert.True(sheep[2].HasTurn);
        Assert.Equal(new TicketOf(sheep[2].Peer, 1), Assert.Single(sheep[0].Session.Known!.Blocks));
    }

    [Fact]
    public void A_turn_holds_back_turns_and_nothing_else()
    {
        var sheep = Joined(2);
        sheep[0].Session.Block();
        _cluster.RunUntilQuiet();
        sheep[1].Session.Block();
        sheep[0].Session.Notify("n"u8);
        sheep[1].Session.UpdateNode(ModelSheep.Node(1, 9));
        var third = Joined(1, first: 2)[0];
        Assert.Equal(
            ["update 1 9", "accept 2 [0 1 2] 2 100"], sheep[1].Log.Except(["accept 1 [0 1] 1 100", "notify 0 6E"]));
        Assert.Contains("notify 0 6E", sheep[1].Log);
        Assert.True(sheep[0].HasTurn);
        // F-21, A10: the third came in while it was on.
        sheep[0].Unblock("u"u8.ToArray());
        _cluster.RunUntilQuiet();
        Assert.Equal("notify 0 75", third.Log[^1]);
        Assert.True(sheep[1].HasTurn);
        Agree();
    }

    [Fact]
    public void A_turn_that_is_refused_is_offered_again_after_the_next_event()
    {
        var sheep = Joined(2);
        sheep[0].RefusesTurns = true;
        sheep[0].Session.Block();
        _cluster.RunUntilQuiet();
        Assert.Null(_cluster.Turn);
        sheep[0].RefusesTurns = false;
        Assert.False(sheep[0].Dispatch());
        sheep[1].Session.Notify([]);
        _cluster.RunUntilQuiet();
        Assert.True(sheep[0].HasTurn);
        Assert.Single(sheep[0].Own, "turn");
    }

    /// <summary>A7, F-16, F-9, A11.</summary>
    [Fact]
    [Check("A7", "F-16", "F-9", "A11")]
    public void One_that_left_hears_on_and_sends_and_has_left_once()
    {
        var sheep = Joined(3);
        sheep[1].Session.Leave();
        sheep[1].Session.UpdateNode(ModelSheep.Node(1, 5));
        sheep[1].Session.Notify("g"u8);
        sheep[1].Session.Block();
        _cluster.RunUntilQuiet();
        Assert.True(sheep[1].HasTurn);
        Assert.Equal(["leave 1 [0 2]", "notify 1 67"], sheep[1].Log[^2..]);
        _cluster.Kill(sheep[1]);
        _cluster.RunUntilQuiet();
        Assert.Equal(1, Count(sheep[0], "leave 1"));
        Assert.Equal("notify 1 67", sheep[0].Log[^1]);
        Assert.Empty(sheep[0].Session.Known!.Blocks);
        Agree();
    }

    [Fact]
    public void Turns_that_had_not_begun_are_asked_for_again_behind_the_own_leave()
    {
        var sheep = Joined(2);
        sheep[0].Session.Block();
        _cluster.RunUntilQuiet();
        sheep[1].Session.Block();
        sheep[1].Session.Leave();
        _cluster.RunUntilQuiet();
        Assert.Equal(2, sheep[0].Session.Known!.Blocks.Count);
        sheep[0].Unblock([]);
        _cluster.RunUntilQuiet();
        Assert.True(sheep[1].HasTurn);
    }

    /// <summary>All members have left and one lives on: it hands its state to the next first.</summary>
    [Fact]
    public void A_joiner_after_the_last_member_left_accepts_itself()
    {
        var sheep = Joined(2);
        sheep[0].Session.Lock(7);
        sheep[0].Session.Leave();
        sheep[1].Session.Leave();
        _cluster.RunUntilQuiet();
        var third = Joined(1, first: 2)[0];
        Assert.Equal(["join 2 to []"], third.Own);
        Assert.Equal("accept 2 [2] 2 102", sheep[0].Log[^1]);
        Assert.Equal(sheep[0].Peer, third.Session.Known!.Locks[7][0].Owner);
        Agree();
    }

    /// <summary>A8, F-17.</summary>
    [Fact]
    [Check("A8", "F-17")]
    public void A_node_that_comes_back_before_its_death_was_noticed_replaces_itself()
    {
        var sheep = Joined(2);
        sheep[1].Session.Block();
        _cluster.RunUntilQuiet();
        sheep[1].IsAlive = false;
        _cluster.Turn = null;
        Joined(1, first: 1);
        Assert.Equal(["leave 1 [0]", "accept 1 [0 1] 1 100"], sheep[0].Log[^2..]);
        Assert.Empty(sheep[0].Session.Known!.Blocks);
        _cluster.Kill(sheep[1]);
        _cluster.RunUntilQuiet();
        Assert.Equal("accept 1 [0 1] 1 100", sheep[0].Log[^1]);
    }

    [Fact]
    public void A_session_that_is_replaced_and_lives_is_over()
    {
        var sheep = Joined(2);
        Joined(1, first: 1);
        Assert.Equal("Failed", sheep[1].Own[^1]);
        Assert.Equal(SessionPhase.Lost, sheep[1].Session.Phase);
    }

    /// <summary>A12, F-10.</summary>
    [Fact]
    [Check("A12", "F-10")]
    public void Locks_go_from_hand_to_hand_and_from_the_dead_to_the_next()
    {
        var sheep = Joined(3);
        var first = sheep[0].Session.Lock(5);
        _cluster.RunUntilQuiet();
        var second = sheep[1].Session.Lock(5);
        var other = sheep[1].Session.Lock(6);
        _cluster.RunUntilQuiet();
        var third = sheep[2].Session.Lock(5);
        _cluster.RunUntilQuiet();
        Assert.Equal([first], sheep[0].Locks);
        Assert.Equal([other], sheep[1].Locks);
        sheep[0].Session.Unlock(5, first);
        _cluster.RunUntilQuiet();
        Assert.Contains(second, sheep[1].Locks);
        Assert.Empty(sheep[2].Locks);
        _cluster.Kill(sheep[1]);
        _cluster.RunUntilQuiet();
        Assert.Equal([third], sheep[2].Locks);
        Assert.Equal([5UL], sheep[0].Session.Known!.Locks.Keys);
    }

    /// <summary>A6, F-6, F-19.</summary>
    [Fact]
    [Check("A6", "F-6", "F-19")]
    public void Messages_cost_what_they_carry()
    {
        var sheep = Joined(2);
        var before = _cluster.BytesOrdered;
        sheep[0].Session.Notify(new byte[4]);
        _cluster.RunUntilQuiet();
        Assert.InRange(_cluster.BytesOrdered - before, 4, 8);
        before = _cluster.BytesOrdered;
        var opaque = new byte[491_568];
        opaque[20] = 2;
        var node = new byte[80];
        node[0] = 9;
        _cluster.Start(9).Session.Join(new Totem.Sheepdog.SheepNode(node, 18), opaque);
        _cluster.All[^1].Position = _cluster.All[0].Position;
        while (_cluster.Deliver(_cluster.All[^1]) | _cluster.Order(_cluster.All[^1]))
        {
            // Until there is nothing more to do.
        }

        Assert.InRange(_cluster.BytesOrdered - before, 80, 80 + 48 + 32);
    }

    /// <summary>The joiner gets what the acceptor knows: nothing comes between its answer and the accept.</summary>
    [Fact]
    public void Messages_sent_while_a_join_is_answered_come_behind_the_accept()
    {
        var sheep = Joined(2);
        var joiner = _cluster.Start(2).Join();
        _cluster.Order(joiner);
        while (_cluster.Deliver(joiner) | _cluster.Order(joiner))
        {
            // Until there is nothing more to do.
        }

        sheep[1].Session.Notify("n"u8);
        sheep[1].Session.UpdateNode(ModelSheep.Node(1, 3));
        while (_cluster.Order(sheep[1]))
        {
            // Until there is nothing more to do.
        }

        _cluster.RunUntilQuiet();
        Assert.Equal(["accept 2 [0 1 2] 2 100", "notify 1 6E", "update 1 3"], joiner.Log);
        Agree();
    }

    /// <summary>A5, O6, O8: the oldest member's event loop hangs, and it is in the group all the same.</summary>
    [Fact]
    [Check("A5")]
    public void When_the_oldest_does_not_answer_a_join_the_next_one_does()
    {
        var sheep = Joined(3);
        var joiner = _cluster.Start(3).Join();
        RunWithout(sheep[0]);
        Assert.Empty(joiner.Log);
        // All look at the clock; the second in line need not say anything.
        foreach (var milliseconds in (ReadOnlySpan<long>)[0, 1999, 2000, 2500])
        {
            sheep[1].Session.HandleTime(milliseconds);
            sheep[2].Session.HandleTime(milliseconds);
        }

        RunWithout(sheep[0]);
        Assert.Equal(["accept 3 [0 1 2 3] 3 101"], joiner.Log);
        Assert.DoesNotContain(sheep[2].Own, x => x.StartsWith("join 3", StringComparison.Ordinal));
        _cluster.RunUntilQuiet();
        Assert.DoesNotContain(sheep[0].Own, x => x.StartsWith("join 3", StringComparison.Ordinal));
        Agree();
    }

    /// <summary>The answer of the one that was passed over comes late: nobody heeds it.</summary>
    [Fact]
    public void An_answer_that_comes_after_another_member_was_asked_does_not_count()
    {
        var sheep = Joined(2);
        var joiner = _cluster.Start(2).Join();
        RunWithout(sheep[0]);
        sheep[1].Session.HandleTime(0);
        sheep[1].Session.HandleTime(2000);
        Assert.True(_cluster.Order(sheep[1]));
        while (_cluster.Deliver(sheep[0]) && !sheep[0].Own.Contains("join 2 to [0 1]"))
            sheep[0].Dispatch();
        _cluster.RunUntilQuiet();
        Assert.Equal(["accept 2 [0 1 2] 2 101"], joiner.Log);
        Agree();
    }

    [Fact]
    public void A_join_is_answered_again_when_a_member_dies_meanwhile()
    {
        var sheep = Joined(3);
        _cluster.Start(3).Join();
        var joiner = _cluster.All[^1];
        while (_cluster.Order(joiner) | _cluster.Deliver(joiner) | _cluster.Deliver(sheep[0]) | sheep[0].Dispatch())
        {
            // Until there is nothing more to do.
        }

        _cluster.Kill(sheep[1]);
        _cluster.RunUntilQuiet();
        Assert.Equal(["join 3 to [0 1 2]", "join 3 to [0 2]"], sheep[0].Own[^2..]);
        Assert.Equal(["accept 3 [0 2 3] 3 100"], joiner.Log);
        Agree();
    }

    /// <summary>A14, F-29: a reader that stops is not waited for; what it was not told of it never
    /// misreads, it joins afresh.</summary>
    [Fact]
    [Check("A14", "F-29")]
    public void An_event_loop_that_stops_for_too_long_loses_its_session_and_costs_no_more()
    {
        var sheep = Joined(2);
        var message = new ClusterMessage(ClusterMessageKind.Notify) { Payload =
            new byte[Totem.Sheepdog.ClusterLimits.MaxMessageBytes] }.Encode();
        for (var i =
            0; i <= Totem.Sheepdog.ClusterLimits.MaxWaitingBytes / Totem.Sheepdog.ClusterLimits.MaxMessageBytes; i++)
            sheep[1].Session.HandleMessage(sheep[0].Peer, message);
        Assert.Equal(SessionPhase.Lost, sheep[1].Session.Phase);
        Assert.Contains("256 MiB", sheep[1].Session.LostReason, StringComparison.Ordinal);
        while (sheep[1].Dispatch())
        {
            // Nothing of what was waiting is told any more.
        }

        Assert.Equal("Reconnect", sheep[1].Own[^1]);
        Assert.DoesNotContain(sheep[1].Log, x => x.StartsWith("notify", StringComparison.Ordinal));
    }

    [Fact]
    public void Requests_made_before_the_accept_are_sent_behind_it()
    {
        var sheep = _cluster.Start(0).Join();
        sheep.Session.Notify("early"u8);
        _cluster.RunUntilQuiet();
        Assert.Equal(["accept 0 [0] 0 100", "notify 0 6561726C79"], sheep.Log);
    }

    internal static int Count(ModelSheep sheep, string prefix) =>
        sheep.Log.Count(x => x.StartsWith(prefix + " ", StringComparison.Ordinal));

    private ModelSheep[] Joined(int count, int first = 0)
    {
        var sheep = new List<ModelSheep>();
        for (var i = 0; i < count; i++)
        {
            sheep.Add(_cluster.Start(first + i).Join());
            _cluster.RunUntilQuiet();
        }

        return [.. sheep];
    }

    private void RunWithout(ModelSheep hanging)
    {
        // Its driver runs; only its event loop does not.
        for (var isQuiet = false; !isQuiet;)
        {
            isQuiet = true;
            foreach (var sheep in _cluster.All)
            {
                while (_cluster.Order(sheep) | _cluster.Deliver(sheep) | (sheep != hanging && sheep.Dispatch()))
                    isQuiet = false;
            }
        }
    }

    private void Agree() => SequenceRules.Check(_cluster);
}
