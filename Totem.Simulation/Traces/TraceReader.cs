namespace Totem.Simulation.Traces;

/// <summary>
/// Reads what <see cref="TraceWriter"/> wrote, line by line. A last line without its line feed is what a killed process
/// leaves behind: it is dropped, and <see cref="IsTorn"/> tells. Anything else that is not an event is an error.
/// Used by one thread at a time.
/// </summary>
public sealed class TraceReader : IDisposable
{
    /// <summary>The longest line that is read: an install of 128 members takes under 2 KiB.</summary>
    public const int MaxLineBytes = 16 * 1024;

    private readonly Stream _stream;
    private readonly string _name;
    private readonly byte[] _buffer = new byte[4 * MaxLineBytes];
    private int _start;
    private int _end;

    /// <summary>A reader of a stream, which is closed when the reader is disposed.</summary>
    /// <param name="stream">Positioned at the beginning of a line.</param>
    /// <param name="name">The name of the stream in error messages: a path.</param>
    public TraceReader(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _name = name;
    }

    /// <summary>The number of the line that was read last, from 1.</summary>
    public int LineNumber { get; private set; }

    /// <summary>True once the end is reached and the last line was cut.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="InvalidDataException">A line is not an event; the message is <c>path:line:
    /// what was expected</c>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TraceFile ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var reader = new TraceReader(
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite), path);
        var events = new List<TraceEvent>();
        while (reader.TryRead(out var traceEvent))
            events.Add(traceEvent);
        return new TraceFile(path, events, reader.IsTorn);
    }

    /// <summary>Reads the next event.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="InvalidDataException">A line is not an event, or is longer than
    /// <see cref="MaxLineBytes"/>.</exception>
    public bool TryRead([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TraceEvent? traceEvent)
    {
        traceEvent = null;
        if (!TryReadLine(out var line))
            return false;
        try
        {
            traceEvent = TraceLine.Parse(line);
            return true;
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{_name}:{LineNumber}: {e.Message}", e);
        }
    }

    /// <summary>Closes the stream.</summary>
    public void Dispose() => _stream.Dispose();

    private bool TryReadLine(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var waiting = _buffer.AsSpan(_start.._end);
            var feed = waiting.IndexOf((byte)'\n');
            if ((feed < 0 ? waiting.Length : feed) > MaxLineBytes)
                throw new InvalidDataException($"{_name}:{LineNumber + 1}: a line of at most {MaxLineBytes} bytes "
                    + "expected");
            if (feed >= 0)
            {
                line = waiting[..feed];
                _start += feed + 1;
                LineNumber++;
                return true;
            }

            if (!Fill())
            {
                IsTorn = _end > _start;
                line = default;
                return false;
            }
        }
    }

    private bool Fill()
    {
        _buffer.AsSpan(_start.._end).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        var count = _stream.Read(_buffer.AsSpan(_end));
        _end += count;
        return count > 0;
    }
}

/// <summary>The events of one file: of one life of one processor.</summary>
/// <param name="Path">Where they were read.</param>
/// <param name="Events">In order.</param>
/// <param name="IsTorn">
/// The last line was cut. A process may have been killed with whole events unwritten as well: who kills a process knows
/// that its life belongs to <see cref="Checkers.EvsCheckOptions.TornLives"/>, whatever this says.
/// </param>
public sealed record TraceFile(string Path, IReadOnlyList<TraceEvent> Events, bool IsTorn);
