using System.Diagnostics;
using System.Threading.Channels;
using Totem.Cli.Nodes;
using Totem.Cli.Traces;
using Totem.Simulation.Traces;

namespace Totem.Cli.Workers;

/// <summary>
/// Multicasts loads and marks one after the other, in one task, so that the order of submission is the order of the
/// numbers. Instructions come from one thread.
/// </summary>
internal sealed class LoadSender : IDisposable
{
    private static readonly TimeSpan PacingInterval = TimeSpan.FromMilliseconds(10);

    private readonly TotemNode _node;
    private readonly NodeOutput _output;
    private readonly TraceRecorder? _trace;
    private readonly int _incarnation;
    private readonly OutstandingMessages _outstanding;
    private readonly Channel<Func<Task>> _work = Channel.CreateUnbounded<Func<Task>>(); // As many as the parent sends.
    private CancellationTokenSource _stop = new();
    private long _numbered;
    private long _sent;

    /// <summary>Creates the sender of a running member.</summary>
    public LoadSender(
        TotemNode node, NodeOutput output, TraceRecorder? trace, int incarnation, OutstandingMessages outstanding)
    {
        _node = node;
        _output = output;
        _trace = trace;
        _incarnation = incarnation;
        _outstanding = outstanding;
    }

    /// <summary>Messages handed to the ring so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Works until <see cref="Complete"/>.</summary>
    public async Task RunAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync().ConfigureAwait(false))
            await work().ConfigureAwait(false);
    }

    /// <summary>Multicast a load, after what was asked for before.</summary>
    public void Enqueue(StartLoad load)
    {
        var stop = _stop.Token;
        _work.Writer.TryWrite(() => RunLoadAsync(load, stop));
    }

    /// <summary>Multicast a mark, after what was asked for before.</summary>
    public void Enqueue(SendMark mark)
        => _work.Writer.TryWrite(() => MulticastAsync(
            WorkerMessage.MarkId(_node.Id, _incarnation, mark.Mark), WorkerMessage.MarkBytes, Guarantee.Safe));

    /// <summary>Ends the load that runs and those that wait.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _stop.Dispose();
        _stop = new CancellationTokenSource();
    }

    /// <summary>Nothing more will be asked for.</summary>
    public void Complete()
    {
        Stop();
        _work.Writer.TryComplete();
    }

    private async Task RunLoadAsync(StartLoad load, CancellationToken stop)
    {
        // Sizes and guarantees repeat from run to run; what the network does with them does not.
        var random = new Random(unchecked((int)_node.Id.Value * 1000 + load.Load));
        var begun = Stopwatch.GetTimestamp();
        try
        {
            for (var i = 0L; load.Count == 0 || i < load.Count; i++)
            {
                await PaceAsync(load.PerSecondMax, i, begun, stop).ConfigureAwait(false);
                await _outstanding.WaitForRoomAsync(load.OutstandingMax, stop).ConfigureAwait(false);
                stop.ThrowIfCancellationRequested();
                var size = WorkerMessage.DrawSize(random, load.MinSizeBytes, load.SizeBytesMax);
                var guarantee = random.Next(100) < load.SafePercent ? Guarantee.Safe : Guarantee.Agreed;
                await MulticastAsync(new MessageId(_node.Id, _incarnation, ++_numbered), size, guarantee)
                    .ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // A message that was submitted goes out all the same.
        }

        _output.Write(new WorkerLoadDone(DateTimeOffset.UtcNow, load.Load, Sent));
    }

    private static async Task PaceAsync(int perSecond, long sent, long begun, CancellationToken stop)
    {
        while (perSecond > 0 && Stopwatch.GetElapsedTime(begun).TotalSeconds * perSecond < sent)
            await Task.Delay(PacingInterval, stop).ConfigureAwait(false);
    }

    // Never cancelled: a message that the trace was told of is submitted, or the process ends.
    private async Task MulticastAsync(MessageId id, int size, Guarantee guarantee)
    {
        var payload = new byte[size];
        var hash = MessagePayload.Write(payload, id);
        _outstanding.Submitted();
        _trace?.Submitting(id, guarantee, hash);
        await _node.MulticastAsync(payload, guarantee, CancellationToken.None).ConfigureAwait(false);
        Interlocked.Increment(ref _sent);
    }

    /// <inheritdoc />
    public void Dispose() => _stop.Dispose();
}
