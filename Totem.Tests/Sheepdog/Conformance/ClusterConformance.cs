using Totem.Tests.Requirements;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>The duties of every driver, whatever carries it and whatever process it is in.</summary>
public abstract class ClusterConformance : IDisposable
{
    private readonly List<TestSheep> _all = [];

    /// <summary>Nodes of the larger tests.</summary>
    protected virtual int Many => 14;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Two nodes, one stops: sheep's driver for corosync aborts the other. Here one by one
    /// to the last.</summary>
    [NeedyFact]
    [Check("A1", "A7", "F-3", "F-16")]
    public void Sheep_that_leave_in_order_leave_the_others_running_to_the_last_one()
    {
        var sheep = Joined(3);
        sheep[0].Stop();
        sheep[1].WaitForMembers(1, 2);
        sheep[1].Notify("two");
        sheep[2].WaitForLine(TestSheep.NotifyLine(1, "two"));
        sheep[1].Stop();
        sheep[2].WaitForMembers(2);
        sheep[2].Notify("one");
        sheep[2].WaitForLine(TestSheep.NotifyLine(2, "one"));
        Assert.Equal(1, sheep[2].CountOf("leave 0 "));
        Assert.Equal(1, sheep[2].CountOf("leave 1 "));
    }

    /// <summary>O7: one cluster, and one accept each.</summary>
    [NeedyFact]
    [Check("A6", "F-6", "F-13")]
    public void All_that_start_at_once_are_one_cluster()
    {
        var all = Enumerable.Range(0, Many).ToArray();
        var sheep = all.Select(x => Start(x).Join()).ToArray();
        foreach (var one in sheep)
            one.WaitForMembers(all);
        AssertSameSequence(sheep);
        Assert.Equal(Many, sheep.Max(x => x.CountOf("accept ")));
    }

    [NeedyFact]
    [Check("A7", "F-11", "F-16")]
    public void The_oldest_is_killed_again_and_again()
    {
        var sheep = Joined(4);
        for (var i = 0; i < 3; i++)
        {
            sheep[i].Kill();
            foreach (var one in sheep.Skip(i + 1))
                one.WaitForMembers([.. Enumerable.Range(i + 1, 3 - i)]);
        }

        Assert.All([0, 1, 2], x => Assert.Equal(1, sheep[3].CountOf($"leave {x} ")));
        var fifth = Start(4).Join();
        fifth.WaitForMembers(3, 4);
        sheep[3].WaitForMembers(3, 4);
        Assert.EndsWith("[3 4]", fifth.Log[0], StringComparison.Ordinal);
        AssertSameSequence(sheep[3], fifth);
    }

    /// <summary>Join, stop and crash in any order; the seed is in the message.</summary>
    [NeedyFact]
    [Check("A4", "A7", "A8")]
    public void Sheep_come_and_go_in_any_order()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var alive = new SortedDictionary<int, TestSheep> { [0] = Joined(1)[0] };
        for (var i = 0; i < 3 * Many; i++)
        {
            var identity = random.Next(Many);
            if (!alive.TryGetValue(identity, out var sheep))
                alive[identity] = Start(identity).Join();
            else if (alive.Count > 1)
                End(sheep, random.Next(2) == 0);
            if (random.Next(3) == 0)
                alive.Values.First().Notify($"{i}");
        }

        // All are in before anybody says the last: an old sheep may know the same members from
        // before one of them died and came again.
        foreach (var one in alive.Values)
            one.WaitForMembers([.. alive.Keys]);
        foreach (var one in alive.Values)
            one.Notify("last");

        foreach (var one in alive.Values)
            one.WaitFor(lines => alive.Keys.All(x => lines.Contains(TestSheep.NotifyLine(x, "last"))), "the last "
                + $"messages; seed {seed}");
        AssertSameSequence([.. alive.Values]);

