using Totem.Accord.Store;
using Totem.Simulation.Model;

namespace Totem.Accord.Tests.Store;

public sealed class StoreTreeTests
{
    [Theory]
    [InlineData(1, 50)]
    [InlineData(2, 3_000)]
    [InlineData(3, 3_000)]
    public void The_tree_is_a_sorted_map_and_snapshots_stay_as_they_were(ulong seed, int keys)
    {
        var random = new SimulationRandom(seed);
        var tree = new StoreTree();
        var model = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var snapshots = new List<(StoreSnapshot Snapshot, KeyValuePair<string, string>[] Entries)>();
        for (var i = 0; i < 30_000; i++)
        {
            var key = random.Below(keys).ToString("x4");
            // It grows, then shrinks to nothing, so that nodes are split and joined.
            if (random.Chance(i < 12_000 ? 0.7 : i < 15_000 ? 0.5 : 0.1))
            {
                var old = tree.Set(Bytes(key), StoredValue.Of(Bytes(i.ToString())));
                Assert.Equal(model.TryGetValue(key, out var before), old is not null);
                if (old is not null)
                    Assert.Equal(before, Text(old.ToArray()));
                model[key] = i.ToString();
            }
            else
            {
                Assert.Equal(model.Remove(key), tree.Remove(Bytes(key)) is not null);
            }

            Assert.Equal(model.Count, tree.Count);
            if (i % 1_000 == 0)
                snapshots.Add((tree.TakeSnapshot(), model.ToArray()));
            if (i % 100 == 0)
                AssertFrom(tree, model, random.Below(keys).ToString("x4"));
        }

        Assert.Equal(model, Entries(tree.From([])));
        Assert.All(snapshots, x => Assert.Equal(x.Entries, Entries(x.Snapshot.All())));
        Assert.Contains(snapshots, x => x.Entries.Length > 20);
        foreach (var key in model.Keys.ToArray())
            Assert.NotNull(tree.Remove(Bytes(key)));
        Assert.Empty(Entries(tree.From([])));
    }

    [Fact]
    public void Paths_in_order_fill_the_tree_too()
    {
        var tree = new StoreTree();
        for (var i = 0; i < 20_000; i++)
            tree.Set(Bytes(i.ToString("x8")), StoredValue.Empty);
        Assert.Equal(Enumerable.Range(0, 20_000).Select(x => x.ToString("x8")),
            Entries(tree.From([])).Select(x => x.Key), StringComparer.Ordinal);
    }

    private static void AssertFrom(StoreTree tree, SortedDictionary<string, string> model, string from)
    {
        var expected = model.Keys.Where(x => string.CompareOrdinal(x, from) >= 0).Take(3);
        Assert.Equal(expected, Entries(tree.From(Bytes(from))).Take(3).Select(x => x.Key), StringComparer.Ordinal);
    }

    private static IEnumerable<KeyValuePair<string, string>> Entries(TreeCursor cursor)
    {
        while (cursor.MoveNext())
            yield return new(Text(cursor.Key), Text(cursor.Value.ToArray()));
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);

    private static string Text(byte[] bytes) => System.Text.Encoding.ASCII.GetString(bytes);
}
