namespace Totem.Tests.Tidy;

/// <summary>A sentence names its actor first: comments, documents and printed texts.</summary>
public sealed class PlainEnglishTests
{
    [Fact]
    public void No_sentence_begins_with_a_free_relative_clause()
    {
        var files = Repository.TextFiles.Where(IsRead).ToList();
        Assert.True(files.Count > 500, $"{files.Count} files; the search finds too little");
        Assert.Empty(files.SelectMany(x => PlainEnglish.FreeClauses(x, Repository.Read(x))));
    }

    [Fact]
    public void No_test_is_named_so_either()
    {
        var names = typeof(PlainEnglishTests).Assembly.GetTypes().SelectMany(x => x.GetMethods())
            .Where(x => x.IsDefined(typeof(FactAttribute), inherit: true))
            .Select(x => x.Name.Replace('_', ' ')).ToList();
        Assert.True(names.Count > 500, $"{names.Count} tests; the search finds too little");
        Assert.Empty(names.SelectMany(x => PlainEnglish.FreeClauses("a.md", x)));
    }

    [Theory]
    [InlineData("a.cs", "    /// <summary>What it does. And more.</summary>", 1)]
    [InlineData("a.cs", "    /// A sentence. Whoever reads\n    /// it stops.", 1)]
    [InlineData("a.cs", "    /// <param name=\"x\">Who sent it.</param>\n    /// <returns>What came.</returns>", 2)]
    [InlineData("a.cs", "    var x = 1; // What it is.", 1)]
    [InlineData("a.cs", "    throw new Exception(\"It failed. Whoever sees this waits.\");", 1)]
    [InlineData("a.c", "/* Who calls waits. */", 1)]
    [InlineData("a.md", "- **Seats.** Who sits has one.\n\n| what | Whom it serves. |", 2)]
    [InlineData("a.md", "## What a heading says\n\n```\nWhat code says.\n```", 0)]
    [InlineData("a.cs", "    /// What can it be? A processor that waits knows what it waits for.", 0)]
    public void A_sentence_that_hides_its_actor_is_found(string file, string text, int count) =>
        Assert.Equal(count, PlainEnglish.FreeClauses(file, text).Count());

    // This file makes such sentences up.
    private static bool IsRead(string file) =>
        Path.GetExtension(file) is ".cs" or ".c" or ".h" or ".md"
        && file is not ("Totem.Tests/Tidy/PlainEnglishTests.cs" or "CHANGELOG.md");
}
