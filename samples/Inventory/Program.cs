// A table that is the same at every member: each applies the same messages in the same order.
// dotnet run --project samples/Inventory -- apples 3 2      sets apples to 3, and ends when the table has 2 entries
// dotnet run --project samples/Inventory -- pears 5 2       the same in another terminal
using System.Text.Json;
using Totem;

var (key, value, count) = (args[0], args[1], int.Parse(args[2]));
await using var node = await TotemNode.StartAsync(TotemNodeOptions.Loopback());
await using var group = await node.JoinAsync("inventory");
await SendAsync(new Message(Set: [key, value]));

var table = new SortedDictionary<string, string>(StringComparer.Ordinal);
var sinceChange = new List<string[]>();
await foreach (var e in group.ReadEventsAsync())
{
    if (e.Change is { Joined.Count: > 0 } change)
    {
        // Somebody came who knows nothing of the table as it is now. One of those who were there says it.
        sinceChange.Clear();
        var before = change.Members.Except(change.Joined.Select(x => x.Member)).ToArray();
        if (before.Length > 0 && before.Min() == group.Self)
            await SendAsync(new Message(Table: new(table)));
    }
    else if (e.IsMessage)
    {
        Apply(JsonSerializer.Deserialize<Message>(e.Payload.Span)!);
        Console.WriteLine(string.Join(", ", table.Select(x => $"{x.Key}={x.Value}")));
        if (table.Count == count)
            break;
    }
}

async Task SendAsync(Message message) => await group.MulticastAsync(JsonSerializer.SerializeToUtf8Bytes(message));

void Apply(Message message)
{
    if (message.Set is { } set)
    {
        sinceChange.Add(set);
        table[set[0]] = set[1];
    }
    else if (message.Table is { } known)
    {
        // It is the table of the last change. Entries set since then come on top, here as everywhere.
        table.Clear();
        foreach (var (k, v) in known)
            table[k] = v;
        foreach (var later in sinceChange)
            table[later[0]] = later[1];
    }
}

/// <summary>Sets one entry, or says the whole table.</summary>
internal sealed record Message(string[]? Set = null, Dictionary<string, string>? Table = null);
