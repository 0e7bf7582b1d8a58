using System.Net;
using Totem.Core.Groups;
using Totem.Transport.Udp.Inquiry;

namespace Totem.Tests.Transport;

/// <summary>The members of groups are read from outside, and the ring does not notice.</summary>
public sealed class GroupInquiryTests : IDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);
    private readonly int _port = Ports.TakeBase();

    private CancellationToken Limit => _limit.Token;

    private TotemNodeOptions Loopback => TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path);

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task Reading_the_groups_of_a_ring_changes_no_membership()
    {
        await using var first = await TotemNode.StartAsync(Loopback, Limit);
        await using var second = await TotemNode.StartAsync(Loopback, Limit);
        var before = await second.WaitForMembersAsync(2, Limit);
        await using var a = await first.JoinAsync("attrd\0", new GroupJoinOptions { Pid = 1 }, Limit);
        await using var b = await second.JoinAsync("attrd\0", new GroupJoinOptions { Pid = 2 }, Limit);
        await using var c = await second.JoinAsync("other", new GroupJoinOptions { Pid = 2 }, Limit);
        Assert.Equal(
            await second.GetGroupsAsync(Limit), (await GroupInquiry.AskAsync(Loopback, Limit))!, new GroupsComparer());
        Assert.Equal(before, second.Installed);
        Assert.Equal(before, first.Installed);
    }

    [Fact]
    public async Task A_list_of_many_pages_is_whole_and_in_order()
    {
        await using var node = await TotemNode.StartAsync(Loopback, Limit);
        var groups = new List<TotemGroup>();
        for (var i = 0; i < 60; i++)
            groups.Add(await node.JoinAsync(new string((char)('a' + (i % 26)), 120) + i,
                new GroupJoinOptions { Pid = (uint)i, Receives = false }, Limit));
        Assert.Equal(
            await node.GetGroupsAsync(Limit), (await GroupInquiry.AskAsync(Loopback, Limit))!, new GroupsComparer());
        foreach (var group in groups)
            await group.DisposeAsync();
    }

    /// <summary>On one host too: each node of the configuration is another address of the loopback.</summary>
    [Fact]
    public async Task A_node_of_the_configuration_that_does_not_run_may_ask()
    {
        UdpPeer[] peers = [.. Enumerable.Range(1, 3).Select(
            x => new UdpPeer(new ProcessorId((uint)x), new IPEndPoint(IPAddress.Parse($"127.0.7.{x}"), _port)))];
        await using var first = await TotemNode.StartAsync(Options(1), Limit);
        await using var second = await TotemNode.StartAsync(Options(2), Limit);
        var before = await first.WaitForMembersAsync(2, Limit);
        await using var group = await first.JoinAsync("g", new GroupJoinOptions { Pid = 4 }, Limit);
        var found = Assert.Single((await GroupInquiry.AskAsync(Options(3), Limit))!);
        Assert.Equal("g", found.Group.ToString());
        Assert.Equal("1/4", Assert.Single(found.Members).ToString());
        Assert.Equal(before, second.Installed);

        TotemNodeOptions Options(uint id) => new()
        {
            Ring = new() { Self = new ProcessorId(id) },
            Transport = new UdpTransportOptions { Kind = UdpTransportKind.Unicast, Peers = peers },
            StateDirectory = _state.Path,
        };
    }

    [Fact]
    public async Task Where_nobody_answers_there_is_no_list() =>
        Assert.Null(await GroupInquiry.AskAsync(Loopback, Limit));

    /// <summary>A program that is not in the configuration learns nothing, and one that asks too much is not served at
    /// once.</summary>
    [Fact]
    public void A_datagram_that_is_no_question_and_no_answer_is_dropped()
    {
        var question = new GroupQuestion(7, 3).ToBytes();
        Assert.True(GroupQuestion.TryRead(question, out var read));
        Assert.Equal(new GroupQuestion(7, 3), read);
        Assert.False(GroupQuestion.TryRead(question.AsSpan(1), out _));
        Assert.False(GroupQuestion.TryRead([.. question, 0], out _));
        Assert.False(GroupQuestion.TryRead([], out _));

        var answer = GroupAnswer.Write(new GroupQuestion(7, 0), true,
            [new GroupRoster(new GroupName("g"), [new GroupMember(new ProcessorId(1), 2)])]);
        Assert.True(GroupAnswer.TryRead(answer, out var whole));
        Assert.Equal("1/2", Assert.Single(whole!.Entries).Member.ToString());
        for (var length = 0; length < answer.Length; length++)
            Assert.False(GroupAnswer.TryRead(answer.AsSpan(0, length), out _));
        Assert.False(GroupAnswer.TryRead([.. answer, 0], out _));
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var broken = answer.ToArray();
            broken[random.Next(broken.Length)] = (byte)random.Next(256);
            _ = GroupAnswer.TryRead(broken, out _);
        }
    }

    private sealed class GroupsComparer : IEqualityComparer<GroupRoster>
    {
        public bool Equals(GroupRoster? x, GroupRoster? y) =>
            x is not null && y is not null && x.Group == y.Group && x.Members.SequenceEqual(y.Members);

        public int GetHashCode(GroupRoster obj) => obj.Group.GetHashCode();
    }
}
