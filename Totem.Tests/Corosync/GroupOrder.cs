using Xunit;

namespace Totem.Tests.Corosync;

/// <summary>The rules that must hold between the logs of a group's clients.</summary>
internal static class GroupOrder
{
    private const int EventsBefore = 5;
    private const int JoinReason = 1; // CPG_REASON_JOIN: the process joined, it is not a node that came back.

    /// <summary>
    /// All were told the same messages and memberships in the same order, each from its own join on; to the end, so
    /// everybody must have been told everything.
    /// </summary>
    public static void AssertSame(params IReadOnlyList<IGroupClient> clients)
    {
        var logs = clients.Select(x => (x.Self, Events: Told(x.Log.Events)))
            .OrderByDescending(x => x.Events.Count).ToList();
        foreach (var (self, events) in logs.Skip(1))
            AssertSame(From(logs[0].Events, self, events.Count), events, $"{logs[0].Self}", $"{self}");
    }

    /// <summary>Two stretches of logs are the same.</summary>
    public static void AssertSame(
        IReadOnlyList<GroupEvent> first, IReadOnlyList<GroupEvent> second, string firstName, string secondName)
    {
        for (var i = 0; i < Math.Max(first.Count, second.Count); i++)
        {
            if (i < first.Count && i < second.Count && Text(first[i]) == Text(second[i]))
                continue;
            var before = string.Join("\n  ", first.Take(i).TakeLast(EventsBefore));
            Assert.Fail($"event {i} differs, after\n  {before}\n{firstName}: {At(first, i)}\n{secondName}: "
                + $"{At(second, i)}");
        }
    }

    /// <summary>
    /// Since the last change to a membership of all of these, they were told the same messages in the same order. A
    /// message that was begun on one side before, and ended on the merged ring, is told to that side only: the others
    /// never heard its beginning, and a daemon then skips what shares a packet with its end as well (rings of
    /// daemons alone do the same). So a sender counts from the first of its messages that everybody was told.
    /// </summary>
    public static void AssertSameSinceMerge(IReadOnlyList<IGroupClient> clients)
    {
        var members = clients.Select(x => x.Self).ToList();
        var merged = clients.Select(x => AfterChangeTo(x, members).OfType<GroupMessage>().ToList()).ToList();
        var begin = members.ToDictionary(
            sender => sender, sender => merged.Max(x => x.Find(message => message.Sender == sender)?.Number ?? 0));
        var common = merged.Select(x => x.Where(message => message.Number >= begin[message.Sender]).ToList()).ToList();
        Assert.NotEmpty(common[0]);
        for (var i = 1; i < common.Count; i++)
            AssertSame(common[0], common[i], $"{members[0]}", $"{members[i]}");
    }

    /// <summary>Each message is whole, and from its join, or the first that is seen of it, a
    /// sender's numbers follow each other.</summary>
    public static void AssertNothingLostNorTwice(IGroupClient client)
    {
        var last = new Dictionary<GroupMember, uint>();
        foreach (var happened in client.Log.Events)
        {
            switch (happened)
            {
                case GroupMessage message:
                    Assert.True(message.IsIntact, $"at {client.Self}: {message}");
                    var known = last.TryGetValue(message.Sender, out var number);
                    Assert.True(!known || message.Number == number + 1, $"at {client.Self}: after number {number} came "
                        + $"{message}");
                    last[message.Sender] = message.Number;
                    break;
                case GroupChange change:
                    foreach (var (member, _) in change.Left)
                        last.Remove(member);
                    foreach (var (member, _) in change.Joined.Where(x => x.Reason == JoinReason))
                        last[member] = 0;
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>A client was told every message of a sender, from the first to the last, once and in order.</summary>
    public static void AssertHasAll(IGroupClient client, GroupMember sender, uint count)
    {
        var numbers = client.Log.Events.OfType<GroupMessage>().Where(x => x.Sender == sender)
            .Select(x => x.Number).ToList();
        Assert.Equal((int)count, numbers.Count);
        for (var i = 0; i < numbers.Count; i++)
            Assert.True(numbers[i] == i + 1, $"at {client.Self}: message {i + 1} of {sender} has number {numbers[i]}");
    }

    /// <summary>The events after the last change to a membership of exactly these.</summary>
    public static IReadOnlyList<GroupEvent> AfterChangeTo(IGroupClient client, params IEnumerable<GroupMember> members)
    {
        var events = Told(client.Log.Events);
        var wanted = members.ToHashSet();
        var at = events.FindLastIndex(x => x is GroupChange change && wanted.SetEquals(change.Members));
        Assert.True(at >= 0, $"{client.Self} was never told of members {{{string.Join(", ", wanted)}}}");
        return events[(at + 1)..];
    }

    /// <summary>Waits until every client was told every message that these senders had taken.</summary>
    public static async Task DeliveredAsync(
        IReadOnlyCollection<IGroupClient> clients, IReadOnlyCollection<(GroupMember Sender, uint Count)> sent,
        TimeSpan limit)
    {
        foreach (var client in clients)
        {
            foreach (var (sender, count) in sent)
            {
                await client.Log.Reports.WaitAsync(
                    () => client.Log.LastNumberOf(sender) >= count, $"message {count} of {sender} at "
                        + $"{client.Self}", limit);
            }
        }
    }

    // Changes of the ring are told to each client at its own join besides.
    private static List<GroupEvent> Told(IEnumerable<GroupEvent> events) =>
        [.. events.Where(x => x is GroupMessage or GroupChange)];

    // Where a client's own log begins in the log of one that was there before it. Two that were
    // told equally much began together.
    private static List<GroupEvent> From(List<GroupEvent> events, GroupMember joiner, int count)
    {
        if (events.Count == count)
            return events;
        var at = events.FindIndex(x => x is GroupChange change && change.Joined.Any(j => j.Member == joiner));
        return at < 0 ? events : events[at..];
    }

    // A record compares lists by reference, and joiners after a merge come in no useful order.
    private static string Text(GroupEvent happened) => happened is GroupChange change
        ? new GroupChange(change.Members, Sorted(change.Left), Sorted(change.Joined)).ToString()
        : happened.ToString();

    private static (GroupMember Member, int Reason)[] Sorted(IReadOnlyList<(GroupMember Member, int Reason)> list)
        => [.. list.OrderBy(x => x.Member.Node).ThenBy(x => x.Member.Pid)];

    private static string At(IReadOnlyList<GroupEvent> events, int i) =>
        i < events.Count ? events[i].ToString() : "(nothing more)";
}
