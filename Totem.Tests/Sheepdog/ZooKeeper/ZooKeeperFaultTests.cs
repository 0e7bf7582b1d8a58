using System.Globalization;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The faults of sheep's C driver for ZooKeeper, by their numbers, and what its tools rely on.</summary>
public sealed class ZooKeeperFaultTests(SingleServer servers) : ZooKeeperTest(servers), IClassFixture<SingleServer>
{
    private const int Never = 60_000;

    /// <summary>F-14, F-24, A4: nobody hears of it for ever.</summary>
    [Fact]
    public async Task A_joiner_that_dies_behind_its_request_is_no_ghost()
    {
        var first = Start(0).Join();
        first.WaitForMembers(0);
        using var tool = await ToolAsync();
        using (var joiner = await ToolAsync())
            await ArriveAsync(joiner, 9);
        var second = Start(1).Join();
        second.WaitForMembers(0, 1);
        first.WaitForMembers(0, 1);
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Positions)).Length == 2, "the marks of two");
        Assert.Equal(first.Log.Count(x => x.StartsWith("accept 9", StringComparison.Ordinal)), first.Log.Count(x => x.StartsWith("leave 9", StringComparison.Ordinal)));
    }

    /// <summary>F-20, O8.</summary>
    [Fact]
    public async Task A_joiner_that_says_nothing_more_holds_up_nobody()
    {
        var first = Start(0).Join();
        first.WaitForMembers(0);
        using var joiner = await ToolAsync();
        await ArriveAsync(joiner, 9);
        var second = Start(1).Join();
        second.WaitForMembers(0, 1, 9);
        second.Do(x => x.Notify([1]));
        first.WaitForLine("notify 1 1 1");
    }

    /// <summary>F-15, A5: while the member that must answer does not, the others wait for a watch and read nothing twice.</summary>
    [Fact]
    public async Task A_join_that_nobody_answers_is_read_once()
    {
        var sheep = Joined(3);
        using var release = new ManualResetEventSlim();
        sheep[0].Do(_ => release.Wait());
        var fourth = Start(3).Join();
        using var tool = await ToolAsync();
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Positions)).Length == 4, "the joiner's mark");
        await WaitUntilAsync(async () => ReaderOf(sheep[1]).Position == (await tool.ReadAsync(tool.Paths.Queue)).Stat.CreatedCount, "its request read");
        // The time it does not answer is the fault.
        await Task.Delay(500);
        release.Set();
        fourth.WaitForMembers(0, 1, 2, 3);
        sheep[1].WaitForMembers(0, 1, 2, 3);
        var entries = await tool.EntriesAsync();
        var bytes = entries.Sum(x => (long)x.Encode().Length);
        Assert.All([1, 2, 3], x => Assert.InRange(ReaderOf(x == 3 ? fourth : sheep[x]).BytesRead, 1, bytes));
        Assert.InRange(ReaderOf(sheep[1]).RequestCount, 1, 4 * entries.Length);
    }

    /// <summary>F-16, A7.</summary>
    [Fact]
    public async Task A_death_makes_one_entry_however_many_see_it()
    {
        var sheep = Joined(6);
        var dead = new[] { 1, 2, 4 }.Select(x => sheep[x]).ToArray();
        foreach (var one in dead)
            Kill(one);
        foreach (var one in new[] { 0, 3, 5 })
            sheep[one].WaitForMembers(0, 3, 5);
        using var tool = await ToolAsync();
        var gone = (await tool.EntriesAsync()).Where(x => x.Kind == LogEntryKind.Gone).Select(x => x.Peer).ToArray();
        Assert.Equal(3, gone.Distinct().Count());
        Assert.Equal(3, gone.Length);
        Assert.Equal(3, sheep[0].Log.Count(x => x.StartsWith("leave", StringComparison.Ordinal)));
    }

    /// <summary>F-17, A8: long before the servers would end the old session.</summary>
    [Fact]
    public void The_same_node_is_back_before_its_old_session_expires()
    {
        var first = Start(0, Never).Join();
        var second = Start(1, Never).Join();
        first.WaitForMembers(0, 1);
        Kill(second);
        var again = Start(1, Never).Join();
        again.WaitForMembers(0, 1);
        first.WaitFor(x => x.Log.Count(y => y.StartsWith("accept 1", StringComparison.Ordinal)) == 2, "its second accept");
        Assert.Single(first.Log, x => x.StartsWith("leave 1", StringComparison.Ordinal));
    }

    /// <summary>F-17: all of a cluster are killed, and come back.</summary>
    [Fact]
    public void A_whole_cluster_is_back_before_its_old_sessions_expire()
    {
        var before = new[] { Start(0, Never).Join(), Start(1, Never).Join() };
        before[0].WaitForMembers(0, 1);
        Array.ForEach(before, Kill);
        var after = new[] { Start(0, Never).Join(), Start(1, Never).Join() };
        foreach (var one in after)
            one.WaitForMembers(0, 1);
    }

    /// <summary>F-18, A9: while the server sleeps, whatever sheep asks for returns, and comes when it is awake.</summary>
    [Fact]
    public void Nothing_waits_for_a_server()
    {
        var first = Start(0, Never).Join();
        var second = Start(1, Never).Join();
        second.WaitForMembers(0, 1);
        using var returned = new ManualResetEventSlim();
        Servers.Servers[0].Pause();
        try
        {
            second.Do(x =>
            {
                Assert.Equal(ClusterResult.Success, x.Notify([5]));
                Assert.Equal(ClusterResult.Success, x.UpdateNode(TestSheep.Node(1, 3)));
                Assert.Equal(ClusterResult.Success, x.Block());
                Span<byte> address = stackalloc byte[16];
                x.GetLocalAddress(address);
                Assert.True(address.ContainsAnyExcept((byte)0));
                returned.Set();
            });
            Assert.True(returned.Wait(Limit), "the operations wait for the server");
        }
        finally
        {
            Servers.Servers[0].Continue();
        }

        first.WaitForLine("notify 1 1 5");
        first.WaitForLine("update 1 3");
    }

    /// <summary>F-19, A13: what all have read is removed, without any tool.</summary>
    [Fact]
    public async Task Ten_thousand_events_leave_few_znodes()
    {
        const int Count = 10_000;
        var sheep = new[] { Start(0).Join(), Start(1).Join() };
        sheep[1].WaitForMembers(0, 1);
        sheep[0].WaitForMembers(0, 1);
        foreach (var one in sheep)
            one.Do(x => Repeat(Count / 2, () => Assert.Equal(ClusterResult.Success, x.Notify([1]))));
        foreach (var one in sheep)
            one.WaitFor(x => x.Log.Length >= Count + 1, "all events");
        Assert.Equal(sheep[1].Log[^Count..], sheep[0].Log[^Count..]);
        using var tool = await ToolAsync();
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Queue)).Length < 600, "few entries left");
        // And nothing else is left lying.
        Assert.Empty(await tool.ListAsync(tool.Paths.Handovers));
        Assert.Equal(2, (await tool.ListAsync(tool.Paths.Positions)).Length);
    }

    /// <summary>F-28: the log is kept for whoever has not read it.</summary>
    [Fact]
    public async Task No_entry_is_removed_before_all_have_read_it()
    {
        const int Count = 2000;
        var sheep = new[] { Start(0, Never).Join(), Start(1, Never).Join(), Start(2, Never).Join() };
        foreach (var one in sheep)
            one.WaitForMembers(0, 1, 2);
        ProxyOf(sheep[2]).Pause();
        sheep[0].Do(x => Repeat(Count, () => x.Notify([1])));
        sheep[1].WaitFor(x => x.Log.Count(y => y.StartsWith("notify", StringComparison.Ordinal)) == Count, "all messages");
        using var tool = await ToolAsync();
        Assert.InRange((await tool.ListAsync(tool.Paths.Queue)).Length, Count, Count + 100);
        ProxyOf(sheep[2]).Continue();
        sheep[2].WaitFor(x => x.Log.Count(y => y.StartsWith("notify", StringComparison.Ordinal)) == Count, "all messages, late");
        sheep[0].Do(x => Repeat(600, () => x.Notify([2])));
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Queue)).Length < 1000, "entries removed");
    }

    /// <summary>A14: it is kept for nobody for ever.</summary>
    [Fact]
    public async Task Who_is_too_far_behind_is_taken_out_and_comes_back()
    {
        var limits = new ZooKeeperLimits { BehindEntriesMax = 500, PublishEntries = 50, Housekeeping = TimeSpan.FromSeconds(1) };
        var sheep = new[] { Start(0, Never, limits).Join(), Start(1, Never, limits).Join() };
        foreach (var one in sheep)
            one.WaitForMembers(0, 1);
        ProxyOf(sheep[1]).Pause();
        sheep[0].Do(x => Repeat(1500, () => x.Notify([1])));
        sheep[0].WaitForLine("leave 1 [0]");
        using var tool = await ToolAsync();
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Queue)).Length < 600, "entries removed");
        ProxyOf(sheep[1]).Continue();
        sheep[1].WaitForLine("reconnect");
        sheep[0].WaitForMembers(0, 1);
        sheep[1].WaitFor(x => x.Log[^1].StartsWith("accept 1 by 0", StringComparison.Ordinal), "its second accept");
    }

    /// <summary>F-22: connections end at any place, also with answers on their way; every message comes once and in order.</summary>
    [Fact]
    public async Task Messages_come_once_and_in_order_over_lost_connections()
    {
        const int Rounds = 12;
        const int Each = 60;
        var sheep = new[] { Start(0, Never).Join(), Start(1, Never).Join() };
        foreach (var one in sheep)
            one.WaitForMembers(0, 1);
        var proxy = ProxyOf(sheep[1]);
        for (var round = 0; round < Rounds; round++)
        {
            var first = round * Each;
            var connections = proxy.ConnectionCount;
            sheep[1].Do(x =>
            {
                for (var i = first; i < first + Each; i++)
                    Assert.Equal(ClusterResult.Success, x.Notify(BitConverter.GetBytes(i)));
            });
            sheep[0].WaitFor(x => x.Log.Length > (round * 7) + 2, "some of them");
            proxy.DropsAnswers = round % 2 == 0;
            if (proxy.DropsAnswers)
                sheep[0].WaitFor(x => x.Log.Count(y => y.StartsWith("notify", StringComparison.Ordinal)) > 0, "more of them");
            proxy.Disconnect();
            proxy.DropsAnswers = false;
            await WaitUntilAsync(() => Task.FromResult(proxy.ConnectionCount > connections), "a new connection");
        }

        foreach (var one in sheep)
            one.WaitFor(x => x.Log.Count(y => y.StartsWith("notify", StringComparison.Ordinal)) >= Rounds * Each, "all messages");
        sheep[1].Do(x => x.Notify([9]));
        sheep[0].WaitForLine("notify 1 1 9");
        var expected = Enumerable.Range(0, Rounds * Each).Select(x => $"notify 1 4 {Sum(BitConverter.GetBytes(x))}").Append("notify 1 1 9");
        Assert.Equal(expected, sheep[0].Log.Where(x => x.StartsWith("notify", StringComparison.Ordinal)));
        Assert.All(sheep, x => Assert.DoesNotContain("reconnect", x.Log));
    }

    /// <summary>F-23, A12, 068: the session is ended from outside, twice, also that of the oldest.</summary>
    [Theory]
    [InlineData(0), InlineData(1)]
    public async Task A_node_whose_session_is_taken_over_joins_afresh(int victim)
    {
        var sheep = new[] { Start(0, Never).Join(), Start(1, Never).Join() };
        foreach (var one in sheep)
            one.WaitForMembers(0, 1);
        using var tool = await ToolAsync();
        for (var round = 1; round <= 2; round++)
        {
            sheep[victim].Driver.Lock(3);
            var (credentials, _) = await tool.ReadAsync(MemberOf(tool, victim));
            tool.EndSession(credentials);
            sheep[victim].WaitFor(x => x.Log.Count(y => y == "reconnect") == round, "the loss of its session");
            sheep[1 - victim].WaitFor(
                x => x.Log.Count(y => y.StartsWith($"accept {victim} by {1 - victim} ", StringComparison.Ordinal)) == round + (victim == 1 ? 1 : 0), "its return");
            sheep[victim].WaitForMembers(0, 1);
            Assert.False(sheep[victim].Driver.Unlock(3), "a lock does not survive the session");
        }

        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Positions)).Length == 2, "the marks of two");
    }

    /// <summary>A16.</summary>
    [Fact]
    public async Task The_member_znode_is_as_tools_know_it_and_to_delete_it_means_to_leave()
    {
        var sheep = new[] { Start(0, Never).Join(), Start(1, Never).Join() };
        foreach (var one in sheep)
            one.WaitForMembers(0, 1);
        using var tool = await ToolAsync();
        Assert.Equal(["00", "01"], (await tool.ListAsync(tool.Paths.Members)).Order(StringComparer.Ordinal));
        var (credentials, stat) = await tool.ReadAsync(MemberOf(tool, 1));
        Assert.Equal(24, credentials.Length);
        Assert.Equal(stat.EphemeralOwner, BitConverter.ToInt64(credentials));
        Assert.NotEqual(0, stat.EphemeralOwner);

        await tool.DeleteAsync(MemberOf(tool, 1));
        sheep[0].WaitForLine("leave 1 [0]");
        sheep[1].WaitForLine("reconnect");
        sheep[0].WaitForMembers(0, 1);
    }

    /// <summary>F-26.</summary>
    [Fact]
    public async Task The_password_of_a_session_is_kept_when_the_option_says_so()
    {
        var first = Start(0, Never, option: ",publish-session=no").Join();
        first.WaitForMembers(0);
        using var tool = await ToolAsync();
        var (credentials, stat) = await tool.ReadAsync(MemberOf(tool, 0));
        Assert.Equal(stat.EphemeralOwner, BitConverter.ToInt64(credentials));
        Assert.Equal(new byte[16], credentials[8..]);
    }

    /// <summary>A8: of two processes that are one node the older one is told, once and for all.</summary>
    [Fact]
    public void A_second_process_as_the_same_node_ends_the_first()
    {
        var first = Start(0, Never).Join();
        var second = Start(1, Never).Join();
        second.WaitForMembers(0, 1);
        var other = Start(1, Never).Join();
        other.WaitForMembers(0, 1);
        second.WaitForLine("failed another process has joined as this node");
        first.WaitForMembers(0, 1);
        Assert.DoesNotContain("reconnect", second.Log);
    }

    /// <summary>A6: a state too long for all goes to the joiner alone, also in pieces, and is not left lying.</summary>
    [Fact]
    public async Task A_long_state_is_handed_to_the_joiner_alone()
    {
        var limits = new ZooKeeperLimits { InlineBytesMax = 0, ChunkBytesMax = 50 };
        var sheep = new List<TestSheep>();
        for (var i = 0; i < 4; i++)
        {
            sheep.Add(Start(i, Never, limits).Join());
            foreach (var one in sheep)
                one.WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        using var tool = await ToolAsync();
        var handed = (await tool.EntriesAsync()).Where(x => x.Kind == LogEntryKind.Handed).ToArray();
        Assert.Equal(4, handed.Length);
        Assert.InRange(handed[^1].ChunkCount, 5, 20);
        Assert.InRange(handed[^1].Message.Length, 1, 60);
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Handovers)).Length == 0, "nothing left for joiners");
    }

    /// <summary>One watch each for the end of the log, and one for one other session.</summary>
    [Fact]
    public void A_node_watches_one_other_however_many_there_are()
    {
        var before = Watches();
        Joined(8);
        // Who was the last until the next one came left a watch on the one before it.
        Assert.InRange(Watches() - before, 1, 8 * 3);
    }

    private long Watches() => Servers.Servers[0].Measure("zk_watch_count");

    private static int Sum(byte[] bytes) => bytes.Aggregate(0, (sum, one) => unchecked((sum * 31) + one));

    private static void Repeat(int count, Action action)
    {
        for (; count > 0; count--)
            action();
    }

    private static string MemberOf(ZooKeeperTool tool, int identity) => tool.Paths.Member(NodeString.Of(TestSheep.Node(identity)));

    private static async Task ArriveAsync(ZooKeeperTool joiner, int identity)
    {
        var node = TestSheep.Node(identity);
        var request = new ClusterMessage(ClusterMessageKind.Join) { Attempt = 1, Node = node, Opaque = Opaque.Of(new byte[TestSheep.OpaqueLength]) };
        var name = NodeString.Of(node);
        var (code, _) = await joiner.Client.WriteAsync(
            ZooKeeperWrite.Create(joiner.Paths.Position(joiner.Self), new SessionMark(0, name).Encode()),
            ZooKeeperWrite.Create(joiner.Paths.NewEntry, new LogEntry(LogEntryKind.Message, joiner.Self, request.Encode()).Encode(), ZooKeeperMode.PersistentSequential),
            ZooKeeperWrite.Create(joiner.Paths.Member(name), new byte[24], ZooKeeperMode.Ephemeral));
        Assert.Equal(ZooKeeperCode.Ok, code);
    }
}
