using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Totem.Tests.Tidy;

/// <summary>The book can be read from its index, its links lead somewhere, and a change of one
/// sentence is a change of one line.</summary>
public sealed partial class DocumentTests
{
    private const string Index = "docs/README.md";
    private const string Pictures = "docs/pictures/";

    /// <summary>Written by a command; by everybody, with each change.</summary>
    private static readonly string[] WrittenOtherwise = ["docs/reference/performance.md", "CHANGELOG.md"];

    private static IEnumerable<MarkdownFile> Documents =>
        Repository.Files.Where(x => x.EndsWith(".md", StringComparison.Ordinal)).Select(x => new MarkdownFile(x));

    [Fact]
    public void Every_link_leads_to_a_file_and_a_heading()
    {
        var count = 0;
        foreach (var document in Documents)
        {
            foreach (var (line, target) in document.Links.Where(x => !Elsewhere().IsMatch(x.Target)))
            {
                Assert.True(Leads(document, target), $"{document.Path}:{line}: {target} leads nowhere");
                count++;
            }
        }

        Assert.True(count > 150, $"{count} links; the search finds too little");
        Assert.False(Leads(new MarkdownFile(Index), "start/nothing" + ".md"));
        Assert.False(Leads(new MarkdownFile(Index), "start/glossary.md#nothing"));
    }

    [Fact]
    public void The_index_leads_to_every_document()
    {
        var linked = new MarkdownFile(Index).Links.Select(x => Resolve(Index, x.Target))
            .ToHashSet(StringComparer.Ordinal);
        var documents = Documents.Select(x => x.Path)
            .Where(x => x.StartsWith("docs/", StringComparison.Ordinal) && x != Index).ToList();
        Assert.True(documents.Count > 20, $"{documents.Count} documents; the search finds too little");
        Assert.DoesNotContain(documents, x => !linked.Contains(x));
    }

    [Fact]
    public void A_line_of_a_document_is_one_sentence()
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var document in Documents.Where(x => !WrittenOtherwise.Contains(x.Path, StringComparer.Ordinal)))
        {
            count += document.Prose.Count();
            wrong.AddRange(NotOneSentence(document).Select(x => $"{document.Path}:{x}"));
        }

        Assert.True(count > 1000, $"{count} lines; the search finds too little");
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("One sentence. Another one.", "1: two sentences")]
    [InlineData("A sentence that goes\non in the next line.", "1: the sentence goes on in the next line")]
    [InlineData("- An entry that goes\n  on.\n- Another.", "1: the sentence goes on in the next line")]
    [InlineData("One sentence (with a part).\nAnother, of Y. Amir: with `a. B` in it.\n\n- **Lead.** An entry.\n- "
        + "Another", null)]
    public void Two_sentences_in_a_line_and_one_in_two_are_found(string text, string? expected) =>
        Assert.Equal(expected, NotOneSentence(new MarkdownFile("made.md", text)).FirstOrDefault());

    [Fact]
    public void Every_picture_is_shown_and_can_be_read_on_a_dark_page()
    {
        var pictures = Repository.Files.Where(x => x.StartsWith(Pictures, StringComparison.Ordinal)).ToList();
        var shown = Documents.SelectMany(x => x.Links.Select(link => Resolve(x.Path, link.Target)))
            .ToHashSet(StringComparer.Ordinal);
        Assert.True(pictures.Count >= 6, $"{pictures.Count} pictures; the search finds too little");
        foreach (var picture in pictures)
        {
            Assert.Contains(picture, shown);
            var root = XDocument.Parse(Repository.Read(picture)).Root!;
            var style = root.Element(root.Name.Namespace + "style")?.Value ?? "";
            Assert.True(style.Contains("prefers-color-scheme: dark", StringComparison.Ordinal), $"{picture}: colours "
                + "for a dark page expected");
            Assert.True(root.Element(root.Name.Namespace + "title") is not null, $"{picture}: a title expected");

            // A class that has a colour has one on a dark page too.
            var dark = style[style.IndexOf("@media", StringComparison.Ordinal)..];
            var used = root.Descendants().Attributes("class").SelectMany(x => x.Value.Split(' '))
                .Distinct(StringComparer.Ordinal);
            var coloured = used.Where(
                x => Regex.IsMatch(style, $@"\.{x}\b[^}}]*#", RegexOptions.None, TimeSpan.FromSeconds(10)));
            Assert.All(coloured, x => Assert.Matches($@"\.{x}[ ,]", dark));
        }
    }

    private static IEnumerable<string> NotOneSentence(MarkdownFile document)
    {
        var lines = document.Prose.ToList();
        for (var i = 0; i < lines.Count; i++)
        {
            var line = InlineCode().Replace(lines[i].Line, "`x`");
            if (Boundary().Matches(line)
                .Any(x => !Abbreviation().IsMatch(line[..x.Index]) && !Lead().IsMatch(line[..x.Index])))
                yield return $"{lines[i].Number}: two sentences";
            else if (i + 1 < lines.Count && lines[i + 1].Number == lines[i].Number + 1
                && !Entry().IsMatch(lines[i + 1].Line) && !End().IsMatch(line))
                yield return $"{lines[i].Number}: the sentence goes on in the next line";
        }
    }

    private static bool Leads(MarkdownFile from, string target)
    {
        var parts = target.Split('#');
        var file = parts[0].Length == 0 ? from.Path : Resolve(from.Path, parts[0]);
        if (!File.Exists(Repository.FullPath(file)) && !Directory.Exists(Repository.FullPath(file)))
            return false;
        return parts.Length == 1 || !file.EndsWith(".md", StringComparison.Ordinal)
            || new MarkdownFile(file).Anchors.Contains(parts[1]);
    }

    private static string Resolve(string from, string target)
    {
        var folder = Path.GetDirectoryName(Repository.FullPath(from))!;
        return Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(folder, target.Split('#')[0])))
            .Replace('\\', '/');
    }

    [GeneratedRegex("^[a-z]+:", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Elsewhere();

    [GeneratedRegex("`[^`]*`", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex InlineCode();

    // A mark of evidence, [C], belongs to the sentence before it.
    [GeneratedRegex(
        """(?<=[.!?])["')*\]]*( \[[CIPUS]\])* +(?!\[[CIPUS]\])(?=[A-Z0-9`\[*("“]|(corosync|libcpg|libcfg|sheep|kronosnet|minisheep)\b)""",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Boundary();

    [GeneratedRegex(@"(\b(e\.g|i\.e|et al|vs|cf|No|St|[A-Z])\.|^\s*\d+\.)$", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Abbreviation();

    [GeneratedRegex(@"^\s*([-*] |\d+\. )?\*\*[^*]+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Lead();

    [GeneratedRegex(@"^\s*([-*] |\d+\. )", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Entry();

    [GeneratedRegex("""([.!?:;]["')*\]]*( \[[CIPUS]\]\)?)*| ·|\\)$""", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex End();
}
