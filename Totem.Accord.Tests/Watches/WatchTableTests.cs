using Totem.Accord.Watches;
using Totem.Accord.Wire;
using Totem.Simulation.Model;

namespace Totem.Accord.Tests.Watches;

public sealed class WatchTableTests
{
    private const EventKinds All = (EventKinds)0xFF;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_watches_of_a_path_are_those_that_a_walk_over_all_finds(ulong seed)
    {
        var random = new SimulationRandom(seed);
        var table = new WatchTable<string>();
        var model = new List<(string Client, uint Id, EventKinds Mask, string Path)>();
        for (var i = 0; i < 5_000; i++)
        {
            var client = "c" + random.Below(4);
            var dice = random.Below(10);
            if (dice < 4)
            {
                var mask = (EventKinds)random.Below(16) | (random.Chance(0.5) ? EventKinds.Prefix : 0);
                var path = Draw(random);
                Assert.True(table.TryAdd(client, (uint)i % 50, mask, TestRequest.Path(path)));
                model.Add((client, (uint)i % 50, mask, path));
            }
            else if (dice < 9)
            {
                var id = (uint)random.Below(50);
                var at = model.FindLastIndex(x => x.Client == client && x.Id == id);
                Assert.Equal(at >= 0, table.Remove(client, id));
                if (at >= 0)
                    model.RemoveAt(at);
            }
            else if (random.Chance(0.1))
            {
                table.RemoveAll(client);
                model.RemoveAll(x => x.Client == client);
            }

            Assert.Equal(model.Count, table.Count);
            var changed = Draw(random);
            var kind = (EventKinds)(1 << random.Below(4));
            var expected = model.Where(x => (x.Mask & kind) != 0
                && (x.Mask.HasFlag(EventKinds.Prefix) ? changed.StartsWith(x.Path, StringComparison.Ordinal)
                    : changed == x.Path)).Reverse().Select(x => (x.Client, x.Id));
            Assert.Equal(expected, table.Find(TestRequest.Path(changed), kind).Select(x => (x.Client, x.Id)));
        }
    }

    [Fact]
    public void A_client_has_so_many_watches_and_no_more()
    {
        var table = new WatchTable<string>();
        for (var i = 0u; i < AccordLimits.WatchesPerClientMax; i++)
            Assert.True(table.TryAdd("a", i, All, TestRequest.Path("/x")));
        Assert.False(table.TryAdd("a", 1_000_000, All, TestRequest.Path("/x")));
        Assert.True(table.TryAdd("b", 1, All, TestRequest.Path("/x")));
        table.RemoveAll("a");
        Assert.True(table.TryAdd("a", 1, All, TestRequest.Path("/x")));
        Assert.Equal(2, table.Count);
    }

    private static string Draw(SimulationRandom random) =>
        string.Concat(Enumerable.Range(0, random.Below(5)).Select(_ => random.Pick<string>(["/", "a", "b", "abab"])));
}
