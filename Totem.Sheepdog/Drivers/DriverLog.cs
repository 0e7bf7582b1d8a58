using System.Globalization;
using Microsoft.Extensions.Logging;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers;

/// <summary>Lines that wait for the thread that dispatches. The driver's lock guards it.</summary>
internal sealed class DriverLog
{
    /// <summary>Of a loop that stands still the first lines are kept: they say how it began.</summary>
    public const int LinesMax = 1000;

    private readonly Queue<ClusterNote> _lines = new();
    private int _dropped;

    public bool HasLines => _lines.Count > 0;

    public void Add(ClusterLogLevel level, string text)
    {
        if (_lines.Count < LinesMax)
            _lines.Enqueue(new ClusterNote(level, text.ReplaceLineEndings(" | ")));
        else
            _dropped++;
    }

    public bool TryTake(out ClusterNote line)
    {
        if (!_lines.TryDequeue(out line))
            return false;
        if (_lines.Count == 0 && _dropped > 0)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{_dropped} more lines were dropped, since "
                + $"{LinesMax} waited to be taken");
            _lines.Enqueue(new ClusterNote(ClusterLogLevel.Warning, text));
            _dropped = 0;
        }

        return true;
    }
}

/// <summary>Takes what the ring's member logs, from a level on, as lines of the driver's log. Never
/// an exception's type or stack.</summary>
internal sealed class DriverLoggerFactory(Action<ClusterLogLevel, string> write, LogLevel from = LogLevel.Information)
    : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
        // There is one place for all lines.
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= from && logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState,
        Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        var level = logLevel switch
        {
            LogLevel.Trace or LogLevel.Debug => ClusterLogLevel.Debug,
            LogLevel.Information => ClusterLogLevel.Information,
            LogLevel.Warning => ClusterLogLevel.Warning,
            _ => ClusterLogLevel.Error,
        };
        write(level, formatter(state, null));
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
