using System.Globalization;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The faults of sheep's C driver for ZooKeeper, by their numbers, and what its tools rely on.</summary>
public sealed class ZooKeeperFaultTests(SingleServer servers) : ZooKeeperTest(servers), IClassFixture<SingleServer>
{
    private const int Never = 60_000;

    /// <summary>Nobody hears of it for ever.</summary>
    [ZooKeeperFact]
    [Check("A4", "F-14", "F-24")]
    public async Task A_joiner_that_dies_behind_its_request_is_no_ghost()
    {
        var first = Begin(0);
        first.WaitForMembers(0);
        using var tool = await ToolAsync();
        using (var joiner = await ToolAsync())
            await ArriveAsync(joiner, 9);
        var second = Begin(1);
        second.WaitForMembers(0, 1);
        first.WaitForMembers(0, 1);
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Positions)).Length == 2, "the marks of two");
        Assert.Equal(first.CountOf("accept 9 "), first.CountOf("leave 9 "));
    }

    /// <summary>O8.</summary>
    [ZooKeeperFact]
    [Check("A4", "F-20")]
    public async Task A_joiner_that_says_nothing_more_holds_up_nobody()
    {
        var first = Begin(0);
        first.WaitForMembers(0);
        using var joiner = await ToolAsync();
        await ArriveAsync(joiner, 9);
        var second = Begin(1);
        second.WaitForMembers(0, 1, 9);
        second.Do(x => x.Notify([1]));
        first.WaitForLine("notify 1 1 1");
    }

    /// <summary>While the member that must answer does not, the others wait for a watch and read
    /// nothing twice.</summary>
    [ZooKeeperFact]
    [Check("A5", "F-15")]
    public async Task A_join_that_nobody_answers_is_read_once()
    {
        var sheep = Joined(3);
        using var release = new ManualResetEventSlim();
        sheep[0].Do(_ => release.Wait());
        var fourth = Begin(3);
        using var tool = await ToolAsync();
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Positions)).Length == 4, "the joiner's mark");
        await WaitUntilAsync(
            async () => ReaderOf(sheep[1]).Position == (await tool.ReadAsync(tool.Paths.Queue)).Stat.CreatedCount,
            "its request read");
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

    [ZooKeeperFact]
    [Check("A7", "F-16")]
    public async Task A_death_makes_one_entry_however_many_see_it()
    {
        var sheep = Joined(6);
        var dead = new[] { 1, 2, 4 }.Select(x => sheep[x]).ToArray();
        foreach (var one in dead)
            one.Kill();
        foreach (var one in new[] { 0, 3, 5 })
            sheep[one].WaitForMembers(0, 3, 5);
        using var tool = await ToolAsync();
        var gone = (await tool.EntriesAsync()).Where(x => x.Kind == LogEntryKind.Gone).Select(x => x.Peer).ToArray();
        Assert.Equal(3, gone.Distinct().Count());
        Assert.Equal(3, gone.Length);
        Assert.Equal(3, sheep[0].CountOf("leave "));
    }

    /// <summary>Long before the servers would end the old session.</summary>
    [ZooKeeperFact]
    [Check("A8", "F-17")]
    public void The_same_node_is_back_before_its_old_session_expires()
    {
        var sheep = Joined(2, Never);
        var (first, second) = (sheep[0], sheep[1]);
        second.Kill();
        var again = Begin(1, Never);
        again.WaitForMembers(0, 1);
        first.WaitForCount("accept 1 ", 2);
        Assert.Equal(1, first.CountOf("leave 1 "));
    }

    /// <summary>A process is killed when its arrival is on its way, and a slow server handles that
    /// after its successor has arrived.</summary>
    [ZooKeeperFact]
    [Check("A8", "F-17")]
    public async Task An_arrival_that_is_handled_late_does_not_end_the_successor()
    {
        var sheep = Joined(2, Never);
        sheep[1].Kill();
        using var late = await ToolAsync();
        var name = NodeString.Of(DriverSheep.Node(1));
        var (_, member) = await late.ReadAsync(late.Paths.Member(name));
        var writes = ArrivalOf(late, 1).WritesInPlaceOf(ZooKeeperPaths.PeerOf(member.EphemeralOwner));

        var successor = Begin(1, Never);
        successor.WaitForMembers(0, 1);
        var (code, _) = await late.Client.WriteAsync(writes);
        Assert.Equal(ZooKeeperCode.NoNode, code);
        successor.Notify("here");
        sheep[0].WaitForLine(TestSheep.NotifyLine(1, "here"));
        Assert.Equal(0, successor.CountOf("failed"));
    }

    /// <summary>All of a cluster are killed, and come back.</summary>
    [ZooKeeperFact]
    [Check("F-17")]
    public void A_whole_cluster_is_back_before_its_old_sessions_expire()
    {
        var before = new[] { Begin(0, Never), Begin(1, Never) };
        before[0].WaitForMembers(0, 1);
        Array.ForEach(before, x => x.Kill());
        var after = new[] { Begin(0, Never), Begin(1, Never) };
        foreach (var one in after)
            one.WaitForMembers(0, 1);
    }

    /// <summary>While the server sleeps, whatever sheep asks for returns, and comes when it is awake.</summary>
    [ZooKeeperFact]
    [Check("A9", "F-18")]
    public void Nothing_waits_for_a_server()
    {
        var first = Begin(0, Never);
        var second = Begin(1, Never);
        second.WaitForMembers(0, 1);
        using var returned = new ManualResetEventSlim();
        Servers.Servers[0].Pause();
        try
        {
            second.Do(x =>
            {
                Assert.Equal(ClusterResult.Success, x.Notify([5]));
                Assert.Equal(ClusterResult.Success, x.UpdateNode(DriverSheep.Node(1, 3)));
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

    /// <summary>Entries that all have read are removed, without any tool.</summary>
    [ZooKeeperFact]
    [Check("A13", "F-19")]
    public async Task Ten_thousand_events_leave_few_znodes()
    {
        const int Count = 10_000;
        var sheep = Joined(2);
        foreach (var one in sheep)
            one.Do(x => Repeat(Count / 2, () => Assert.Equal(ClusterResult.Success, x.Notify([1]))));
        foreach (var one in sheep)
            one.WaitForCount("notify ", Count); // The first has one line more that is none: it was told of two joins.
        Assert.Equal(sheep[1].Log[^Count..], sheep[0].Log[^Count..]);
        using var tool = await ToolAsync();
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Queue)).Length < 600, "few entries left");
        // And nothing else is left lying.
        Assert.Empty(await tool.ListAsync(tool.Paths.Handovers));
        Assert.Equal(2, (await tool.ListAsync(tool.Paths.Positions)).Length);
    }

    /// <summary>The log is kept for whoever has not read it.</summary>
    [ZooKeeperFact]
    [Check("A13", "F-28")]
    public async Task No_entry_is_removed_before_all_have_read_it()
    {
        const int Count = 2000;
        var sheep = Joined(3, Never);
        ProxyOf(sheep[2]).Pause();
        sheep[0].Do(x => Repeat(Count, () => x.Notify([1])));
        sheep[1].WaitForCount("notify ", Count);
        using var tool = await ToolAsync();
        Assert.InRange((await tool.ListAsync(tool.Paths.Queue)).Length, Count, Count + 100);
        ProxyOf(sheep[2]).Continue();
        sheep[2].WaitForCount("notify ", Count);
        sheep[0].Do(x => Repeat(600, () => x.Notify([2])));
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Queue)).Length < 1000, "entries removed");
    }

    /// <summary>It is kept for nobody for ever, not even for the one that cleans up.</summary>
    [ZooKeeperTheory]
    [InlineData(0), InlineData(1)]
    [Check("A14", "F-29")]
    public async Task A_session_that_is_too_far_behind_is_taken_out_and_comes_back(int victim)
    {
        var limits =
            new ZooKeeperLimits { BehindEntriesMax = 500, PublishEntries = 50, Housekeeping = TimeSpan.FromSeconds(1) };
        var sheep = Joined(2, Never, limits);
        var (slow, other) = (sheep[victim], sheep[1 - victim]);
        ProxyOf(slow).Pause();
        other.Do(x => Repeat(1500, () => x.Notify([1])));
        other.WaitForCount($"leave {victim} ", 1);
        using var tool = await ToolAsync();
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Queue)).Length < 600, "entries removed");
        ProxyOf(slow).Continue();
        slow.WaitForCount("reconnect", 1);
        other.WaitForMembers(0, 1);
        slow.WaitForCount($"accept {victim} by {1 - victim} ", 1);
    }

    /// <summary>Connections end at any place, also with answers on their way; every message comes
    /// once and in order.</summary>
    [ZooKeeperFact]
    [Check("F-22")]
    public async Task Messages_come_once_and_in_order_over_lost_connections()
    {
        const int Rounds = 12;
        const int Each = 60;
        var sheep = Joined(2, Never);
        var proxy = ProxyOf(sheep[1]);
        for (var round = 0; round < Rounds; round++)
        {
            var first = round * Each;
            var connections = proxy.ConnectionCount;
            for (var i = first; i < first + Each; i++)
                sheep[1].Notify($"{i}");
            sheep[0].WaitForCount("notify ", (round * 7) + 1);
            proxy.DropsAnswers = round % 2 == 0;
            proxy.Disconnect();
            proxy.DropsAnswers = false;
            await WaitUntilAsync(() => Task.FromResult(proxy.ConnectionCount > connections), "a new connection");
        }

        sheep[1].Notify("last");
        var expected = Enumerable.Range(0, Rounds * Each).Select(x => $"{x}").Append("last")
            .Select(x => TestSheep.NotifyLine(1, x)).ToArray();
        foreach (var one in sheep)
        {
            one.WaitForLine(expected[^1]);
            Assert.Equal(expected, one.Log.Where(x => x.StartsWith("notify", StringComparison.Ordinal)));
            Assert.DoesNotContain("reconnect", one.Lines);
        }
    }

    /// <summary>068: the session is ended from outside, twice, also that of the oldest.</summary>
    [ZooKeeperTheory]
    [InlineData(0), InlineData(1)]
    [Check("A12", "A16", "F-23")]
    public async Task A_node_whose_session_is_taken_over_joins_afresh(int victim)
    {
        var sheep = Joined(2, Never);
        using var tool = await ToolAsync();
        for (var round = 1; round <= 2; round++)
        {
            sheep[victim].Driver.Lock(3);
            await tool.EndSessionAsync(MemberOf(tool, victim));
            sheep[victim].WaitForCount("reconnect", round);
            sheep[1 - victim].WaitForCount($"accept {victim} by {1 - victim} ", round + (victim == 1 ? 1 : 0));
            sheep[victim].WaitForMembers(0, 1);
            Assert.False(sheep[victim].Driver.Unlock(3), "a lock does not survive the session");
        }

        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Positions)).Length == 2, "the marks of two");
    }

    [ZooKeeperFact]
    [Check("A16")]
    public async Task The_member_znode_is_as_tools_know_it_and_to_delete_it_means_to_leave()
    {
        var sheep = Joined(2, Never);
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

    [ZooKeeperFact]
    [Check("F-26")]
    public async Task The_password_of_a_session_is_kept_when_the_option_says_so()
    {
        var first = Begin(0, Never, option: ",publish-session=no");
        first.WaitForMembers(0);
        using var tool = await ToolAsync();
        var (credentials, stat) = await tool.ReadAsync(MemberOf(tool, 0));
        Assert.Equal(stat.EphemeralOwner, BitConverter.ToInt64(credentials));
        Assert.Equal(new byte[16], credentials[8..]);
    }

    /// <summary>Of two processes that are one node the older one is told, once and for all.</summary>
    [ZooKeeperFact]
    [Check("A8")]
    public void A_second_process_as_the_same_node_ends_the_first()
    {
        var first = Begin(0, Never);
        var second = Begin(1, Never);
        second.WaitForMembers(0, 1);
        var other = Begin(1, Never);
        other.WaitForMembers(0, 1);
        second.WaitForLine("failed another process has joined as this node");
        first.WaitForMembers(0, 1);
        Assert.DoesNotContain("reconnect", second.Lines);
    }

    /// <summary>A state too long for all goes to the joiner alone, also in pieces, and is not left lying.</summary>
    [ZooKeeperFact]
    [Check("A6", "F-19")]
    public async Task A_long_state_is_handed_to_the_joiner_alone()
    {
        var limits = new ZooKeeperLimits { InlineBytesMax = 0, ChunkBytesMax = 50 };
        var sheep = new List<DriverSheep>();
        for (var i = 0; i < 4; i++)
        {
            sheep.Add(Begin(i, Never, limits));
            foreach (var one in sheep)
                one.WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        using var tool = await ToolAsync();
        var handed = (await tool.EntriesAsync()).Where(x => x.Kind == LogEntryKind.Handed).ToArray();
        Assert.Equal(4, handed.Length);
        Assert.InRange(handed[^1].ChunkCount, 5, 20);
        Assert.InRange(handed[^1].Message.Length, 1, 60);
        await WaitUntilAsync(
            async () => (await tool.ListAsync(tool.Paths.Handovers)).Length == 0, "nothing left for joiners");
    }

    /// <summary>One watch each for the end of the log, and one for one other session.</summary>
    [ZooKeeperFact]
    public void A_node_watches_one_other_however_many_there_are()
    {
        var before = Watches();
        Joined(8);
        // A session that was the last until the next one came left a watch on the one before it.
        Assert.InRange(Watches() - before, 1, 8 * 5);
    }

    private long Watches() => Servers.Servers[0].Measure("zk_watch_count");

    private static void Repeat(int count, Action action)
    {
        for (; count > 0; count--)
            action();
    }

    private static string MemberOf(ZooKeeperTool tool, int identity) =>
        tool.Paths.Member(NodeString.Of(DriverSheep.Node(identity)));

    private static async Task ArriveAsync(ZooKeeperTool joiner, int identity)
    {
        var (code, _) = await joiner.Client.WriteAsync(ArrivalOf(joiner, identity).Writes());
        Assert.Equal(ZooKeeperCode.Ok, code);
    }

    private static SessionArrival ArrivalOf(ZooKeeperTool joiner, int identity)
    {
        var node = DriverSheep.Node(identity);
        var opaque = Opaque.Of(new byte[DriverSheep.OpaqueLength]);
        var request = new ClusterMessage(ClusterMessageKind.Join) { Attempt = 1, Node = node, Opaque = opaque };
        return new SessionArrival(joiner.Paths, joiner.Self, NodeString.Of(node))
        {
            Request = request.Encode(),
            Credentials = new byte[24],
            LogEnd = 0,
        };
    }
}
