namespace Totem.Tests.Mutation;

/// <summary>The sweep tells a mutant that matters from one that does not. All of it runs as a command:
/// docs/design/testing.md.</summary>
public sealed class ConditionSweepTests
{
    private static readonly SweepShare Share = new(Plain: 60, Groups: 5, PairCut: 5);

    [Fact]
    public void A_broken_condition_is_noticed_and_one_without_effect_survives()
    {
        var sweep = new ConditionSweep(file => file == "Membership/JoinRules.cs");

        var noticed = sweep.Run(Site(sweep, "join.IsLeave"), Share);
        Assert.NotNull(noticed.Rule);

        // Among processors of ours nobody gives up whom it does not know, and to propose nobody changes nothing.
        var without = sweep.Run(Site(sweep, "!unknown.IsEmpty"), Share);
        Assert.Null(without.Rule);
        Assert.True(without.ReachedCount > 0, "nobody asked for it");
        Assert.Equal(0, without.ChangedCount);
    }

    private static ConditionSite Site(ConditionSweep sweep, string text) =>
        Assert.Single(sweep.Sites, x => x.Text == text);

    /// <summary>A condition that declares a variable has a value for it in one branch only; a chain
    /// has operands, and no other parts.</summary>
    [Fact]
    public void Every_condition_is_found_and_broken_in_a_way_that_compiles()
    {
        var sites = new List<ConditionSite>();
        var text = new ConditionRewriter("A.cs", hasSites: true, sites).Rewrite("""
            if (a && b && c) { }
            while (true) { }
            if (x is { } y) { }
            if (x is not { } z || z) { }
            var w = p ? 1 : 2;
            """);

        Assert.Equal(
            ["not a && b && c", "not a", "not b", "not c", "never x is { } y", "always x is not { } z || z", "always x "
                + "is not { } z", "not z", "not p"],
            sites.Select(x => x.ToString().Replace("`", "",
                StringComparison.Ordinal)[(x.ToString().IndexOf(' ', StringComparison.Ordinal) + 1)..]));
        Assert.Contains("{global::ConditionSwitch.Step();", text, StringComparison.Ordinal);
    }
}
