namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// The syntax of <c>corosync.conf</c> (corosync.conf(5)): one <c>name {</c>, <c>key: value</c>, <c>}</c>, <c># comment</c> or
/// blank a line. It knows no key; what they mean is the reader's matter.
/// </summary>
internal static class ConfSyntax
{
    /// <summary>Real files are a few KiB.</summary>
    public const int FileBytesMax = 1 << 20;

    /// <summary>Real files nest two deep.</summary>
    public const int DepthMax = 8;

    /// <summary>The text of a file. What is no regular file says nothing of its length, so no more is read than it may have.</summary>
    /// <exception cref="CorosyncConfException">It is a directory, or too long.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static string ReadFile(string path)
    {
        if (Directory.Exists(path))
            throw new CorosyncConfException($"{path}: a directory, expected a file");
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        var bytes = new byte[FileBytesMax + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (length > FileBytesMax)
            throw new CorosyncConfException($"{path}: more than {FileBytesMax} bytes, expected at most {FileBytesMax}");
        using var reader = new StreamReader(new MemoryStream(bytes, 0, length));
        return reader.ReadToEnd();
    }

    public static ConfSection Parse(string text, ConfProblems problems)
    {
        var root = new ConfSection("", 0);
        var open = new Stack<ConfSection>([root]);
        var number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.Trim();
            if (line.IsEmpty || line[0] == '#')
                continue;
            if (line[^1] == '{')
                Open(line[..^1].Trim().ToString(), number, open, problems);
            else if (line[0] == '}')
                Close(line, number, open, problems);
            else if (line.IndexOf(':') is > 0 and var colon)
                open.Peek().Entries.Add(new ConfEntry(line[..colon].Trim().ToString(), line[(colon + 1)..].Trim().ToString(), number));
            else
                problems.Add(number, $"'{Shorten(line)}' is neither 'key: value' nor 'section {{' nor '}}'");
        }

        foreach (var section in open)
        {
            if (section != root)
                problems.Add(section.Line, $"section '{section.Name}' is not closed, expected '}}' before the end of the file");
        }

        return root;
    }

    private static void Open(string name, int number, Stack<ConfSection> open, ConfProblems problems)
    {
        if (name.Length == 0)
            problems.Add(number, "'{' without a name, expected 'section {'");
        if (open.Count > DepthMax)
            problems.Add(number, $"section '{name}' is nested deeper than {DepthMax} levels");
        var section = new ConfSection(name, number);
        open.Peek().Sections.Add(section);
        open.Push(section);
    }

    private static void Close(ReadOnlySpan<char> line, int number, Stack<ConfSection> open, ConfProblems problems)
    {
        if (line.Length > 1)
            problems.Add(number, $"'{Shorten(line)}': expected nothing behind '}}'");
        if (open.Count == 1)
            problems.Add(number, "'}' closes no section");
        else
            open.Pop();
    }

    private static string Shorten(ReadOnlySpan<char> line) => line.Length <= 40 ? line.ToString() : $"{line[..40]}…";
}
