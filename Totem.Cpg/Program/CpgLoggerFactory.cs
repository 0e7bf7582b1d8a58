using Microsoft.Extensions.Logging;

namespace Totem.Cpg.Program;

/// <summary>Takes what the ring's member logs, from warnings on: lost tokens, small buffers, a program that does not
/// dispatch, keys of the configuration that mean nothing. Never an exception's type or stack.</summary>
internal sealed class CpgLoggerFactory : ILoggerFactory, ILogger
{
    private readonly Action<CpgSeverity, string> _write;

    /// <param name="write">Where lines go; null for the system's log.</param>
    public CpgLoggerFactory(Action<CpgSeverity, string>? write = null) => _write = write ?? CpgLog.Write;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
        // There is one place for all lines.
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and not LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState,
        Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            _write(logLevel == LogLevel.Warning ? CpgSeverity.Warning : CpgSeverity.Error, formatter(state, null));
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
