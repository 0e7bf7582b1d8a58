using System.Buffers;
using System.Text.Json;

namespace Totem.Simulation.Traces;

/// <summary>
/// Writes the events of one life of one processor, one JSON object a line, for <see cref="TraceReader"/> and for
/// people. Used by one thread at a time. Errors of the stream come through unchanged.
/// </summary>
/// <remarks>
/// Events are collected until <see cref="Flush"/> (or until <see cref="BufferBytes"/> are waiting). An event that must
/// survive a kill must be flushed: a process that flushes before it lets a message out to the network has every send of
/// a delivered message in its file. Bytes handed to a file's stream with its own buffer switched off survive the death
/// of the process.
/// </remarks>
public sealed class TraceWriter : IDisposable
{
    /// <summary>How many bytes wait at most before they are handed to the stream unasked.</summary>
    public const int BufferBytes = 32 * 1024;

    private readonly Stream _stream;
    private readonly ArrayBufferWriter<byte> _lines = new(BufferBytes + (4 * 1024));
    private readonly Utf8JsonWriter _json;

    /// <summary>A writer that appends to a stream, and closes it when it is disposed.</summary>
    public TraceWriter(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        // Our own events are always well formed; checking them again would cost on the ring's thread.
        _json = new Utf8JsonWriter(_lines, new JsonWriterOptions { SkipValidation = true });
    }

    /// <summary>Appends one event.</summary>
    /// <exception cref="ArgumentException">An install without a configuration.</exception>
    public void Write(TraceEvent traceEvent)
    {
        ArgumentNullException.ThrowIfNull(traceEvent);
        if (traceEvent.Kind == TraceEventKind.Install && traceEvent.Configuration is null)
            throw new ArgumentException("an install without a configuration, one expected", nameof(traceEvent));
        TraceLine.Write(_json, traceEvent);
        _json.Flush();
        _json.Reset();
        _lines.Write("\n"u8);
        if (_lines.WrittenCount >= BufferBytes)
            Flush();
    }

    /// <summary>Hands everything written so far to the stream, and flushes that.</summary>
    public void Flush()
    {
        _stream.Write(_lines.WrittenSpan);
        _lines.ResetWrittenCount();
        _stream.Flush();
    }

    /// <summary>Flushes and closes the stream.</summary>
    public void Dispose()
    {
        Flush();
        _json.Dispose();
        _stream.Dispose();
    }
}
