using FsCheck.Fluent;

namespace Totem.Tests.Core.Model;

/// <summary>The set against <see cref="HashSet{T}"/>, which is slower and simpler.</summary>
public sealed class ProcessorSetTests
{
    [Fact]
    public void A_set_holds_each_processor_once_in_ascending_order() => ModelGen.Holds(ModelGen.ProcessorIds, ids =>
    {
        var set = ProcessorSet.Of(ids);
        var expected = ids.Distinct().Order().ToArray();

        Assert.Equal(expected, set);
        Assert.Equal(expected, set.AsSpan().ToArray());
        Assert.Equal(expected.Length, set.Count);
        Assert.Equal(expected.Length == 0, set.IsEmpty);
        Assert.Equal(expected.FirstOrDefault(), set.Lowest);
        Assert.Equal($"{{{string.Join(", ", expected)}}}", set.ToString());
    });

    [Fact]
    public void A_rank_is_the_place_in_the_order() => ModelGen.Holds(Gen.Two(ModelGen.ProcessorSet), sets =>
    {
        var (set, others) = sets;
        for (var i = 0; i < set.Count; i++)
            Assert.Equal(i, set.IndexOf(set[i]));
        foreach (var id in others)
        {
            Assert.Equal(set.AsSpan().ToArray().Contains(id), set.Contains(id));
            Assert.Equal(set.Contains(id), set.IndexOf(id) >= 0);
        }
    });

    [Fact]
    public void Algebra_agrees_with_hash_sets() => ModelGen.Holds(Gen.Two(ModelGen.ProcessorSet), sets =>
    {
        var (a, b) = sets;
        if (a.Concat(b).Distinct().Count() <= ProcessorSet.MaxCount)
            AssertSame(a.ToHashSet().Union(b), a.Union(b));
        AssertSame(a.ToHashSet().Intersect(b), a.Intersect(b));
        AssertSame(a.ToHashSet().Except(b), a.Except(b));
        Assert.Equal(a.ToHashSet().IsSubsetOf(b), a.IsSubsetOf(b));
        Assert.Equal(a.ToHashSet().SetEquals(b), a == b);
        Assert.Equal(a != b, !a.Equals(b));
        Assert.True(a.Intersect(b).IsSubsetOf(a));
        Assert.Equal(a, a.Except(b).Union(a.Intersect(b)));
    });

    [Fact]
    public void One_more_and_one_less_agree_with_hash_sets() => ModelGen.Holds(
        from set in ModelGen.ProcessorSet
        from stranger in ModelGen.ProcessorId
        from id in set.IsEmpty ? Gen.Constant(stranger) : Gen.OneOf(Gen.Constant(stranger), Gen.Elements(set.ToArray()))
        select (set, id),
        x =>
        {
            var (set, id) = x;
            if (set.Count < ProcessorSet.MaxCount)
                AssertSame(set.Append(id), set.With(id));
            AssertSame(set.Where(y => y != id), set.Without(id));
        });

    [Fact]
    public void Equal_sets_have_equal_hashes_whatever_made_them() => ModelGen.Holds(ModelGen.ProcessorIds, ids =>
    {
        var forward = ProcessorSet.Of(ids);
        var backward = ProcessorSet.Of([.. ids.Reverse(), .. ids.Take(1)]);

        Assert.True(forward == backward);
        Assert.Equal(forward.GetHashCode(), backward.GetHashCode());
    });

    [Fact]
    public void The_ring_order_goes_round_once() => ModelGen.Holds(ModelGen.NonEmptyProcessorSet, set =>
    {
        var way = new List<ProcessorId>();
        var at = set.Lowest;
        do
        {
            way.Add(at);
            Assert.Equal(at, set.PredecessorOf(set.SuccessorOf(at)));
            at = set.SuccessorOf(at);
        }
        while (at != set.Lowest && way.Count <= set.Count);

        Assert.Equal(set, way);
    });

    [Fact]
    public void A_stranger_has_neighbours_too() => ModelGen.Holds(
        from set in ModelGen.NonEmptyProcessorSet
        from stranger in ModelGen.ProcessorId
        select (set, stranger),
        x =>
        {
            var (set, stranger) = x;
            var higher = set.Where(y => y.CompareTo(stranger) > 0).ToArray();
            var lower = set.Where(y => y.CompareTo(stranger) < 0).ToArray();
            Assert.Equal(higher.Length > 0 ? higher[0] : set.Lowest, set.SuccessorOf(stranger));
            Assert.Equal(lower.Length > 0 ? lower[^1] : set[set.Count - 1], set.PredecessorOf(stranger));
        });

    [Fact]
    public void A_set_has_a_limit_and_reaches_it()
    {
        var ids = Enumerable.Range(1, ProcessorSet.MaxCount + 1).Select(x => new ProcessorId((uint)x)).ToArray();
        var full = ProcessorSet.Of(ids.AsSpan(1));

        Assert.Equal(128, full.Count);
        Assert.Throws<ArgumentException>(() => ProcessorSet.Of(ids));
        Assert.Throws<ArgumentException>(() => full.With(ids[0]));
        Assert.Throws<ArgumentException>(() => full.Union(ProcessorSet.Of(ids[0])));
        Assert.Same(full, full.With(ids[5]));
    }

    [Fact]
    public void Nobody_is_in_no_set()
    {
        Assert.Throws<ArgumentException>(() => ProcessorSet.Of(new ProcessorId(1), ProcessorId.None));
        Assert.False(ProcessorSet.Of(new ProcessorId(1)).Contains(ProcessorId.None));
        Assert.True(ProcessorSet.Empty.Lowest.IsNone);
    }

    private static void AssertSame(IEnumerable<ProcessorId> expected, ProcessorSet actual) =>
        Assert.Equal(expected.Distinct().Order(), actual);
}
