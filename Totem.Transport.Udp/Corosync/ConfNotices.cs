using System.Globalization;
using Totem.Platform.Programs;

namespace Totem.Transport.Udp.Corosync;

/// <summary>Finds what stands in a file and nobody asked for.</summary>
internal static class ConfNotices
{
    public static IEnumerable<string> Find(ConfMap map, IEnumerable<(int Line, string Text)> others, string file)
    {
        var notices = new List<(int Line, string Text)>(others);
        foreach (var entry in map.Entries)
        {
            var section = entry.Path[..int.Max(0, entry.Path.LastIndexOf('.'))];
            if (ConfKeys.Find(entry.Path) is null && !ConfKeys.IsForeign(entry.Path) && IsKnown(section))
                notices.Add((entry.Line,
                    $"unknown key '{entry.Name}'{Suggestion.For(LastOf(entry.Path), KeysBeside(entry.Path))}"));
        }

        foreach (var (path, line) in map.Sections)
        {
            var parent = path[..int.Max(0, path.LastIndexOf('.'))];
            // The sections inside of one that is unknown are told with it.
            if (!IsKnown(path) && IsKnown(parent))
                notices.Add((line, $"unknown section '{path}'{Suggestion.For(LastOf(path), SectionsBeside(parent))}"));
        }

        return notices.OrderBy(notice => notice.Line)
            .Select(notice => string.Create(CultureInfo.InvariantCulture, $"{file}:{notice.Line}: {notice.Text}"));
    }

    /// <summary>The file itself, a section of corosync, or one with the number or name that stands
    /// for it in the map.</summary>
    private static bool IsKnown(string section) => section.Length == 0 || ConfKeys.IsKnownSection(section)
        || (section.LastIndexOf('.') is > 0 and var dot && (section[..dot] is "logging.logger_subsys"
            || (section[..dot] is "totem.interface" or "nodelist.node"
                && section.AsSpan(dot + 1).ContainsAnyExceptInRange('0', '9') == false)));

    private static IEnumerable<string> KeysBeside(string path)
    {
        var section = path[..int.Max(0, path.LastIndexOf('.'))];
        // A key that is none of an interface's stands beside all of them.
        section = section == "totem.interface" ? "totem.interface.0" : section;
        return ConfKeys.Names.Where(name => ConfKeys.Find($"{section}.{LastOf(name)}") is not null).Select(LastOf)
            .Distinct(StringComparer.Ordinal);
    }

    private static IEnumerable<string> SectionsBeside(string parent)
        => ConfKeys.SectionNames.Where(name => name[..int.Max(0, name.LastIndexOf('.'))] == parent).Select(LastOf);

    private static string LastOf(string path) => path[(path.LastIndexOf('.') + 1)..];
}
