// A node, a message, and one stream of what all are told.
// Start it in two terminals of one host: dotnet run --project samples/Hello
using System.Text;
using Totem;

await using var node = await TotemNode.StartAsync(TotemNodeOptions.Loopback());

// A message reaches those who are there: wait for company.
await node.WaitForMembersAsync(2);
await node.MulticastAsync(Encoding.UTF8.GetBytes($"hello from {node.Id}"));

var greeted = new HashSet<ProcessorId>();
await foreach (var e in node.ReadEventsAsync())
{
    if (e.Change is { } change)
    {
        Console.WriteLine($"{change.Configuration}: {change.Cause}");
        continue;
    }

    // Both print the greetings in the same order, their own too.
    Console.WriteLine($"{e.Sender}: {Encoding.UTF8.GetString(e.Payload.Span)}");
    if (greeted.Add(e.Sender) && greeted.Count == 2)
        break;
}

// The node leaves here, and only after the others have what it sent.
