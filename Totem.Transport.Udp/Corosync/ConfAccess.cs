using System.Globalization;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// The <c>uidgid</c> sections of the file and of the files in <c>uidgid.d</c> beside it: who but root may use a daemon.
/// Here a member needs its ring sequence, so the group that is named first gets the directory of state.
/// </summary>
internal sealed class ConfAccess(ConfProblems problems) : IConfHandler
{
    private const string Section = "uidgid";

    private readonly Stack<(string Path, int Line, bool HasGroup)> _open = new([("", 0, true)]);
    private readonly List<(int Line, string Text)> _notices = [];

    /// <summary>The group, if one is named.</summary>
    public uint? Group { get; private set; }

    /// <summary>The keys that have no effect here.</summary>
    public IReadOnlyList<(int Line, string Text)> Notices => _notices;

    /// <summary>The access that the files in <c>uidgid.d</c> say, in the order of their names.</summary>
    /// <exception cref="CorosyncConfException">One cannot be used.</exception>
    public static IEnumerable<(string File, ConfAccess Access)> Beside(string path)
    {
        var folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/", Section + ".d");
        if (!Directory.Exists(folder))
            yield break;
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            var problems = new ConfProblems(file);
            var access = new ConfAccess(problems);
            ConfSyntax.Parse(ConfFile.Read(file), problems, access);
            problems.ThrowIfAny();
            yield return (file, access);
        }
    }

    /// <summary>Whether there is such a user or group: with another corosync does not start.</summary>
    public static void Check(string key, string value, int line, ConfProblems problems)
    {
        if (OperatingSystem.IsLinux()
            && (key == "uid" ? LinuxAccounts.FindUser(value) : LinuxAccounts.FindGroup(value)) is null)
            problems.Add(line, $"uidgid.{key} is '{value}', expected a {(key == "uid" ? "user" : "group")} of this "
                + "host, by name or number");
    }

    public void Begin(string path, int line)
    {
        if (path != Section)
            problems.Add(line, $"section '{path}', expected only {Section}");
        _open.Push((path, line, false));
    }

    public void Item(string key, string value, int line)
    {
        var (path, begin, hasGroup) = _open.Pop();
        _open.Push((path, begin, hasGroup || key == "gid"));
        if (path != Section || key is not ("uid" or "gid"))
            problems.Add(line, $"'{ConfSyntax.Shorten(key)}', expected only uid and gid in {Section}");
        else
            Check(key, value, line, problems);
        if (key != "gid" || !OperatingSystem.IsLinux() || LinuxAccounts.FindGroup(value) is not { } found)
            return;
        if (Group is not null && Group != found)
            _notices.Add((line, $"uidgid.gid '{value}' is a second group and has no effect here: one shares the "
                + "directory of state"));
        else
            Group = found;
    }

    public void End(int line)
    {
        if (_open.Pop() is (Section, var begin, false))
            _notices.Add(
                (begin, "uidgid without gid has no effect here, expected a group that shares the directory of state"));
    }

    /// <summary>The first group that is named, in the file or beside it, and what has no effect.</summary>
    public static (uint? Group, IReadOnlyList<string> Notices) Together(
        IEnumerable<(string File, ConfAccess Access)> files)
    {
        uint? group = null;
        var notices = new List<string>();
        foreach (var (file, access) in files)
        {
            foreach (var (line, text) in access.Notices)
                notices.Add(string.Create(CultureInfo.InvariantCulture, $"{file}:{line}: {text}"));
            if (group is not null && access.Group is { } other && other != group)
                notices.Add($"{file}: uidgid.gid {other} is a second group and has no effect here: one shares the "
                    + "directory of state");
            group ??= access.Group;
        }

        return (group, notices);
    }
}
