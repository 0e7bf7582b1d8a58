using Totem.Cli.Nodes;
using Totem.Cli.Traces;

namespace Totem.Cli.Workers;

/// <summary>A worker's use of the ordered stream: it traces it, counts it, and reports now and then. On the ring's
/// thread.</summary>
internal sealed class DeliveryReport : IDisposable
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(40);

    private readonly NodeOutput _output;
    private readonly TraceRecorder? _trace;
    private readonly OutstandingMessages _outstanding;
    private readonly Timer _timer;
    private long _delivered;
    private long _ownDelivered;
    private int _isDue;

    /// <summary>Creates the report.</summary>
    public DeliveryReport(NodeOutput output, TraceRecorder? trace, OutstandingMessages outstanding)
    {
        _output = output;
        _trace = trace;
        _outstanding = outstanding;
        _timer = new Timer(_ => Report());
    }

    /// <summary>How many messages the member has handed to the ring; set once it runs.</summary>
    public Func<long>? Sent { get; set; }

    /// <summary>One element of the stream.</summary>
    public void OnDelivery(in Delivery delivery)
    {
        if (delivery.Change is { } change)
        {
            _trace?.Delivered(change);
            _output.Write(ConfigurationInstalled.From(change, DateTimeOffset.UtcNow));
            return;
        }

        _trace?.Delivered(delivery.Ring, delivery.Guarantee, delivery.Payload);
        var delivered = Interlocked.Increment(ref _delivered);
        if (delivery.Sender == _outstanding.Owner)
            Interlocked.Increment(ref _ownDelivered);
        _outstanding.Returned(delivery.Sender);
        if (WorkerMessage.MarkOf(delivery.Payload) is { } mark)
            _output.Write(new WorkerMark(DateTimeOffset.UtcNow, delivery.Sender.Value, mark, delivered));
        // A report some time after a change, rather than one a message, or a clock that ticks while nothing happens.
        if (Interlocked.Exchange(ref _isDue, 1) == 0)
            _timer.Change(ProgressInterval, Timeout.InfiniteTimeSpan);
    }

    private void Report()
    {
        Interlocked.Exchange(ref _isDue, 0);
        _output.Write(new WorkerProgress(
            DateTimeOffset.UtcNow, Sent?.Invoke() ?? 0, Interlocked.Read(ref _delivered),
            Interlocked.Read(ref _ownDelivered)));
    }

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();
}
