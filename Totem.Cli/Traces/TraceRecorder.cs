using System.Collections.Concurrent;
using Totem.CommandLine;
using Totem.Core.Diagnostics;
using Totem.Simulation.Traces;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli.Traces;

/// <summary>Reads the name of a message out of its bytes.</summary>
/// <param name="payload">The delivery.</param>
/// <param name="id">Which message it says it is.</param>
/// <param name="hash">Over its bytes.</param>
/// <returns>False for a message that no traced sender made; it is left out of the trace.</returns>
internal delegate bool MessageNaming(ReadOnlySpan<byte> payload, out MessageId id, out ulong hash);

/// <summary>
/// Writes the trace of one life of a member: what it sent, as its engine reports it, and what its application was
/// handed. A send is in the file before its datagram leaves, so that a killed process leaves no message without its
/// sender.
/// </summary>
internal sealed class TraceRecorder : IRingObserver, IDisposable
{
    private readonly record struct Submitted(MessageId Id, Guarantee Guarantee, ulong Hash);

    private readonly Lock _lock = new();
    private readonly TraceWriter _writer;
    private readonly MessageNaming _naming;
    private readonly int _incarnation;
    private readonly ConcurrentQueue<Submitted> _submitted = [];
    private readonly List<(RingId Ring, Submitted Message)> _sentAhead = [];
    private ProcessorId _self;
    private RingId _regular;
    private readonly List<TraceEvent> _beforeStart = [];
    private bool _hasEnded;

    private TraceRecorder(TraceWriter writer, int incarnation, MessageNaming naming)
        => (_writer, _incarnation, _naming) = (writer, incarnation, naming);

    /// <summary>Creates the file; one that is there is replaced.</summary>
    /// <param name="path">The file.</param>
    /// <param name="incarnation">Which life of the member this is, from 1.</param>
    /// <param name="naming">How messages name themselves.</param>
    /// <exception cref="CommandFailedException">The file cannot be written.</exception>
    public static TraceRecorder Create(string path, int incarnation, MessageNaming naming)
    {
        try
        {
            // No buffer in this process: what was handed over survives a kill.
            var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            return new TraceRecorder(new TraceWriter(stream), incarnation, naming);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(
                ExitCode.Environment, $"--trace {FailureText.OfFile(path, failure, isWritten: true)}");
        }
    }

    /// <summary>A message is about to be submitted. In the order of submission; one thread at a time.</summary>
    public void Submitting(MessageId id, Guarantee guarantee, ulong hash) =>
        _submitted.Enqueue(new Submitted(id, guarantee, hash));

    /// <summary>The member runs, under this id. Its deeds before it said so are written behind the start.</summary>
    public void Start(ProcessorId self)
    {
        lock (_lock)
        {
            _self = self;
            Add(new TraceEvent(TraceEventKind.Start, _self, _incarnation, Now));
            foreach (var traceEvent in _beforeStart)
                Add(traceEvent with { Processor = self });
            _beforeStart.Clear();
            FlushLocked();
        }
    }

    /// <inheritdoc />
    public void OnEvent(in RingEvent ringEvent)
    {
        if (ringEvent.Kind != RingEventKind.MessageSent)
            return;
        lock (_lock)
        {
            if (!_submitted.TryDequeue(out var message))
                throw new InvariantException("a message was sent that nobody submitted");
            // The engine is ahead of its application: it may send on a ring whose configuration
            // still waits to be delivered.
            if (ringEvent.Ring != _regular)
                _sentAhead.Add((ringEvent.Ring, message));
            else
                AddSend(ringEvent.Ring, message);
            FlushLocked();
        }
    }

    /// <summary>An element of the ordered stream, in order, as it is handed to the application.</summary>
    public void Delivered(ConfigurationChange change)
    {
        lock (_lock)
        {
            Add(new TraceEvent(TraceEventKind.Install, _self, _incarnation, Now, change.Configuration));
            if (change.Configuration.Kind == ConfigurationKind.Regular)
            {
                _regular = change.Configuration.Ring;
                AddSendsOf(_regular);
            }
            else
            {
                _regular = default;
            }

            FlushLocked();
        }
    }

    /// <summary>A message, in order, as it is handed to the application.</summary>
    public void Delivered(RingId ring, Guarantee guarantee, ReadOnlySpan<byte> payload)
    {
        if (!_naming(payload, out var id, out var hash))
            return;
        lock (_lock)
            Add(new TraceEvent(TraceEventKind.Deliver, _self, _incarnation, Now, null, id, guarantee, hash, ring));
    }

    /// <summary>Ends the trace.</summary>
    /// <param name="asFailure">Whether the member's life ends here: it leaves.</param>
    public void End(bool asFailure)
    {
        lock (_lock)
        {
            if (_hasEnded)
                return;
            if (asFailure)
                Add(new TraceEvent(TraceEventKind.Fail, _self, _incarnation, Now));
            FlushLocked();
            _hasEnded = true;
            _writer.Dispose();
        }
    }

    private void AddSendsOf(RingId ring)
    {
        foreach (var (_, message) in _sentAhead.Where(x => x.Ring == ring))
            AddSend(ring, message);
        _sentAhead.RemoveAll(x => x.Ring == ring);
    }

    private void AddSend(RingId ring, Submitted message)
        => Add(new TraceEvent(
            TraceEventKind.Send, _self, _incarnation, Now, null, message.Id, message.Guarantee, message.Hash, ring));

    private void Add(TraceEvent traceEvent)
    {
        // On loopback the free slot decides who this is, and the ring may be quicker than the word of it.
        if (_self.IsNone)
            _beforeStart.Add(traceEvent);
        else if (!_hasEnded)
            _writer.Write(traceEvent);
    }

    private void FlushLocked()
    {
        if (!_hasEnded)
            _writer.Flush();
    }

    private static long Now => DateTime.UtcNow.Ticks;

    /// <inheritdoc />
    public void Dispose() => End(asFailure: false);
}
