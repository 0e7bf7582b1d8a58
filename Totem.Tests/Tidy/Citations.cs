using System.Text.RegularExpressions;

namespace Totem.Tests.Tidy;

/// <summary>Finds what a text cites (docs/reference/references.md) and says what of it does not exist.</summary>
internal sealed partial class Citations
{
    private const string References = "docs/reference/references.md";
    private const string Contract = "docs/spec/driver.md";

    private readonly Dictionary<string, IReadOnlySet<string>> _sections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _parts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _functions = new(StringComparer.Ordinal);

    public Citations()
    {
        foreach (var row in new MarkdownFile(References).Rows)
        {
            if (SpecificationLink().Match(row[1]) is { Success: true } link)
                _sections[row[0]] = new MarkdownFile($"docs/{link.Groups["file"].Value}").Sections;
            else if (PaperTag().IsMatch(row[0]))
                _parts[row[0]] =
                    row[2].Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            else if (row[0].EndsWith(".c", StringComparison.Ordinal))
                Functions(row[0]).UnionWith(Quoted().Matches(row[1]).Select(x => x.Groups["name"].Value));
        }

        Numbers = new MarkdownFile(Contract).Rows.Select(x => x[0]).Where(x => ContractNumber().IsMatch(x))
            .ToHashSet(StringComparer.Ordinal);
    }

    public IEnumerable<string> Tags => _sections.Keys;

    /// <summary>O1, F-1, A1 and so on: the rules of order, the faults and the checks of the
    /// drivers' contract.</summary>
    public IReadOnlySet<string> Numbers { get; }

    /// <summary>How many citations the last calls of <see cref="Broken"/> have met.</summary>
    public int Count { get; private set; }

    /// <summary>The citations that lead nowhere, one text each.</summary>
    /// <param name="file">Where the text stands, from the root.</param>
    /// <param name="text">The text.</param>
    public IEnumerable<string> Broken(string file, string text)
    {
        // A citation may go on in the next line of a comment.
        var flat = LineBreak().Replace(text, " ");
        return BrokenSections(file, flat).Concat(BrokenParts(flat)).Concat(BrokenFunctions(flat))
            .Concat(BrokenNumbers(file, flat))
            .Concat(BrokenDocuments(file, flat)).Concat(BrokenHeadings(flat));
    }

    private HashSet<string> Functions(string source) =>
        _functions.TryGetValue(source, out var known) ? known : _functions[source] = new(StringComparer.Ordinal);

    private IEnumerable<string> BrokenSections(string file, string text)
    {
        // In a page of the specification a section without a tag is its own.
        var tag = _sections.Keys.FirstOrDefault(x => file == $"docs/spec/{FileOf(x)}.md");
        foreach (Match match in Section().Matches(text))
        {
            Count++;
            var number = match.Groups["number"].Value;
            tag = match.Groups["tag"] is { Success: true } named ? named.Value : tag;
            if (tag is null || !_sections.TryGetValue(tag, out var sections))
                yield return $"{match.Value}: a section of which document?";
            else if (!sections.Contains(number))
                yield return $"{tag} §{number}: no such section";
        }
    }

    private static string FileOf(string tag) => tag == "EXT" ? "extensions" : tag.ToLowerInvariant();

    private IEnumerable<string> BrokenParts(string text)
    {
        foreach (Match match in Paper().Matches(text))
        {
            Count++;
            var rest = text[(match.Index + match.Length)..];
            if (!Array.Exists(
                _parts[match.Groups["tag"].Value], x => rest.StartsWith(x, StringComparison.OrdinalIgnoreCase)))
                yield return $"{match.Value}{rest[..Math.Min(rest.Length, 30)]}: no part that {References} lists";
        }
    }

    private IEnumerable<string> BrokenFunctions(string text)
    {
        foreach (Match match in Function().Matches(text))
        {
            Count++;
            if (_functions.TryGetValue(match.Groups["file"].Value, out var known)
                && !known.Contains(match.Groups["name"].Value))
                yield return $"{match.Value}: no function that {References} lists";
        }
    }

    private IEnumerable<string> BrokenNumbers(string file, string text)
    {
        if (!IsAboutDrivers().IsMatch(file))
            yield break;
        foreach (Match match in CitedNumber().Matches(text))
        {
            Count++;
            if (!Numbers.Contains(match.Value))
                yield return $"{match.Value}: not in {Contract}";
        }
    }

    private IEnumerable<string> BrokenDocuments(string file, string text)
    {
        // The text of a link is what a reader sees; where it leads is the business of DocumentTests.
        var withoutLinks = MarkdownLink().Replace(text, "");
        foreach (Match match in Document().Matches(withoutLinks))
        {
            Count++;
            var folder = Path.GetDirectoryName(file)!;
            if (!File.Exists(Repository.FullPath(match.Value))
                && !File.Exists(Repository.FullPath(Path.Combine(folder, match.Value))))
                yield return $"{match.Value}: no document of this repository";
        }
    }

    private IEnumerable<string> BrokenHeadings(string text)
    {
        foreach (Match match in Heading().Matches(text))
        {
            Count++;
            var file = match.Groups["file"].Value;
            if (File.Exists(Repository.FullPath(file))
                && !new MarkdownFile(file).Titles.Contains(match.Groups["heading"].Value, StringComparer.Ordinal))
                yield return $"{match.Value}: no such heading";
        }
    }

    [GeneratedRegex(@"\(\.\./(?<file>spec/\w+\.md)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SpecificationLink();

    [GeneratedRegex(@"^[A-Z]+\d\d$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex PaperTag();

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^(O\d+|F-\d+|A\d+)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ContractNumber();

    [GeneratedRegex(@"\s*\r?\n[ \t]*(///|//|#|--|\*(?!\*)|>)?[ \t]*", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex LineBreak();

    [GeneratedRegex(@"(\b(?<tag>[A-Z]{3,}) )?§(?<number>\d+(\.\d+)*)", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Section();

    [GeneratedRegex(@"\b(?<tag>TOCS95|EVS94|ACC16), (?!EVS94|TOCS95|ACC16)", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Paper();

    [GeneratedRegex(@"\b(?<file>[a-z]+\.c): (?<name>[a-z]+_[a-z_]+)", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Function();

    [GeneratedRegex(
        @"^(Totem\.Sheepdog|Totem\.Tests/Sheepdog|docs/reference/drivers"
        + @"|docs/design/(session|driver-machines)|docs/spec/driver)",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex IsAboutDrivers();

    [GeneratedRegex(@"(?<![-\w.])(O[1-9]\d?|F-\d+|A\d+)(?![-\w]|\.\d)", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CitedNumber();

    [GeneratedRegex(@"\[[^\]]*\]\([^)]*\)", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex MarkdownLink();

    [GeneratedRegex(@"(?<![\w/.<>""-])(?<name>(\.\./)*\w[\w./-]*\.md)\b", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Document();

    [GeneratedRegex("(?<file>docs/[\\w./-]+\\.md)(</c>)?, \"(?<heading>[^\"]+)\"", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Heading();
}
