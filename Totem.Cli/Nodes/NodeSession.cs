using System.Text;
using System.Threading.Channels;
using Totem.Cli.Traces;
using Totem.Simulation.Traces;

namespace Totem.Cli.Nodes;

/// <summary>A member at a terminal: lines go out, events come in and are printed.</summary>
internal sealed class NodeSession(
    TotemNode node, NodeOutput output, TextWriter error, TraceRecorder? trace, int incarnation, Guarantee guarantee)
{
    // After the end of the input: long enough for a ring to form, short enough for a person.
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _allReturned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private long _sent;
    private long _returned;
    private bool _inputEnded;

    /// <summary>
    /// Runs until a signal, or until the input has ended and what it said has been delivered here. The member is left
    /// to the caller.
    /// </summary>
    public async Task RunAsync(ChannelReader<string> lines, CancellationToken stop)
    {
        using var reading = new CancellationTokenSource();
        var printing = PrintAsync(reading.Token);
        var sending = SendAsync(lines, stop);
        // The stream ends by itself only when the member has stopped itself.
        await Task.WhenAny(sending, printing).ConfigureAwait(false);
        if (!printing.IsCompleted)
            await reading.CancelAsync().ConfigureAwait(false);
        await printing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        if (sending.IsCompleted)
            await sending.WaitAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private async Task SendAsync(ChannelReader<string> lines, CancellationToken stop)
    {
        try
        {
            await foreach (var line in lines.ReadAllAsync(stop).ConfigureAwait(false))
            {
                var id = new MessageId(node.Id, incarnation, _sent + 1);
                var payload = trace is null ? Encoding.UTF8.GetBytes(line) : TextMessage.Compose(id, line);
                // Before it is counted or traced: the node would refuse it, and what is counted is
                // waited for at the end.
                if (payload.Length > RingOptions.MaxMessageBytes)
                {
                    await error.WriteLineAsync($"totem: line of {payload.Length} bytes not sent, at most "
                        + $"{RingOptions.MaxMessageBytes}")
                        .ConfigureAwait(false);
                    continue;
                }

                lock (_lock)
                    _sent++;
                trace?.Submitting(id, guarantee, PayloadHash.Of(payload));
                await node.MulticastAsync(payload, guarantee, stop).ConfigureAwait(false);
            }

            lock (_lock)
            {
                _inputEnded = true;
                if (_returned >= _sent)
                    _allReturned.TrySetResult();
            }

            await _allReturned.Task.WaitAsync(FarewellLimit, stop).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            // Nobody to wait for any longer: say goodbye.
        }
    }

    private async Task PrintAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var e in node.ReadEventsAsync(cancellationToken).ConfigureAwait(false))
                Print(e);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // We leave.
        }
    }

    private void Print(TotemEvent e)
    {
        if (e.Change is { } change)
        {
            trace?.Delivered(change);
            output.Write(ConfigurationInstalled.From(change, DateTimeOffset.UtcNow));
            return;
        }

        trace?.Delivered(e.Ring, e.Guarantee, e.Payload.Span);
        var (text, base64) = NodeOutput.Readable(TextMessage.LineOf(e.Payload.Span));
        output.Write(new MessageDelivered(
            DateTimeOffset.UtcNow, e.Sender.Value, e.Ring.ToString(), e.Guarantee == Guarantee.Safe ? "safe" : "agreed",
            text, base64));
        if (e.Sender != node.Id)
            return;
        lock (_lock)
        {
            _returned++;
            if (_inputEnded && _returned >= _sent)
                _allReturned.TrySetResult();
        }
    }
}
