using System.Text.RegularExpressions;
using Totem.Simulation.Checkers;

namespace Totem.Tests.Tidy;

/// <summary>The ground of a comment or a document can be opened: every citation leads to a section, a part or a
/// function.</summary>
public sealed partial class CitationTests
{
    private static readonly string[] WithComments = [".cs", ".c", ".h", ".md", ".txt", ".lua", ".sh"];

    [Fact]
    public void Every_citation_leads_somewhere()
    {
        var citations = new Citations();
        var broken = new List<string>();
        foreach (var file in Repository.TextFiles.Where(IsSearched))
            broken.AddRange(citations.Broken(file, Repository.Read(file)).Select(x => $"{file}: {x}"));

        Assert.Empty(broken);
        Assert.True(citations.Count > 500, $"{citations.Count} citations; the search finds too little");
    }

    [Theory]
    [InlineData("// see WIRE §99.9", "WIRE §99.9: no such section")]
    [InlineData("// see WIRE §12.5 and\n    /// §12.99", "WIRE §12.99: no such section")]
    [InlineData("// see §3", "§3: a section of which document?")]
    [InlineData("/// (TOCS95, the seventh\n/// chapter)", "TOCS95, the seventh chapter)")]
    [InlineData("// totemsrp.c: memb_state_nowhere_enter", "totemsrp.c: memb_state_nowhere_enter: no function")]
    [InlineData("// F-99", "F-99: not in docs/spec/driver.md")]
    [InlineData("// docs/design/protocol.md, \"No such thing\"", "no such heading")]
    [InlineData("// docs/spec/nothing" + ".md", "no document of this repository")]
    [InlineData("// section 12.5 of wire" + ".md", "no document of this repository")]
    public void A_citation_that_leads_nowhere_is_found(string text, string expected) =>
        Assert.Contains(
            new Citations().Broken("Totem.Sheepdog/Anything.cs", text),
            x => x.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void The_rules_of_the_checker_are_those_of_the_specification()
    {
        var checkedRules = EvsRule.All.Select(x => x.Number).ToArray();
        var rows = new MarkdownFile("docs/spec/evs.md").Rows.Select(x => x[0])
            .Where(x => RuleNumber().IsMatch(x)).ToArray();

        // The rules stand there twice: what they say, and how they are evaluated.
        Assert.Equal([.. checkedRules, .. checkedRules], rows);
    }

    // This file makes broken citations up, to see them found.
    private static bool IsSearched(string file) =>
        WithComments.Contains(Path.GetExtension(file), StringComparer.Ordinal)
        && file != "Totem.Tests/Tidy/CitationTests.cs";

    [GeneratedRegex(@"^\d(\.\d)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex RuleNumber();
}
