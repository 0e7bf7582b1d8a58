namespace Totem.Tests.Corosync;

/// <summary>Messages from several clients of a group at once.</summary>
internal static class GroupTraffic
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(240);

    /// <summary>Every client sends that many, as fast as they are taken, and is told those of all.</summary>
    public static async Task SendAsync(IReadOnlyList<IGroupClient> clients, int count)
    {
        foreach (var client in clients)
            client.Send(count);
        await DeliveredAsync(clients, clients);
    }

    /// <summary>These senders end, and these receivers are told all of their messages.</summary>
    public static async Task StopAsync(IReadOnlyList<IGroupClient> senders, IReadOnlyList<IGroupClient> receivers)
    {
        var sent = new List<(GroupMember, uint)>();
        foreach (var sender in senders)
            sent.Add((sender.Self, await sender.StopSendingAsync()));
        await GroupOrder.DeliveredAsync(receivers, sent, Limit);
    }

    /// <summary>Each of these is told so many messages more.</summary>
    public static async Task DeliverAsync(IReadOnlyList<IGroupClient> clients, int more)
    {
        // All goals first: what one is told while another is waited for counts.
        var goals = clients.Select(x => x.Log.Reports.Read(() => x.Log.MessageCount) + more).ToArray();
        await Task.WhenAll(clients.Select((x, i) => x.Log.Reports.WaitAsync(
            () => x.Log.MessageCount >= goals[i], $"{more} more messages", Limit)));
    }

    private static async Task DeliveredAsync(IReadOnlyList<IGroupClient> senders, IReadOnlyList<IGroupClient> receivers)
    {
        var sent = new List<(GroupMember, uint)>();
        foreach (var sender in senders)
            sent.Add((sender.Self, await sender.SentAsync()));
        await GroupOrder.DeliveredAsync(receivers, sent, Limit);
    }
}