        void End(TestSheep sheep, bool isOrderly)
        {
            if (!alive.Remove(sheep.Identity))
                return;
            // One that is not in yet cannot leave.
            if (isOrderly && sheep.CountOf($"accept {sheep.Identity} ") > 0)
                sheep.Stop();
            else
                sheep.Kill();
        }
    }

    [NeedyFact]
    [Check("F-7")]
    public void Messages_of_every_size_come_in_order_also_while_turns_wait()
    {
        var sheep = Joined(3);
        foreach (var one in sheep)
            one.Block();
        string[] texts = [.. ((int[])[0, 1, 4, 95, 1_400, 10_000, 131_072]).Select(x => new string('x', x))];
        foreach (var text in texts)
        {
            foreach (var one in sheep)
                one.Notify(text);
        }

        foreach (var one in sheep)
            one.WaitForCount("notify ", 3 * texts.Length);
        AssertSameSequence(sheep);
        Assert.All([0, 1, 2], x => Assert.Equal(
            texts.Select(text => TestSheep.NotifyLine(x, text)),
            sheep[0].Log.Where(y => y.StartsWith($"notify {x} ", StringComparison.Ordinal))));
    }

    /// <summary>All nodes at once.</summary>
    [NeedyFact]
    [Check("F-21")]
    public void Turns_come_to_one_at_a_time()
    {
        const int Turns = 5;
        var count = Math.Min(Many, 6);
        var sheep = Joined(count);
        var (running, overlaps) = (0, 0);
        foreach (var one in sheep)
        {
            one.Turn = () =>
            {
                if (Interlocked.Increment(ref running) != 1)
                    Interlocked.Increment(ref overlaps);
                Interlocked.Decrement(ref running);
                one.Unblock("over");
            };
        }

        for (var i = 0; i < Turns; i++)
        {
            foreach (var one in sheep)
                one.Block();
        }

        foreach (var one in sheep)
            one.WaitForCount("notify ", Turns * count);
        Assert.Equal(0, overlaps);
        AssertSameSequence(sheep);
    }

    [NeedyFact]
    [Check("A2", "F-1")]
    public void A_sheep_that_dies_with_many_turns_waiting_holds_up_nobody()
    {
        var sheep = Joined(3);
        for (var i = 0; i < 10; i++)
            sheep[1].Block();
        sheep[1].Notify("asked");
        sheep[0].WaitForLine(TestSheep.NotifyLine(1, "asked"));
        sheep[2].Turn = () => sheep[2].Unblock("done");
        sheep[2].Block();
        sheep[1].Kill();
        sheep[0].WaitForLine(TestSheep.NotifyLine(2, "done"));
    }

    /// <summary>O9.</summary>
    [NeedyFact]
    [Check("A10", "F-21")]
    public void A_joiner_amid_a_turn_gets_its_message_and_mistakes_no_later_one()
    {
        var sheep = Joined(2);
        using var hasTurn = new ManualResetEventSlim();
        sheep[0].Turn = hasTurn.Set;
        sheep[0].Block();
        hasTurn.Wait();
        sheep[1].Turn = () => sheep[1].Unblock("second");
        sheep[1].Block();
        sheep[1].Notify("asked");
        sheep[0].WaitForLine(TestSheep.NotifyLine(1, "asked"));
        var joiner = Start(2).Join();
        joiner.WaitForMembers(0, 1, 2);
        joiner.Turn = () => joiner.Unblock("third");
        joiner.Block();
        sheep[0].Unblock("first");
        foreach (var one in (TestSheep[])[.. sheep, joiner])
            one.WaitForLine(TestSheep.NotifyLine(2, "third"));
        Assert.Equal(
            [TestSheep.NotifyLine(0, "first"), TestSheep.NotifyLine(1, "second"), TestSheep.NotifyLine(2, "third")],
            joiner.Log[^3..]);
        AssertSameSequence([.. sheep, joiner]);
    }

    /// <summary>Two sheep, eight threads each; and the death of a holder.</summary>
    [NeedyFact]
    [Check("A12", "F-10", "F-32")]
    public void A_lock_has_one_holder_and_goes_on_when_that_dies()
    {
        var sheep = Joined(2);
        var (holders, overlaps) = (0, 0);
        var threads = sheep.SelectMany(x => Enumerable.Range(0, 8).Select(_ => x)).Select(one => new Thread(() =>
        {
            for (var i = 0; i < 3; i++)
            {
                one.Lock(42);
                if (Interlocked.Increment(ref holders) != 1)
                    Interlocked.Increment(ref overlaps);
                Interlocked.Decrement(ref holders);
                one.Unlock(42);
            }
        })).ToList();
        threads.ForEach(x => x.Start());
        threads.ForEach(x => x.Join());
        Assert.Equal(0, overlaps);

        sheep[0].Lock(7);
        var next = new Thread(() => sheep[1].Lock(7));
        next.Start();
        sheep[0].Kill();
        next.Join();
        Assert.True(sheep[1].Unlock(7));
        Assert.False(sheep[1].Unlock(7));
    }

    [NeedyFact]
    [Check("A11", "F-9")]
    public void Updates_reach_everybody_and_those_of_one_that_left_nobody()
    {
        var sheep = Joined(2);
        sheep[1].Update(5);
        sheep[0].WaitForLine("update 1 5");
        sheep[1].Leave();
        sheep[1].Update(6);
        sheep[1].Notify("gateway");
        foreach (var one in sheep)
            one.WaitForLine(TestSheep.NotifyLine(1, "gateway"));
        AssertSameSequence(sheep);
        Assert.Equal(0, sheep[0].CountOf("update 1 6"));
        // It hears on, and has a voice.
        Start(2).Join().WaitForMembers(0, 2);
        sheep[1].WaitForMembers(0, 2);
        // Of each time it was in it is told once that it left; on a host that stands still it may
        // have been parted before.
        var own = sheep[0].Log.Select(x => x[..Math.Min(x.Length, "accept 1".Length)])
            .Where(x => x is "accept 1" or "leave 1 ");
        Assert.All(own.Index(), x => Assert.Equal(x.Index % 2 == 0 ? "accept 1" : "leave 1 ", x.Item));
        Assert.Equal("leave 1 ", own.Last());
    }

    [NeedyFact]
    [Check("A8", "F-17")]
    public void The_same_node_is_back_at_once_behind_an_orderly_end() => CheckReturn(isOrderly: true);

    [NeedyFact]
    [Check("A8", "F-17")]
    public void The_same_node_is_back_at_once_behind_a_kill() => CheckReturn(isOrderly: false);

    private void CheckReturn(bool isOrderly)
    {
        var sheep = Joined(2);
        if (isOrderly)
            sheep[1].Stop();
        else
            sheep[1].Kill();
        var again = Start(1).Join();
        again.WaitForMembers(0, 1);
        sheep[0].WaitForCount("accept 1 ", 2);
        Assert.Equal(1, sheep[0].CountOf("leave 1 "));
        AssertSameSequence(sheep[0], again);
    }

    /// <summary>A joiner is killed at moments that lie closer together the earlier they are.</summary>
    [NeedyFact]
    [Check("A4", "F-14", "F-24")]
    public void A_joiner_that_is_killed_at_any_moment_leaves_nothing_behind()
    {
        var sheep = Joined(2);
        int[] milliseconds = [0, 2, 5, 10, 20, 40, 80, 160];
        foreach (var (index, delay) in milliseconds.Index())
        {
            var joiner = Start(3 + index).Join();
            // Not waiting for anything: to be in the middle of something.
            Thread.Sleep(delay);
            joiner.Kill();
        }

        var last = Start(2).Join();
        foreach (var one in (TestSheep[])[.. sheep, last])
            one.WaitForMembers(0, 1, 2);
        Assert.All(milliseconds.Index(),
            x => Assert.Equal(sheep[0].CountOf($"accept {3 + x.Index} "), sheep[0].CountOf($"leave {3 + x.Index} ")));
        AssertSameSequence([.. sheep, last]);
    }

    [NeedyFact]
    [Check("A5", "F-15")]
    public void A_join_is_answered_though_the_oldest_dies_meanwhile()
    {
        var sheep = Joined(3);
        var joiner = Start(3).Join();
        sheep[0].Kill();
        foreach (var one in (TestSheep[])[sheep[1], sheep[2], joiner])
            one.WaitForMembers(1, 2, 3);
        AssertSameSequence(sheep[1], sheep[2], joiner);
    }

    /// <summary>The events that all are told alike are the same, each from its own accept on (O1, O2).</summary>
    public static void AssertSameSequence(params TestSheep[] sheep)
    {
        var logs = sheep.Select(x => x.Log).ToArray();
        var longest = logs.MaxBy(x => x.Length)!;
        foreach (var log in logs)
            Assert.True(longest.TakeLast(log.Length).SequenceEqual(log),
                string.Join("\n\n", sheep.Select(x => $"{x.Identity}:\n{string.Join('\n', x.Lines)}")));
    }

    /// <summary>A sheep that has not joined yet.</summary>
    protected abstract TestSheep Make(int identity);

    /// <inheritdoc cref="Make"/>
    protected TestSheep Start(int identity)
    {
        var sheep = Make(identity);
        _all.Add(sheep);
        sheep.Flock = _all;
        return sheep;
    }

    /// <summary>So many sheep, from number 0, that came in one after the other.</summary>
    protected TestSheep[] Joined(int count)
    {
        var sheep = new List<TestSheep>();
        for (var i = 0; i < count; i++)
        {
            sheep.Add(Start(i).Join());
            foreach (var one in sheep)
                one.WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        return [.. sheep];
    }

    protected virtual void Dispose(bool disposing)
    {
        foreach (var sheep in _all)
            sheep.Dispose();
    }
}
