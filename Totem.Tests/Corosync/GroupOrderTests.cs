using Xunit;
using Xunit.Sdk;

namespace Totem.Tests.Corosync;

/// <summary>The comparison of logs refuses those that break the rules. No process runs here.</summary>
public sealed class GroupOrderTests
{
    private static readonly GroupMember A = new(1, 10);
    private static readonly GroupMember B = new(2, 20);
    private static readonly GroupMember C = new(3, 30);

    [Fact]
    public async Task Equal_logs_pass_also_when_one_began_later()
    {
        await using var first = new ForgedClient(
            A, Joined([A], A), Message(A, 1), Joined([A, B], B), Message(B, 1), Message(A, 2));
        await using var second = new ForgedClient(B, Joined([A, B], B), Message(B, 1), Message(A, 2));
        GroupOrder.AssertSame(first, second);
        GroupOrder.AssertNothingLostNorTwice(first);
        GroupOrder.AssertNothingLostNorTwice(second);
        GroupOrder.AssertHasAll(first, A, 2);
    }

    [Fact]
    public async Task Another_order_of_messages_is_refused()
        => await Refuse([Message(A, 1), Message(B, 1)], [Message(B, 1), Message(A, 1)]);

    [Fact]
    public async Task A_message_on_the_other_side_of_a_change_is_refused()
    {
        var change = Joined([A, B, C], C);
        await Refuse([Message(A, 1), change], [change, Message(A, 1)]);
    }

    [Fact]
    public async Task A_message_that_one_was_not_told_is_refused()
        => await Refuse([Message(A, 1), Message(A, 2)], [Message(A, 1)]);

    [Theory]
    [InlineData(2u, 3u)]
    [InlineData(1u, 3u)]
    [InlineData(1u, 1u)]
    public async Task Lost_and_doubled_messages_are_refused(uint first, uint second)
    {
        await using var client = new ForgedClient(A, Joined([A], A), Message(A, first), Message(A, second));
        Assert.ThrowsAny<XunitException>(() => GroupOrder.AssertNothingLostNorTwice(client));
        Assert.ThrowsAny<XunitException>(() => GroupOrder.AssertHasAll(client, A, 2));
    }

    [Fact]
    public async Task Damaged_messages_are_refused()
    {
        await using var client = new ForgedClient(A, Joined([A], A), Message(A, 1) with { IsIntact = false });
        Assert.ThrowsAny<XunitException>(() => GroupOrder.AssertNothingLostNorTwice(client));
    }

    [Fact]
    public async Task Messages_too_short_for_their_number_get_it_from_the_next_of_their_sender()
    {
        await using var client = new ForgedClient(
            B, Joined([A, B], B), Message(A, 0), Message(B, 1), Message(A, 0), Message(A, 7));
        Assert.Equal([5u, 1u, 6u, 7u], client.Log.Events.OfType<GroupMessage>().Select(x => x.Number));
        Assert.Equal(4, client.Log.MessageCount);
    }

    private static async Task Refuse(GroupEvent[] first, GroupEvent[] second)
    {
        var begin = Joined([A, B], A, B);
        await using var one = new ForgedClient(A, [begin, .. first]);
        await using var other = new ForgedClient(B, [begin, .. second]);
        Assert.ThrowsAny<XunitException>(() => GroupOrder.AssertSame(one, other));
    }

    private static GroupMessage Message(GroupMember sender, uint number) => new(sender, number, 100, IsIntact: true);

    private static GroupChange Joined(GroupMember[] members, params GroupMember[] joined) =>
        new(members, [], [.. joined.Select(x => (x, 1))]);

    /// <summary>A client whose log is written by hand.</summary>
    private sealed class ForgedClient : IGroupClient
    {
        public ForgedClient(GroupMember self, params ReadOnlySpan<GroupEvent> events)
        {
            Self = self;
            foreach (var happened in events)
                Log.Append(happened);
        }

        public GroupMember Self { get; }

        public GroupLog Log { get; } = new("forged");

        public Task JoinAsync(string group) => Task.CompletedTask;

        public Task LeaveAsync() => Task.CompletedTask;

        public void Send(int count, int perSecond = 0)
        {
        }

        public Task<uint> StopSendingAsync() => Task.FromResult(0u);

        public Task<uint> SentAsync() => Task.FromResult(0u);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
