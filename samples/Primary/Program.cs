// One member of a group does the work. When it ends, however it ends, the next one does.
// Start it in several terminals: dotnet run --project samples/Primary
// Then end the one that works, by Ctrl-C or kill -9.
using Totem;

await using var node = await TotemNode.StartAsync(TotemNodeOptions.Loopback());
await using var group = await node.JoinAsync("primary");
await foreach (var e in group.ReadEventsAsync())
{
    if (e.Change is not { } change)
        continue;

    // Every member is told the same memberships in the same order, so all choose the same one.
    var primary = change.Members[0];
    Console.WriteLine(primary == group.Self ? $"{primary} works: it is this process" : $"{primary} works");

    // In a cut network there would be one on each side. A program that must not have that asks for a majority here:
    // if (change.Members.Count <= configured / 2) no member of this side works.
}
