using Totem.Sheepdog;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>What every driver must do, whatever carries it. A driver's tests derive from this and say how to make and to kill one.</summary>
public abstract class DriverConformance : IDisposable
{
    private readonly List<TestSheep> _all = [];

    /// <summary>Nodes of the larger tests.</summary>
    protected virtual int Many => 8;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A1, A7, F-3, F-16.</summary>
    [Fact]
    public void Sheep_that_leave_in_order_leave_the_others_running_to_the_last_one()
    {
        var sheep = Joined(3);
        Leave(sheep[0]);
        sheep[1].WaitForMembers(1, 2);
        sheep[1].Do(x => x.Notify([1]));
        sheep[2].WaitForLine("notify 1 1 1");
        Leave(sheep[1]);
        sheep[2].WaitForMembers(2);
        sheep[2].Do(x => x.Notify([2]));
        sheep[2].WaitForLine("notify 2 1 2");
        Assert.Single(sheep[2].Log, x => x.StartsWith("leave 0", StringComparison.Ordinal));
        Assert.Single(sheep[2].Log, x => x.StartsWith("leave 1", StringComparison.Ordinal));
    }

    /// <summary>O7, A6: one cluster, one accept each.</summary>
    [Fact]
    public void All_that_start_at_once_are_one_cluster()
    {
        var sheep = Enumerable.Range(0, Many).Select(x => Start(x).Join()).ToArray();
        foreach (var one in sheep)
            one.WaitForMembers([.. Enumerable.Range(0, Many)]);
        AssertSameSequence(sheep);
        Assert.Equal(Many, sheep.Max(x => x.Log.Count(y => y.StartsWith("accept", StringComparison.Ordinal))));
    }

    /// <summary>Master death, down to one of two.</summary>
    [Fact]
    public void The_oldest_is_killed_again_and_again()
    {
        var sheep = Joined(4);
        for (var i = 0; i < 3; i++)
        {
            Abandon(sheep[i]);
            foreach (var one in sheep.Skip(i + 1))
                one.WaitForMembers([.. Enumerable.Range(i + 1, 3 - i)]);
        }

        var fifth = Start(4).Join();
        fifth.WaitForMembers(3, 4);
        Assert.Equal("accept 4 by 3 [3 4]", fifth.Log[0]);
        AssertSameSequence(sheep[3], fifth);
    }

    [Fact]
    public void Messages_of_every_size_come_in_order_also_while_turns_wait()
    {
        var sheep = Joined(3);
        foreach (var one in sheep)
            one.Do(x => x.Block());
        int[] sizes = [0, 1, 4, 95, 1_400, 10_000, 131_072];
        foreach (var size in sizes)
        {
            foreach (var one in sheep)
                one.Do(x => Assert.Equal(ClusterResult.Success, x.Notify(new byte[size])));
        }

        foreach (var one in sheep)
            one.WaitFor(x => x.Log.Count(y => y.StartsWith("notify", StringComparison.Ordinal)) == 3 * sizes.Length, "all messages");
        AssertSameSequence(sheep);
        Assert.All([0, 1, 2], x => Assert.Equal(
            sizes.Select(size => $"notify {x} {size} 0"), sheep[0].Log.Where(y => y.StartsWith($"notify {x} ", StringComparison.Ordinal))));
        sheep[0].Do(x => Assert.Throws<ArgumentException>(() => x.Notify(new byte[131_073])));
    }

    [Fact]
    public void Turns_come_to_one_at_a_time()
    {
        var sheep = Joined(3);
        var (running, overlaps) = (0, 0);
        foreach (var one in sheep)
        {
            one.Turn = () =>
            {
                if (Interlocked.Increment(ref running) != 1)
                    Interlocked.Increment(ref overlaps);
                one.Do(x =>
                {
                    Interlocked.Decrement(ref running);
                    Assert.Equal(ClusterResult.Success, x.Unblock([7]));
                });
                return true;
            };
            for (var i = 0; i < 10; i++)
                one.Do(x => Assert.Equal(ClusterResult.Success, x.Block()));
        }

        foreach (var one in sheep)
            one.WaitFor(x => x.Log.Count(y => y.StartsWith("notify", StringComparison.Ordinal)) == 30, "30 turns");
        Assert.Equal(0, overlaps);
        AssertSameSequence(sheep);
    }

