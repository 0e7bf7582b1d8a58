using System.Globalization;
using Totem.Transport.Udp.Internal;

namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// The <c>uidgid</c> sections of the file and of the files in <c>uidgid.d</c> beside it: who but root may use a daemon. Here a member
/// needs its ring sequence, so the group that is named first gets the directory of state.
/// </summary>
internal static class ConfAccess
{
    private const string Section = "uidgid";

    /// <summary>The sections of the files in <c>uidgid.d</c>.</summary>
    /// <exception cref="CorosyncConfException">One cannot be used.</exception>
    public static IEnumerable<(string File, ConfSection Root)> Beside(string path)
    {
        var folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/", Section + ".d");
        if (!Directory.Exists(folder))
            yield break;
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            var problems = new ConfProblems(file);
            var root = ConfSyntax.Parse(ConfSyntax.ReadFile(file), problems);
            problems.ThrowIfAny();
            yield return (file, root);
        }
    }

    /// <returns>The group, if one is named and exists; and what has no effect here.</returns>
    public static (uint? Group, IReadOnlyList<string> Notices) Read(IEnumerable<(string File, ConfSection Root)> files)
    {
        uint? group = null;
        var notices = new List<string>();
        foreach (var (file, section) in files.SelectMany(x => x.Root.Named(Section), (x, section) => (x.File, section)))
        {
            if (section.Entries.FindLast(entry => entry.Key == "gid") is not { } entry)
                Notice(section.Line, "uidgid without gid has no effect here, expected a group that shares the directory of state");
            else if (!OperatingSystem.IsLinux() || LinuxAccounts.FindGroup(entry.Value) is not { } found)
                Notice(entry.Line, $"uidgid.gid is '{entry.Value}', expected a group of this host");
            else if (group is not null && group != found)
                Notice(entry.Line, $"uidgid.gid '{entry.Value}' is a second group and has no effect here: one shares the directory of state");
            else
                group = found;

            void Notice(int line, string text) => notices.Add(string.Create(CultureInfo.InvariantCulture, $"{file}:{line}: {text}"));
        }

        return (group, notices);
    }
}
