using System.Text.RegularExpressions;

namespace Totem.Tests.Tidy;

/// <summary>A Markdown file as the rules about documents read it: headings, links, table cells and prose.</summary>
internal sealed partial class MarkdownFile
{
    private readonly string[] _lines;
    private readonly bool[] _isCode;

    public MarkdownFile(string path)
        : this(path, Repository.Read(path))
    {
    }

    public MarkdownFile(string path, string text)
    {
        Path = path;
        _lines = text.Split('\n');
        _isCode = new bool[_lines.Length];
        var inCode = false;
        for (var i = 0; i < _lines.Length; i++)
        {
            var isFence = _lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal);
            _isCode[i] = inCode || isFence;
            inCode ^= isFence;
        }
    }

    /// <summary>From the root of the repository.</summary>
    public string Path { get; }

    public IEnumerable<string> Headings =>
        Numbered.Where(x => x.Line.StartsWith('#')).Select(x => x.Line.TrimStart('#').Trim());

    /// <summary>Headings, and the bold words that a paragraph or an entry of a list begins with.</summary>
    public IEnumerable<string> Titles =>
        Headings.Concat(Numbered.Select(x => BoldLead().Match(x.Line)).Where(x => x.Success)
            .Select(x => x.Groups["title"].Value));

    /// <summary>The numbers that headings begin with: 3 and 3.2.</summary>
    public IReadOnlySet<string> Sections =>
        Headings.Select(x => SectionNumber().Match(x)).Where(x => x.Success).Select(x => x.Groups["number"].Value)
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>The names that a link into this file may end in, as GitHub makes them of headings.</summary>
    public IReadOnlySet<string> Anchors =>
        Headings.Select(x => NotInAnchor().Replace(x.ToLowerInvariant(), "").Replace(' ', '-'))
            .ToHashSet(StringComparer.Ordinal);

    public IEnumerable<(int Number, string Target)> Links =>
        Numbered.SelectMany(x => Link().Matches(InlineCode().Replace(x.Line, ""))
            .Select(m => (x.Number, m.Groups["target"].Value)));

    /// <summary>The rows of all tables, each as its cells, without the rows of dashes.</summary>
    public IEnumerable<string[]> Rows =>
        Numbered.Where(x => x.Line.StartsWith('|') && !x.Line.StartsWith("|--", StringComparison.Ordinal))
            .Select(x => EscapedBar().Replace(x.Line, " ").Trim('|').Split('|', StringSplitOptions.TrimEntries));

    /// <summary>Lines that are sentences: no code, no table, no heading, no picture.</summary>
    public IEnumerable<(int Number, string Line)> Prose =>
        Numbered.Where(x => x.Line.Trim().Length > 0 && !NotProse().IsMatch(x.Line));

    private IEnumerable<(int Number, string Line)> Numbered =>
        _lines.Select((line, i) => (Number: i + 1, Line: line.TrimEnd('\r'))).Where(x => !_isCode[x.Number - 1]);

    [GeneratedRegex(@"^(?<number>\d+(\.\d+)*)\.? ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SectionNumber();

    [GeneratedRegex(@"^\s*(- |\d+\. )?\*\*(?<title>[^*]+?)\.?\*\*", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex BoldLead();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\\\|", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex EscapedBar();

    [GeneratedRegex(@"^\s*(\||#|!\[|<|\[\w+\]:|>)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NotProse();
}
