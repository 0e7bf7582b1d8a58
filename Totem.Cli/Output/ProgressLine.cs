namespace Totem.Cli.Output;

/// <summary>
/// A long command's words to people meanwhile, on standard error: on a terminal one live line that is overwritten,
/// elsewhere a line for each step, and nothing at all for programs. A line that is wider than the terminal would scroll
/// instead. Any thread.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);

    private readonly TextWriter? _output;
    private readonly bool _isLive;
    private readonly Func<int> _width;
    private readonly Lock _lock = new();
    private readonly long _started = System.Diagnostics.Stopwatch.GetTimestamp();
    private TimeSpan _lastDraw = TimeSpan.MinValue;
    private bool _hasLine;

    /// <summary>Creates the line.</summary>
    /// <param name="output">Where it goes; null for silence.</param>
    /// <param name="isLive">Whether that is a terminal.</param>
    /// <param name="width">The terminal's columns at that moment; null asks it.</param>
    public ProgressLine(TextWriter? output, bool isLive, Func<int>? width = null) =>
        (_output, _isLive, _width) = (output, isLive, width ?? (static () => Terminal.Width));

    /// <summary>The line for a command's output: silent for programs, live on a terminal.</summary>
    public static ProgressLine For(TextWriter error, bool isSilent)
        => new(isSilent ? null : error, ReferenceEquals(error, Console.Error) && Terminal.ObeysEscapes);

    /// <summary>A step is done: the text stays.</summary>
    public void Step(string text)
    {
        if (_output is null)
            return;
        lock (_lock)
        {
            Clear();
            var elapsed = System.Diagnostics.Stopwatch.GetElapsedTime(_started);
            _output.WriteLine($"{elapsed.TotalSeconds,6:0.00} s  {text}");
            _output.Flush();
        }
    }

    /// <summary>How far the current step is: the text is overwritten by the next one. Only on a terminal.</summary>
    /// <param name="text">The text.</param>
    /// <param name="shorter">The text for a place where that is too wide; null cuts it off.</param>
    public void Update(Func<string> text, Func<string>? shorter = null)
    {
        if (_output is null || !_isLive)
            return;
        lock (_lock)
        {
            var elapsed = System.Diagnostics.Stopwatch.GetElapsedTime(_started);
            if (_lastDraw != TimeSpan.MinValue && elapsed - _lastDraw < RedrawInterval)
                return;
            _lastDraw = elapsed;
            Clear();
            _output.Write(Fitting($"{elapsed.TotalSeconds,6:0.00} s  ", text, shorter));
            _output.Flush();
            _hasLine = true;
        }
    }

    private string Fitting(string time, Func<string> text, Func<string>? shorter)
    {
        // The last column stays free: many terminals go to the next line with it.
        var room = Math.Max(1, _width() - 1);
        var line = time + text();
        if (line.Length > room && shorter is not null)
            line = time + shorter();
        return line.Length <= room ? line : line[..(room - 1)] + "…";
    }

    private void Clear()
    {
        if (_hasLine)
            _output!.Write("\r\u001b[2K");
        _hasLine = false;
    }

    /// <summary>Leaves the terminal clean.</summary>
    public void Dispose()
    {
        if (_output is null)
            return;
        lock (_lock)
        {
            Clear();
            _output.Flush();
        }
    }
}
