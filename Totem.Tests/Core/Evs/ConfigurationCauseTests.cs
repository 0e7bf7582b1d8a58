namespace Totem.Tests.Core.Evs;

public sealed class ConfigurationCauseTests
{
    [Theory]
    [InlineData(GatherReason.TokenLost, new[] { 3 }, 2, 1.02, new int[0], new[] { 3 }, "token lost between 2 and 3 "
        + "after 1.02 s; node 3 left")]
    [InlineData(GatherReason.TokenLost, new int[0], 0, 1.0, new int[0], new int[0], "token lost after 1.00 s")]
    [InlineData(
        GatherReason.JoinReceived, new[] { 4 }, 0, 0, new[] { 4 }, new int[0], "called by node 4; node 4 joined")]
    [InlineData(GatherReason.MemberLeft, new[] { 3 }, 0, 0, new int[0], new[] { 3 }, "node 3 left")]
    [InlineData(GatherReason.MemberLeft, new[] { 3 }, 0, 0, new int[0], new[] { 2, 3 }, "node 3 left; nodes 2, 3 left")]
    [InlineData(GatherReason.MemberUnreachable, new[] { 3 }, 0, 0, new int[0], new[] { 3 }, "nobody listens at node 3 "
        + "any more")]
    [InlineData(GatherReason.MemberFailedToReceive, new[] { 3 }, 0, 4.5, new int[0], new[] { 3 }, "node 3 failed to "
        + "receive for 4.50 s; node 3 left")]
    [InlineData(GatherReason.MergeDetected, new[] { 4 }, 0, 0, new[] { 4, 5 }, new int[0], "heard node 4 on another "
        + "ring; nodes 4, 5 joined")]
    [InlineData(GatherReason.StoodStill, new[] { 3 }, 0, 5, new int[0], new[] { 1, 2 }, "this process stood still for "
        + "5.00 s; nodes 1, 2 left")]
    [InlineData(GatherReason.Started, new int[0], 0, 0, new[] { 1 }, new int[0], "started; node 1 joined")]
    public void A_cause_reads_like_a_sentence(
        GatherReason reason, int[] suspects, int lastHolder, double seconds, int[] joined, int[] left,
        string expected) =>
        Assert.Equal(expected, new ConfigurationCause(
            reason, Ids(suspects), new ProcessorId((uint)lastHolder), TimeSpan.FromSeconds(seconds), Ids(joined),
            Ids(left)).ToString());

    [Fact]
    public void Every_reason_has_words_of_its_own()
    {
        var texts = Enum.GetValues<GatherReason>().Select(x => new ConfigurationCause(
            x, Ids([3]), default, TimeSpan.FromSeconds(1), ProcessorSet.Empty, ProcessorSet.Empty).ToString()).ToList();
        Assert.All(texts, x => Assert.NotEmpty(x));
        // Two kinds of frames are one thing to people.
        Assert.Equal(texts.Count - 1, texts.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void A_configuration_names_its_ring_and_a_transitional_one_the_ring_it_ends()
    {
        var ring = new RingId(new(1), 13);
        var old = new RingId(new(1), 9);
        Assert.Equal("regular 1.13 {1, 2, 3}", new Configuration(ConfigurationKind.Regular, ring, old, Ids([1, 2, 3]))
            .ToString());
        Assert.Equal("transitional 1.9→1.13 {1, 2}",
            new Configuration(ConfigurationKind.Transitional, ring, old, Ids([1, 2])).ToString());
    }

    private static ProcessorSet Ids(int[] ids) => ProcessorSet.Of([.. ids.Select(x => new ProcessorId((uint)x))]);
}
