using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Totem.Tests.Transport;

/// <summary>Keeps every line of a log, of all categories.</summary>
internal sealed class LineLogger : ILogger
{
    public ConcurrentQueue<(LogLevel Level, int Id, string Text)> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState,
        Exception?, string> formatter)
        => Lines.Enqueue((logLevel, eventId.Id, formatter(state, exception)));
}

/// <summary>Gives everybody the same log.</summary>
internal sealed class LineLoggerFactory(LineLogger logger) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => logger;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