    /// <summary>A2, F-1.</summary>
    [Fact]
    public void A_sheep_that_dies_with_many_turns_waiting_holds_up_nobody()
    {
        var sheep = Joined(3);
        for (var i = 0; i < 10; i++)
            sheep[1].Do(x => x.Block());
        sheep[1].Do(x => x.Notify([1]));
        sheep[0].WaitForLine("notify 1 1 1");
        sheep[2].Turn = () =>
        {
            sheep[2].Do(x => x.Unblock([9]));
            return true;
        };
        sheep[2].Do(x => x.Block());
        Abandon(sheep[1]);
        sheep[0].WaitForLine("notify 2 1 9");
    }

    /// <summary>A12, F-10, F-32.</summary>
    [Fact]
    public void A_lock_has_one_holder_and_goes_on_when_that_dies()
    {
        var sheep = Joined(2);
        var (holders, overlaps) = (0, 0);
        var threads = sheep.SelectMany(x => Enumerable.Range(0, 8).Select(_ => x)).Select(one => new Thread(() =>
        {
            for (var i = 0; i < 3; i++)
            {
                one.Driver.Lock(42);
                if (Interlocked.Increment(ref holders) != 1)
                    Interlocked.Increment(ref overlaps);
                Interlocked.Decrement(ref holders);
                one.Driver.Unlock(42);
            }
        })).ToList();
        threads.ForEach(x => x.Start());
        threads.ForEach(x => x.Join());
        Assert.Equal(0, overlaps);

        sheep[0].Driver.Lock(7);
        var next = new Thread(() => sheep[1].Driver.Lock(7));
        next.Start();
        Abandon(sheep[0]);
        next.Join();
        Assert.True(sheep[1].Driver.Unlock(7));
        Assert.False(sheep[1].Driver.Unlock(7));
    }

    /// <summary>A11, F-9.</summary>
    [Fact]
    public void Updates_reach_everybody_and_those_of_one_that_left_nobody()
    {
        var sheep = Joined(2);
        sheep[1].Do(x => x.UpdateNode(TestSheep.Node(1, 5)));
        sheep[0].WaitForLine("update 1 5");
        sheep[1].Do(x =>
        {
            x.Leave();
            x.UpdateNode(TestSheep.Node(1, 6));
            x.Notify([3]);
        });
        foreach (var one in sheep)
            one.WaitForLine("notify 1 1 3");
        AssertSameSequence(sheep);
        Assert.DoesNotContain("update 1 6", sheep[0].Log);
    }

    /// <summary>A8, F-17.</summary>
    [Theory]
    [InlineData(true), InlineData(false)]
    public void The_same_node_is_back_at_once(bool isOrderly)
    {
        var sheep = Joined(2);
        if (isOrderly)
            Leave(sheep[1]);
        else
            Abandon(sheep[1]);
        var again = Start(1).Join();
        again.WaitForMembers(0, 1);
        sheep[0].WaitFor(x => x.Log.Count(y => y.StartsWith("accept 1", StringComparison.Ordinal)) == 2, "the second accept");
        Assert.Single(sheep[0].Log, x => x.StartsWith("leave 1", StringComparison.Ordinal));
        AssertSameSequence(sheep[0], again);
    }

    /// <summary>A driver that is not connected.</summary>
    protected abstract IClusterDriver Create();

    /// <summary>What its option is, the same for all nodes of a test.</summary>
    protected abstract string? Option { get; }

    /// <summary>Ends it as a kill -9 ends a process: nobody is told.</summary>
    protected abstract void Kill(IClusterDriver driver);

    protected virtual void Dispose(bool disposing)
    {
        foreach (var sheep in _all)
            sheep.Dispose();
    }

    private TestSheep Start(int identity)
    {
        var sheep = new TestSheep(Create(), Option, identity);
        _all.Add(sheep);
        return sheep;
    }

    private TestSheep[] Joined(int count)
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

    private void Abandon(TestSheep sheep)
    {
        // The loop first: it would answer the end of its backend with a new session.
        sheep.Stop();
        Kill(sheep.Driver);
    }

    private static void Leave(TestSheep sheep)
    {
        sheep.Do(x => x.Leave());
        sheep.WaitFor(x => x.Log.Any(y => y.StartsWith($"leave {sheep.Identity} ", StringComparison.Ordinal)), "its own leave");
        sheep.Dispose();
    }

    /// <summary>O1, O2: from its own accept on, each the same.</summary>
    private static void AssertSameSequence(params TestSheep[] sheep)
    {
        var logs = sheep.Select(x => x.Log).ToArray();
        var longest = logs.MaxBy(x => x.Length)!;
        foreach (var log in logs)
            Assert.Equal(longest[^log.Length..], log);
    }
}
