using System.Text;

namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// The grammar of <c>corosync.conf</c>, as corosync's own parser has it: one <c>name {</c>, <c>key: value</c>,
/// <c>}</c>, <c># comment</c> or blank a line. Lines end at a line feed alone, and blanks are spaces and tabs alone:
/// what else looks like one is part of a word.
/// </summary>
internal static class ConfSyntax
{
    /// <summary>Real files are a few KiB.</summary>
    public const int FileBytesMax = 1 << 20;

    /// <summary>The part of a line that corosync reads, its end included.</summary>
    public const int MaxLineBytes = 511;

    private const string Blanks = " \t";

    /// <summary>Hands each element of a text to a reader.</summary>
    /// <returns>Whether every line is one of the grammar; else the problems say which is not.</returns>
    public static bool Parse(string text, ConfProblems problems, IConfHandler handler)
    {
        var syntax = new Count(problems);
        if (text.StartsWith('\uFEFF'))
            syntax.Add(1, "the file begins with a byte order mark, expected none: corosync takes it for a part of the "
                + "first word");
        var open = new Stack<(string Path, int Line)>([("", 0)]);
        var number = 0;
        foreach (var piece in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            var line = piece.EndsWith('\r') ? piece[..^1] : piece;
            if (Encoding.UTF8.GetByteCount(piece) + 1 > MaxLineBytes)
                syntax.Add(number, $"the line has more than {MaxLineBytes - 1} bytes, the most that corosync reads");
            else if (line.Contains('\0') || line.Contains('\uFFFD'))
                syntax.Add(number, "the line is no text in UTF-8, expected 'key: value', 'section {' or '}'");
            else if (line.Trim(Blanks.ToCharArray()) is { Length: > 0 } rest && rest[0] != '#')
                Read(rest, number, open, syntax, handler);
        }

        foreach (var (path, line) in open)
        {
            if (path.Length > 0)
                syntax.Add(line, $"section '{LastOf(path)}' is not closed, expected '}}' before the end of the "
                    + $"file{syntax.BraceHint}");
        }

        return !syntax.HasAny;
    }

    public static string Shorten(string text) => text.Length <= 40 ? text : $"{text[..40]}…";

    /// <summary>For a value that would be right without what follows it.</summary>
    public static string CommentHint(string text) =>
        text.Contains('#', StringComparison.Ordinal) ? "; a comment has a line of its own" : "";

    private static void Read(
        string line, int number, Stack<(string Path, int Line)> open, Count problems, IConfHandler handler)
    {
        if (line.IndexOf('{', StringComparison.Ordinal) is >= 0 and var brace)
            Open(line, brace, number, open, problems, handler);
        else if (line[0] == '}' || !line.Contains(':', StringComparison.Ordinal))
            Close(line, number, open, problems, handler);
        else if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
        {
            problems.NoteBrace(line, number);
            handler.Item(NameBefore(line[..colon]), line[(colon + 1)..].Trim(Blanks.ToCharArray()), number);
        }
        else
            problems.Add(number, $"'{Shorten(line)}' has no key, expected 'key: value'");
    }

    private static void Open(
        string line, int brace, int number, Stack<(string Path, int Line)> open, Count problems, IConfHandler handler)
    {
        var name = NameBefore(line[..brace]);
        if (name.Length == 0)
            problems.Add(number, "'{' without a name, expected 'section {'");
        if (line[(brace + 1)..].Trim(Blanks.ToCharArray()) is { Length: > 0 } behind)
            problems.Add(number, $"'{Shorten(behind)}' stands behind 'section {{', expected a line of its own for each "
                + "key and each brace");
        var parent = open.Peek().Path;
        var path = parent.Length == 0 ? name : $"{parent}.{name}";
        if (path.Length >= ConfMap.NameMax)
        {
            problems.Add(number, $"section '{Shorten(name)}' is nested too deep, expected names of less than "
                + $"{ConfMap.NameMax} bytes together");
            path = parent;
        }

        open.Push((path, number));
        handler.Begin(path, number);
    }

    private static void Close(
        string line, int number, Stack<(string Path, int Line)> open, Count problems, IConfHandler handler)
    {
        if (line[0] != '}')
        {
            problems.Add(number, line.Contains('}', StringComparison.Ordinal)
                ? $"'{Shorten(line)}': expected nothing before '}}'"
                : $"'{Shorten(line)}' is neither 'key: value' nor 'section {{' nor '}}'");
            return;
        }

        if (line.Length > 1)
            problems.Add(number, $"'{Shorten(line)}': expected nothing behind '}}'");
        if (open.Count == 1)
        {
            problems.Add(number, "'}' closes no section");
            return;
        }

        open.Pop();
        handler.End(number);
    }

    /// <summary>corosync takes blanks, colons and braces off the end of a name, but never its first
    /// character.</summary>
    private static string NameBefore(string text)
    {
        var name = text.TrimStart(Blanks.ToCharArray());
        var end = name.Length;
        while (end > 1 && name[end - 1] is ' ' or '\t' or ':' or '{')
            end--;
        return name[..end];
    }

    /// <summary>Problems of the grammar, apart from those that the handler finds meanwhile.</summary>
    private sealed class Count(ConfProblems problems)
    {
        private int _braceLine;

        public bool HasAny { get; private set; }

        /// <summary>Where somebody may have meant to close a section.</summary>
        public string BraceHint => _braceLine == 0 ? "" : string.Create(
            System.Globalization.CultureInfo.InvariantCulture, $": the one in line {_braceLine} belongs to the value "
                + $"before it, expected it on a line of its own");

        public void NoteBrace(string line, int number)
        {
            if (_braceLine == 0 && line[^1] == '}')
                _braceLine = number;
        }

        public void Add(int line, string text)
        {
            HasAny = true;
            problems.Add(line, text);
        }
    }

    private static string LastOf(string path) => path[(path.LastIndexOf('.') + 1)..];
}

/// <summary>Takes the elements of a file in their order.</summary>
internal interface IConfHandler
{
    /// <summary>A section begins.</summary>
    void Begin(string path, int line);

    /// <summary>A key of the innermost section.</summary>
    void Item(string key, string value, int line);

    /// <summary>The innermost section ends.</summary>
    void End(int line);
}
