using Microsoft.Extensions.Logging;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers;

namespace Totem.Tests.Sheepdog;

/// <summary>Lines for the operator that wait for the loop.</summary>
public sealed class DriverLogTests
{
    /// <summary>The first lines say how it began; what was dropped is said behind them, once.</summary>
    [Fact]
    public void Of_too_many_lines_the_first_are_kept()
    {
        var log = new DriverLog();
        for (var i = 0; i < DriverLog.LinesMax + 7; i++)
            log.Add(ClusterLogLevel.Information, $"line {i}");
        for (var i = 0; i < DriverLog.LinesMax; i++)
        {
            Assert.True(log.TryTake(out var line));
            Assert.Equal($"line {i}", line.Text);
        }

        Assert.True(log.TryTake(out var last));
        Assert.Equal((ClusterLogLevel.Warning, "7 more lines were dropped, since 1000 waited to be taken"),
            (last.Level, last.Text));
        Assert.False(log.HasLines);
        log.Add(ClusterLogLevel.Error, "one\ntwo");
        Assert.True(log.TryTake(out last));
        Assert.Equal("one | two", last.Text);
    }

    [Fact]
    public void A_log_entry_of_the_ring_is_a_line_without_its_exception()
    {
        var lines = new List<string>();
        var failure = new InvalidDataException("not this");
        using var factory = new DriverLoggerFactory((level, text) => lines.Add($"{level} {text}"));
        var logger = factory.CreateLogger("Totem.Transport");
        Assert.False(logger.IsEnabled(LogLevel.Debug));
        Write(LogLevel.Debug, "nothing");
        Write(LogLevel.Information, "installed");
        Write(LogLevel.Warning, "token lost");
        Write(LogLevel.Critical, "stops");
        Assert.Equal(["Information installed", "Warning token lost", "Error stops"], lines);

        void Write(LogLevel level, string text)
            => logger.Log(level, default, text, failure, static (state, passed) => $"{state}{passed}");
    }
}
