using System.Globalization;

namespace Totem.Transport.Udp.Corosync;

/// <summary>A value of the file.</summary>
/// <param name="Path">The whole name, as in corosync's cmap: <c>totem.token</c>,
/// <c>nodelist.node.0.ring0_addr</c>.</param>
/// <param name="Name">The short name for people: <c>totem.token</c>, <c>node.ring0_addr</c>,
/// <c>interface.mcastport</c>.</param>
/// <param name="Text">As it stands in the file.</param>
/// <param name="Number">Its number, if the key is one of those that are stored as numbers.</param>
/// <param name="Line">Where it stands; of several the last one, which counts.</param>
internal sealed record ConfEntry(string Path, string Name, string Text, long? Number, int Line);

/// <summary>
/// The content of a file, sections that stand several times merged: a flat map by whole names, as corosync makes of it.
/// A key that stands twice counts with its last value.
/// </summary>
internal sealed class ConfMap(ConfProblems problems)
{
    // Bounds of a name in corosync (icmap.h).
    private const int NameMin = 3;
    public const int NameMax = 255;

    private readonly Dictionary<string, ConfEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _sections = new(StringComparer.Ordinal);

    public IEnumerable<ConfEntry> Entries => _entries.Values;

    /// <summary>Whole names of sections, with the line where each stands first.</summary>
    public IReadOnlyDictionary<string, int> Sections => _sections;

    public ConfEntry? Find(string path) => _entries.GetValueOrDefault(path);

    public bool Has(string section) => _sections.ContainsKey(section);

    public int LineOf(string section) => _sections.GetValueOrDefault(section);

    public void AddSection(string path, int line) => _sections.TryAdd(path, line);

    public void Set(string path, string name, string text, int line, ConfKey? key)
    {
        if (path.Length is < NameMin or >= NameMax || path.AsSpan().ContainsAnyExcept(ConfKeys.NameCharacters))
            problems.Add(line, $"'{ConfSyntax.Shorten(name)}' cannot be a key, expected letters, digits and '_', '-', "
                + $"'/', '.', from {NameMin} to {NameMax - 1} with its section");
        else if (key?.Problem(text) is { } expected)
            problems.Add(line, $"{name} is '{text}', expected {expected}{ConfSyntax.CommentHint(text)}");
        else
            _entries[path] = new ConfEntry(path, name, text, key?.Number(text), line);
    }

    /// <summary>The numbers that stand for nodes or interfaces below a section, ascending.</summary>
    public IEnumerable<int> Indices(string section) => _entries.Keys.Concat(_sections.Keys)
        .Where(path => path.StartsWith(section + ".", StringComparison.Ordinal))
        .Select(path => path[(section.Length + 1)..].Split('.')[0])
        .Where(part => part.Length is > 0 and < 6 && part.All(char.IsAsciiDigit))
        .Select(part => int.Parse(part, CultureInfo.InvariantCulture))
        .Distinct().Order();
}
