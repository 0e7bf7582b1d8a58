using System.Text.RegularExpressions;

namespace Totem.Tests.Tidy;

/// <summary>
/// Finds sentences that begin with a free relative clause ("Who lags is …"): a reader stops there and looks for the
/// actor. It looks at comments, documents, and texts that programs print.
/// </summary>
internal static partial class PlainEnglish
{
    /// <summary>Each such sentence of a file, with the line that its comment or paragraph begins in.</summary>
    /// <param name="file">From the root of the repository.</param>
    /// <param name="text">Its content.</param>
    public static IEnumerable<string> FreeClauses(string file, string text)
    {
        var isDocument = file.EndsWith(".md", StringComparison.Ordinal);
        var units = isDocument ? Paragraphs(file, text) : Comments(text).Concat(Printed(file, text));
        return units.SelectMany(x => FreeClause().Matches(x.Text).Where(m => !m.Value.EndsWith('?'))
            .Select(m => $"{file}:{x.Line}: {m.Groups["sentence"].Value.Trim()}"));
    }

    private static IEnumerable<(int Line, string Text)> Paragraphs(string file, string text)
    {
        var document = new MarkdownFile(file, text);
        foreach (var (number, line) in document.Prose)
            yield return (number, Mark().Replace(line, ""));
        foreach (var cell in document.Rows.SelectMany(x => x))
            yield return (1, Mark().Replace(cell, ""));
    }

    private static IEnumerable<(int Line, string Text)> Comments(string text)
    {
        var lines = text.Split('\n');
        var gathered = "";
        var first = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            var comment = WholeLine().Match(lines[i]);
            if (comment.Success)
            {
                first = gathered.Length == 0 ? i + 1 : first;
                gathered += $" {comment.Groups["text"].Value}";
                continue;
            }

            if (gathered.Length > 0)
                yield return (first, WithoutTags(gathered));
            gathered = "";
            if (AtTheEnd().Match(lines[i]) is { Success: true } end)
                yield return (i + 1, end.Groups["text"].Value);
        }

        if (gathered.Length > 0)
            yield return (first, WithoutTags(gathered));
    }

    // A test's texts are its own business; a program's are read by people.
    private static IEnumerable<(int Line, string Text)> Printed(string file, string text)
    {
        if (file.StartsWith("Totem.Tests/", StringComparison.Ordinal)
            || !file.EndsWith(".cs", StringComparison.Ordinal))
            yield break;
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (WholeLine().IsMatch(lines[i]))
                continue;
            foreach (Match literal in Literal().Matches(lines[i]))
                yield return (i + 1, literal.Groups["text"].Value);
        }
    }

    // Every element of a documentation comment begins a sentence of its own; a reference is a word.
    private static string WithoutTags(string comment) =>
        AnyTag().Replace(Reference().Replace(comment, "x"), x => Inline().IsMatch(x.Value) ? "" : ". ");

    [GeneratedRegex(
        """(^\W*|[.!?]["')`\]]*\s+)(?<sentence>(Who|Whom|Whose|What|Whoever|Whatever)\b[^.!?]*[.!?]?)""",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex FreeClause();

    [GeneratedRegex(@"^\s*([-*] |\d+\. )|\*\*|\*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark();

    [GeneratedRegex(@"^\s*(///?|/\*+|\*(?!/))(\s(?<text>.*))?$", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex WholeLine();

    [GeneratedRegex(@"\s// (?<text>.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex AtTheEnd();

    [GeneratedRegex("""
        "(?<text>([^"\\]|\\.)*)"
        """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Literal();

    [GeneratedRegex(@"<(see|seealso|paramref|typeparamref|inheritdoc)\b[^>]*/>", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Reference();

    [GeneratedRegex("<[^<>]*>", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex AnyTag();

    [GeneratedRegex("^</?(c|b|i|em)>$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Inline();
}
