using System.Globalization;

namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// Puts the sections of a file together as corosync does. A section that stands again adds to the first and its keys
/// win. Each <c>nodelist</c> counts its nodes from the beginning, so that a second one changes the first nodes instead
/// of adding some.
/// </summary>
internal sealed class ConfBuilder(ConfMap map, ConfProblems problems) : IConfHandler
{
    private readonly Stack<(string Path, Place Place, int Line)> _open = new([("", Place.Plain, 0)]);
    private readonly List<(string Key, string Value, int Line)> _collected = [];
    private readonly List<(int Line, string Text)> _notices = [];
    private int _node;
    private long _link;

    /// <summary>The group that the <c>uidgid</c> sections say.</summary>
    public ConfAccess Access { get; } = new(problems);

    /// <summary>Where keys go, which sections inside of a section inherit.</summary>
    private enum Place
    {
        Plain,
        Interface,
        Member,
        Node,
        Subsystem,
        Daemon,
        Access,
    }

    /// <summary>The lines that corosync reads otherwise than a person would.</summary>
    public IReadOnlyList<(int Line, string Text)> Notices => _notices;

    public void Begin(string path, int line)
    {
        var place = path switch
        {
            "totem.interface" => Place.Interface,
            "totem.interface.member" => Place.Member,
            "nodelist.node" => Place.Node,
            "logging.logger_subsys" => Place.Subsystem,
            "logging.logging_daemon" => Place.Daemon,
            "uidgid" => Place.Access,
            "totem" or "nodelist" or "quorum" or "quorum.device" or "system" or "resources" => Place.Plain,
            _ => _open.Peek().Place,
        };
        if (path == "nodelist")
        {
            if (map.Has(path))
                _notices.Add((line, $"nodelist stands in line {map.LineOf(path)} too: its nodes change the first ones "
                    + "there instead of being added, as in corosync"));
            _node = 0;
        }

        _open.Push((path, place, line));
        map.AddSection(path, line);
        if (place is Place.Interface or Place.Subsystem or Place.Daemon)
            _collected.Clear();
        if (place == Place.Interface)
            _link = 0;
        // corosync takes what stands inside of the section as if it stood in it.
        if (place == Place.Access)
            Access.Begin("uidgid", line);
        if (place == Place.Node)
            map.AddSection(NodePath, line);
    }

    public void Item(string key, string value, int line)
    {
        var (path, place, _) = _open.Peek();
        var whole = path.Length == 0 ? key : $"{path}.{key}";
        switch (place)
        {
            case Place.Node:
                map.Set($"{NodePath}.{key}", $"node.{key}", value, line, ConfKeys.Find($"{NodePath}.{key}"));
                break;
            case Place.Interface when whole == "totem.interface.linknumber":
                if (ConfKeys.LinkNumber.Problem(value) is { } expected)
                    problems.Add(line, $"interface.linknumber is '{value}', expected {expected}");
                else
                    _link = ConfKeys.LinkNumber.Number(value) ?? 0;
                break;
            case Place.Interface when path == "totem.interface"
                && ConfKeys.Find($"totem.interface.0.{key}") is not null:
            case Place.Subsystem or Place.Daemon:
                _collected.Add((key, value, line));
                break;
            case Place.Member when key != "memberaddr":
                problems.Add(line, $"'{ConfSyntax.Shorten(key)}' in interface.member, expected only memberaddr");
                break;
            case Place.Member:
                _notices.Add((line, "interface.member has no effect: the node list says who the members are"));
                break;
            case Place.Access:
                Access.Item(key, value, line);
                break;
            default:
                if (key == "poll_period" && path.StartsWith("resources.", StringComparison.Ordinal)
                    && ConfKeys.Period.Problem(value) is { } number)
                    problems.Add(line, $"{whole} is '{value}', expected {number}");
                // Keys with dots are texts to corosync: those that it wants as numbers it does not find.
                var known = ConfKeys.Find(whole);
                var isInside = path.Length > 0 && !key.Contains('.', StringComparison.Ordinal);
                map.Set(whole, whole, value, line, isInside || known?.Min is null ? known : null);
                if (!isInside && known?.Min is not null)
                    _notices.Add((line, $"'{whole}' outside of its section has no effect, as in corosync"));
                break;
        }
    }

    public void End(int line)
    {
        var (_, place, begin) = _open.Pop();
        switch (place)
        {
            case Place.Interface:
                var link = string.Create(CultureInfo.InvariantCulture, $"totem.interface.{_link}");
                if (_collected.Count > 0)
                    map.AddSection(link, begin);
                foreach (var (key, value, at) in _collected)
                    map.Set($"{link}.{key}", $"interface.{key}", value, at, ConfKeys.Find($"{link}.{key}"));
                break;
            case Place.Node:
                _node++;
                break;
            case Place.Access:
                Access.End(line);
                break;
            case Place.Subsystem:
                AddSubsystem("logger_subsys", begin, isDaemon: false);
                break;
            case Place.Daemon:
                AddSubsystem("logging_daemon", begin, isDaemon: true);
                break;
        }
    }

    private string NodePath => string.Create(CultureInfo.InvariantCulture, $"nodelist.node.{_node}");

    private void AddSubsystem(string section, int begin, bool isDaemon)
    {
        var subsystem = _collected.FindLast(x => x.Key == "subsys").Value;
        var daemon = _collected.FindLast(x => x.Key == "name").Value;
        if (isDaemon ? daemon is null : subsystem is null)
        {
            problems.Add(begin, $"logging.{section} has no {(isDaemon ? "name" : "subsys")}, expected one");
            return;
        }

        // Other daemons have logs of their own.
        if (isDaemon && daemon != "corosync")
            return;
        var path = subsystem is null ? "logging" : $"logging.logger_subsys.{subsystem}";
        foreach (var (key, value, line) in _collected.Where(x => !isDaemon || x.Key != "name"))
            map.Set($"{path}.{key}", subsystem is null ? $"logging.{key}" : $"logger_subsys.{key}", value, line,
                ConfKeys.Find($"{path}.{key}"));
    }
}
