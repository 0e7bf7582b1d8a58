using Microsoft.Extensions.Logging;

namespace Totem.Transport.Udp.Corosync;

/// <summary>The words before each line of a log.</summary>
public enum LogTimestamp
{
    /// <summary><c>timestamp: off</c>.</summary>
    None,

    /// <summary><c>timestamp: on</c>: month, day and the time of day.</summary>
    Seconds,

    /// <summary><c>timestamp: hires</c>, the default: with milliseconds.</summary>
    Milliseconds,
}

/// <summary>The <c>logging</c> section, with corosync's defaults: the standard error and the
/// system's log, from information on.</summary>
public sealed record ConfLogging
{
    internal static readonly string[] Facilities =
    [
        "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp",
        "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];

    /// <summary>The numbers of <see cref="Facilities"/> (syslog.h).</summary>
    private static readonly int[] FacilityNumbers =
        [4, 10, 9, 3, 11, 0, 6, 2, 7, 5, 1, 8, 16, 17, 18, 19, 20, 21, 22, 23];

    private static readonly Dictionary<string, ConfLogging> NoSubsystems = new(StringComparer.Ordinal);

    /// <summary><c>to_stderr</c>. Default true.</summary>
    public bool ToStandardError { get; init; } = true;

    /// <summary><c>to_syslog</c>. Default true.</summary>
    public bool ToSyslog { get; init; } = true;

    /// <summary><c>logfile</c> if <c>to_logfile: yes</c>, else null.</summary>
    public string? LogFile { get; init; }

    /// <summary>The least level for the standard error and the file: <c>logfile_priority</c>, or by
    /// <c>debug</c>.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>The least level for the system's log: <c>syslog_priority</c>, or by <c>debug</c>.</summary>
    public LogLevel SyslogLevel { get; init; } = LogLevel.Information;

    /// <summary><c>syslog_facility</c> as its number in syslog.h. Default 3, daemon.</summary>
    public int SyslogFacility { get; init; } = 3;

    /// <summary><c>timestamp</c>, for the standard error and the file.</summary>
    public LogTimestamp Timestamp { get; init; } = LogTimestamp.Milliseconds;

    /// <summary>The settings that <c>logger_subsys</c> says of single subsystems, by name: MAIN, TOTEM and CPG are
    /// known here.</summary>
    public IReadOnlyDictionary<string, ConfLogging> Subsystems { get; init; } = NoSubsystems;

    /// <summary>The settings of a subsystem.</summary>
    public ConfLogging For(string subsystem) => Subsystems.TryGetValue(subsystem, out var own) ? own : this;

    /// <summary>Whether there is anywhere to write a level to.</summary>
    public bool IsEnabled(LogLevel level) =>
        (level >= Level && (ToStandardError || LogFile is not null)) || (level >= SyslogLevel && ToSyslog);

    internal static ConfLogging Read(ConfMap map, ConfProblems problems)
    {
        const string Prefix = "logging.logger_subsys.";
        var whole = new ConfReader(map, problems, "logging");
        var result = Read(whole, new ConfLogging(), problems) with
        {
            Timestamp = whole.Text("timestamp") switch
            {
                "off" => LogTimestamp.None,
                "on" => LogTimestamp.Seconds,
                _ => LogTimestamp.Milliseconds,
            },
        };
        var subsystems = new Dictionary<string, ConfLogging>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in map.Entries.Where(x => x.Path.StartsWith(Prefix, StringComparison.Ordinal)
            && x.Path.EndsWith(".subsys", StringComparison.Ordinal)))
        {
            var reader = new ConfReader(map, problems, entry.Path[..^".subsys".Length], "logger_subsys");
            subsystems[entry.Text] = Read(reader, result, problems);
        }

        return result with { Subsystems = subsystems };
    }

    private static ConfLogging Read(ConfReader reader, ConfLogging above, ConfProblems problems)
    {
        var file = reader.Text("logfile") is { Length: > 0 } text ? Path.GetFullPath(text) : null;
        if (file is not null && Path.GetDirectoryName(file) is { } folder && !Directory.Exists(folder))
            problems.Add(reader.LineOf("logfile"), $"{reader.Find("logfile")!.Name} is '{reader.Text("logfile")}', "
                + "expected a file in a directory that is there");
        var toFile = Switch("to_logfile") ?? Switch("to_file") ?? above.LogFile is not null;
        var debug = reader.Text("debug") switch
        {
            "on" => LogLevel.Debug,
            "trace" => LogLevel.Trace,
            _ => LogLevel.None,
        };
        var facility = Array.IndexOf(Facilities, reader.Text("syslog_facility"));
        return above with
        {
            ToStandardError = Switch("to_stderr") ?? above.ToStandardError,
            ToSyslog = Switch("to_syslog") ?? above.ToSyslog,
            LogFile = toFile ? file ?? above.LogFile : null,
            Level = debug != LogLevel.None ? debug : LevelOf(reader.Text("logfile_priority")) ?? Calm(above.Level),
            SyslogLevel = debug != LogLevel.None ? debug
                : LevelOf(reader.Text("syslog_priority") ?? reader.Text("syslog_level")) ?? Calm(above.SyslogLevel),
            SyslogFacility = facility < 0 ? above.SyslogFacility : FacilityNumbers[facility],
            Subsystems = NoSubsystems,
        };

        // debug is off for a subsystem unless it says so itself.
        static LogLevel Calm(LogLevel level) => level < LogLevel.Information ? LogLevel.Information : level;

        bool? Switch(string key) => reader.Text(key) is null ? null : reader.IsYes(key);
    }

    private static LogLevel? LevelOf(string? priority) => priority?.ToLowerInvariant() switch
    {
        null => null,
        "debug" => LogLevel.Debug,
        "info" or "notice" => LogLevel.Information,
        "warning" => LogLevel.Warning,
        "err" or "error" => LogLevel.Error,
        _ => LogLevel.Critical,
    };
}
