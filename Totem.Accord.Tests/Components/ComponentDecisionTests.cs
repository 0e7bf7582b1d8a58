using Totem.Accord.Components;

namespace Totem.Accord.Tests.Components;

/// <summary>Which configuration may go on, and with which state.</summary>
public sealed class ComponentDecisionTests
{
    private static readonly RingId Ring = new(new ProcessorId(1), 40);
    private static readonly ComponentId Fifth = new(5, new RingId(new ProcessorId(1), 20));
    private static readonly ComponentId Sixth = new(6, new RingId(new ProcessorId(1), 24));

    private static readonly ConductorId[] Three = [Id(1), Id(2), Id(3)];

    [Fact]
    public void A_majority_of_the_voters_goes_on()
    {
        var decision = Of(Report(1, Fifth, 10), Report(2, Fifth, 10));
        Assert.Equal(ComponentVerdict.Primary, decision.Verdict);
        Assert.Equal((6ul, Ring), (decision.Component.Number, decision.Component.Ring));
        Assert.Equal(10ul, decision.Position);
        Assert.Equal([Id(1), Id(2)], decision.Knowing);
        Assert.Equal(ComponentVerdict.NoMajority, Of(Report(3, Fifth, 10)).Verdict);
        // Others that do not vote are no help.
        Assert.Equal(ComponentVerdict.NoMajority, Of(Report(3, Fifth, 10), Report(4, Fifth, 10)).Verdict);
    }

    [Fact]
    public void Of_two_voters_one_is_no_majority() =>
        Assert.Equal(
            ComponentVerdict.NoMajority,
            Of(Report(1, Fifth, 3) with { Voters = [Id(1), Id(2)], VotersBehindHeld = [Id(1), Id(2)] }).Verdict);

    [Fact]
    public void A_conductor_that_has_lost_its_state_does_not_vote()
    {
        var reborn = Report(2, ComponentId.None, 0) with { Conductor = new ConductorId(new ProcessorId(2), 99) };
        Assert.Equal(ComponentVerdict.NoMajority, Of(Report(1, Fifth, 10), reborn).Verdict);
    }

    [Fact]
    public void The_latest_component_counts_and_the_others_wait_for_its_state()
    {
        var decision = Of(Report(1, Fifth, 900), Report(2, Sixth, 10), Report(3, ComponentId.None, 0));
        Assert.Equal(ComponentVerdict.Primary, decision.Verdict);
        Assert.Equal(7ul, decision.Component.Number);
        Assert.Equal([Id(2)], decision.Knowing);
        Assert.Equal(10ul, decision.Position);
        Assert.Equal(
            ComponentVerdict.NobodyKnows,
            Of(Report(1, Fifth, 900), Report(2, Sixth, 10) with { IsBehind = true }).Verdict);
    }

    [Fact]
    public void A_component_that_one_of_those_who_were_to_know_it_has_not_come_to_was_never_begun()
    {
        var behind = Report(3, Sixth, 0) with { IsBehind = true, Knowing = [Id(1), Id(2)] };
        var decision = Of(Report(1, Fifth, 10), Report(2, Fifth, 10), behind);
        Assert.Equal(ComponentVerdict.Primary, decision.Verdict);
        Assert.Equal((7ul, 10ul), (decision.Component.Number, decision.Position));
        Assert.Equal([Id(1), Id(2)], decision.Knowing);
        // The one that may have begun it is away.
        var other = behind with { Knowing = [Id(4)] };
        Assert.Equal(ComponentVerdict.NobodyKnows, Of(Report(1, Fifth, 10), Report(2, Fifth, 10), other).Verdict);
    }

    [Fact]
    public void Of_two_components_with_one_number_that_of_the_later_ring_counts()
    {
        var later = Sixth with { Ring = new RingId(new ProcessorId(2), 28) };
        Assert.Equal([Id(3)], Of(Report(1, Sixth, 10), Report(3, later, 5)).Knowing);
    }

    [Fact]
    public void A_batch_that_somebody_has_executed_is_executed_by_all()
    {
        var decision = Of(Report(1, Fifth, 12), Report(2, Fifth, 10, 1, 2), Report(3, Fifth, 11, 2));
        Assert.Equal((12ul, 12ul), (decision.GreenCount, decision.Position));
        Assert.Empty(decision.Kept);
        Assert.Equal(Three, decision.Knowing);
    }

    [Fact]
    public void Behind_those_only_a_batch_that_all_have_is_kept()
    {
        var decision = Of(Report(1, Fifth, 10, 1, 2, 3, 4), Report(2, Fifth, 10, 1, 2, 4), Report(3, Fifth, 11, 2, 4));
        Assert.Equal(11ul, decision.GreenCount);
        Assert.Equal([Name(2), Name(4)], decision.Kept);
        Assert.Equal(13ul, decision.Position);
    }

    [Fact]
    public void A_majority_by_the_voters_that_held_batches_would_make_is_needed_too()
    {
        ConductorId[] five = [.. Three, Id(4), Id(5)];
        var report = Report(1, Fifth, 10, 1) with { VotersBehindHeld = five };
        Assert.Equal(ComponentVerdict.NoMajority, Of(report, Report(2, Fifth, 10)).Verdict);
        Assert.Equal(ComponentVerdict.Primary, Of(report, Report(2, Fifth, 10), Report(3, Fifth, 10)).Verdict);
    }

    [Fact]
    public void Where_nobody_has_a_state_as_many_as_are_wanted_begin()
    {
        StateReport Fresh(uint node) => Report(node, ComponentId.None, 0) with { Voters = [], VotersBehindHeld = [] };
        Assert.Equal(ComponentVerdict.TooFewToBegin, Of(Fresh(1), Fresh(2)).Verdict);
        var decision = Of(Fresh(4), Fresh(2), Fresh(3), Fresh(1));
        Assert.Equal(ComponentVerdict.Primary, decision.Verdict);
        Assert.Equal(1ul, decision.Component.Number);
        Assert.Equal(Three, decision.Voters);
        Assert.Equal(4, decision.Knowing.Count);
    }

    private static ComponentDecision Of(params StateReport[] reports) => ComponentDecision.Of(reports, Ring);

    private static ConductorId Id(uint node) => new(new ProcessorId(node), node);

    private static BatchName Name(ulong number) => new(new ProcessorId(1), number);

    private static StateReport Report(uint node, ComponentId component, ulong position, params ulong[] held) => new()
    {
        Conductor = Id(node),
        Component = component,
        Position = position,
        Voters = Three,
        VotersBehindHeld = Three,
        VotersWanted = 3,
        Held = [.. held.Select(Name)],
    };
}
