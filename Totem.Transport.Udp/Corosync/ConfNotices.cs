using System.Globalization;

namespace Totem.Transport.Udp.Corosync;

/// <summary>Finds what stands in a file and nobody asked for.</summary>
internal static class ConfNotices
{
    /// <summary>Sections of corosync, with everything in them, that are about other things than the ring.</summary>
    private static readonly HashSet<string> Foreign = new(StringComparer.Ordinal)
    {
        "qb", "resources", "uidgid", "nozzle", "service", "aisexec", "logger_subsys",
    };

    public static IEnumerable<string> Find(ConfSection root, IReadOnlyList<ConfReader> readers, string file)
    {
        var notices = new List<(int Line, string Text)>();
        foreach (var reader in readers)
            notices.AddRange(reader.Unknown().Select(entry => (entry.Line, $"unknown key '{Path(reader.Section, entry.Key)}'")));
        var read = readers.Select(reader => reader.Section).ToHashSet();
        AddSections(root, read, notices);
        return notices.OrderBy(notice => notice.Line)
            .Select(notice => string.Create(CultureInfo.InvariantCulture, $"{file}:{notice.Line}: {notice.Text}"));
    }

    private static void AddSections(ConfSection section, HashSet<ConfSection> read, List<(int Line, string Text)> notices)
    {
        foreach (var child in section.Sections)
        {
            if (read.Contains(child))
                AddSections(child, read, notices);
            else if (!Foreign.Contains(child.Name))
                notices.Add((child.Line, $"unknown section '{Path(section, child.Name)}'"));
        }
    }

    private static string Path(ConfSection section, string name) => section.Name.Length == 0 ? name : $"{section.Name}.{name}";
}
