using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Diagnostics;

namespace Totem.Transport.Udp.Embedding;

/// <summary>
/// Takes log lines to where the <c>logging</c> section of a <c>corosync.conf</c> wants them: standard error, a file,
/// the system's log. A thread of its own writes, since whoever logs is mostly the ring's, which waits for no disk.
/// Beyond <see cref="LinesMax"/> lines that wait more are dropped and counted.
/// </summary>
public sealed class ConfiguredLog : ILoggerFactory, ILoggerProvider
{
    /// <summary>Of a loop that floods the log the first lines are kept: they say how it began.</summary>
    internal const int LinesMax = 1000;

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);

    private readonly ConfLogging _logging;
    private readonly string _program;
    private readonly Action<string>? _standardError;
    private readonly SystemLog _systemLog;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _ready = new(0);
    private readonly HashSet<string> _unwritable = new(StringComparer.Ordinal);
    private List<LogLine> _lines = [];
    private int _dropped;
    private Thread? _writer;
    private bool _hasEnded;

    /// <param name="logging">The destinations of each subsystem.</param>
    /// <param name="program">The name of this program in the system's log and in the file.</param>
    /// <param name="standardError">Takes whole lines; null where the standard error is another's.</param>
    /// <param name="systemLog">The socket of the system's log.</param>
    public ConfiguredLog(
        ConfLogging logging, string program, Action<string>? standardError, string systemLog = SystemLog.DefaultPath)
    {
        ArgumentNullException.ThrowIfNull(logging);
        _logging = logging;
        _program = program;
        _standardError = standardError;
        _systemLog = new SystemLog(systemLog, program);
    }

    /// <summary>Why a file of the section cannot be written to; null when all can.</summary>
    public string? FileProblem()
    {
        foreach (var file in _logging.Subsystems.Values.Append(_logging).Select(x => x.LogFile).OfType<string>()
            .Distinct(StringComparer.Ordinal))
        {
            if (TryWrite(file, "") is { } problem)
                return problem;
        }

        return null;
    }

    /// <inheritdoc cref="ILoggerFactory.CreateLogger" />
    public ILogger CreateLogger(string categoryName) => new Logger(this);

    /// <inheritdoc />
    public void AddProvider(ILoggerProvider provider)
    {
        // The section says where lines go.
    }

    /// <summary>The subsystem of corosync whose matter an event is: the numbers are those of
    /// docs/reference/transport.md.</summary>
    internal static string SubsystemOf(EventId id) => id.Id is >= 2000 and < 4000 ? "TOTEM" : "MAIN";

    /// <summary>Adds a line; it is written soon.</summary>
    public void Add(string subsystem, LogLevel level, string text)
    {
        var logging = _logging.For(subsystem);
        if (!logging.IsEnabled(level))
            return;
        lock (_gate)
        {
            if (_hasEnded)
                return;
            if (_lines.Count >= LinesMax)
            {
                _dropped++;
                return;
            }

            _lines.Add(new LogLine(DateTime.Now, level, subsystem, text.ReplaceLineEndings(" | "), logging));
            if (_lines.Count == 1)
                _ready.Release();
            if (_writer is not null)
                return;
            _writer = new Thread(Write) { IsBackground = true, Name = "totem-log" };
            _writer.Start();
        }
    }

    /// <summary>Writes what waits.</summary>
    public void Dispose()
    {
        Thread? writer;
        lock (_gate)
        {
            if (_hasEnded)
                return;
            (_hasEnded, writer) = (true, _writer);
        }

        _ready.Release();
        writer?.Join(EndLimit);
        _systemLog.Dispose();
    }

    private bool IsEnabled(LogLevel level) =>
        _logging.IsEnabled(level) || _logging.Subsystems.Values.Any(x => x.IsEnabled(level));

    private void Write()
    {
        while (true)
        {
            _ready.Wait();
            List<LogLine> lines;
            bool isLast;
            lock (_gate)
            {
                (lines, _lines, isLast) = (_lines, [], _hasEnded);
                if (_dropped > 0)
                {
                    var text = string.Create(CultureInfo.InvariantCulture, $"{_dropped} more lines were dropped, since "
                        + $"{LinesMax} waited to be written");
                    lines.Add(new LogLine(DateTime.Now, LogLevel.Warning, "MAIN", text, _logging));
                    _dropped = 0;
                }
            }

            Write(lines);
            if (isLast)
                return;
        }
    }

    private void Write(List<LogLine> lines)
    {
        if (_standardError is { } write)
        {
            foreach (var line in lines.Where(line => line.Logging.ToStandardError && line.Level >= line.Logging.Level))
                write($"{line.Head}{line.Body}\n");
        }

        foreach (var line in lines.Where(line => line.Logging.ToSyslog && line.Level >= line.Logging.SyslogLevel))
            _systemLog.Write(line.Logging.SyslogFacility, line.Level, $"[{line.Subsystem,-6}] {line.Text}");
        // Opened each time: whoever rotates logs renames them.
        foreach (var file in lines.Where(line => line.Logging.LogFile is not null && line.Level >= line.Logging.Level)
            .GroupBy(line => line.Logging.LogFile!, StringComparer.Ordinal))
        {
            var text = string.Concat(file.Select(
                line => $"{line.Head}[{Environment.ProcessId}] {Environment.MachineName} {_program} {line.Body}\n"));
            if (TryWrite(file.Key, text) is { } problem && _unwritable.Add(file.Key))
                _systemLog.Write(_logging.SyslogFacility, LogLevel.Error, problem);
        }
    }

    private static string? TryWrite(string file, string text)
    {
        try
        {
            using var stream = new FileStream(
                file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            stream.Write(Encoding.UTF8.GetBytes(text));
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return $"logging.logfile {FailureText.OfFile(file, failure, isWritten: true)}";
        }
    }

    private sealed record LogLine(DateTime At, LogLevel Level, string Subsystem, string Text, ConfLogging Logging)
    {
        /// <summary>The time, as the section wants it.</summary>
        public string Head => Logging.Timestamp switch
        {
            LogTimestamp.None => "",
            LogTimestamp.Seconds => At.ToString("MMM dd HH:mm:ss ", CultureInfo.InvariantCulture),
            _ => At.ToString("MMM dd HH:mm:ss.fff ", CultureInfo.InvariantCulture),
        };

        public string Body => $"{LevelName,-7} [{Subsystem,-6}] {Text}";

        private string LevelName => Level switch
        {
            LogLevel.Trace => "trace",
            LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warning",
            LogLevel.Error => "error",
            _ => "crit",
        };
    }

    private sealed class Logger(ConfiguredLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && log.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState,
            Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.Add(SubsystemOf(eventId), logLevel, formatter(state, null));
        }
    }
}
