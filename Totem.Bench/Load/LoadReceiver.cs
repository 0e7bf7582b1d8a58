namespace Totem.Bench.Load;

/// <summary>
/// Takes the deliveries of a node: counts what lies in the window, measures it, and lets the sender go on. Runs on the
/// thread that delivers.
/// </summary>
internal sealed class LoadReceiver(uint self, int nodes, int sampleEvery) : IBusReceiver
{
    private const long NanosecondsPerTick = 100;
    private const ulong Unknown = ulong.MaxValue;
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    private readonly Lock _beginLock = new();

    private readonly LatencyHistogram _atSender = new();
    private readonly LatencyHistogram _atReceiver = new();
    private readonly ulong[] _lastSequence = new ulong[nodes + 1];
    private readonly ulong _sampleMask = (ulong)sampleEvery - 1;
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<WindowCounts> _closed =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ResourceUse _begin;
    private readonly List<OrderSegment> _segments = [];
    private string _configuration = "";
    private OrderHash _hash;
    private long _segmentMessages;
    private long _segmentGaps;
    private bool _isOpen;
    private long _messages;
    private long _delivered;
    private long _own;
    private long _bytes;

    /// <summary>Of every so many messages one is timed; a power of two.</summary>
    public static int SampleEvery(LoadKind load) => load == LoadKind.Saturation ? 16 : 1;

    /// <summary>The sender of this node, and the bus; set before anything is delivered that counts.</summary>
    public LoadSender? Sender { get; set; }

    /// <summary>
    /// Nothing is sent: what the window takes counts from a second after its beginning. To say that it has begun takes
    /// a process some 50 ms the first time, as much as an idle member in ten seconds.
    /// </summary>
    public bool IsIdle { get; init; }

    /// <summary>The messages of this sender are not timed: they are the load that others are looked
    /// at beside. Null: all are.</summary>
    public uint? Untimed { get; init; }

    /// <summary>The bus whose counters tell what the window took.</summary>
    public IOrderedBus? Bus { get; set; }

    /// <summary>Messages that were delivered so far, in windows or not. Any thread.</summary>
    public long Delivered => Volatile.Read(ref _delivered);

    /// <summary>Ends with the delivery of the mark that begins the window.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Ends with the delivery of the mark that ends the window.</summary>
    public Task<WindowCounts> Closed => _closed.Task;

    /// <inheritdoc />
    public void OnMessage(ReadOnlySpan<byte> message)
    {
        var header = MessageHeader.Read(message);
        switch (header.Kind)
        {
            case MessageKind.Data:
                OnData(header, message.Length);
                break;
            case MessageKind.WindowBegins:
                Open();
                break;
            case MessageKind.WindowEnds:
                Close();
                break;
            default:
                throw new InvalidOperationException($"a message of kind {header.Kind} was delivered");
        }
    }

    /// <inheritdoc />
    public void OnConfiguration(string id)
    {
        EndSegment(id);
        _configuration = id;
        // A node that was away has missed what the others said meanwhile.
        Array.Fill(_lastSequence, Unknown);
    }

    private void OnData(in MessageHeader header, int length)
    {
        var isOwn = header.Sender == self;
        Volatile.Write(ref _delivered, _delivered + 1);
        if (_isOpen)
        {
            _messages++;
            _bytes += length;
            _hash.Add(header.Sender, header.Sequence);
            _segmentMessages++;
            if (_lastSequence[header.Sender] is not Unknown and var last && header.Sequence != last + 1)
                _segmentGaps++;
            if (isOwn)
                _own++;
            if ((header.Sequence & _sampleMask) == 0 && header.Sender != Untimed)
                (isOwn ? _atSender : _atReceiver).Record(Clock.Now - header.Ticks);
        }

        _lastSequence[header.Sender] = header.Sequence;
        if (isOwn)
            Sender?.OnOwnDelivery();
        Sender?.OnTurn(header.Sender);
    }

    private void Open()
    {
        // Nothing before the mark counts, and what the histograms take is allocated already.
        _isOpen = true;
        _begin = ResourceUse.Of(Bus!);
        _opened.TrySetResult();
        if (IsIdle)
            _ = SettleAsync();
    }

    private async Task SettleAsync()
    {
        await Task.Delay(SettleTime).ConfigureAwait(false);
        lock (_beginLock)
        {
            if (_isOpen)
                _begin = ResourceUse.Of(Bus!);
        }
    }

    private void EndSegment(string next)
    {
        if (_segmentMessages > 0)
            _segments.Add(
                new OrderSegment(_configuration, next, _hash.Value.ToString("x16"), _segmentMessages, _segmentGaps));
        (_hash, _segmentMessages, _segmentGaps) = (default, 0, 0);
    }

    private void Close()
    {
        lock (_beginLock)
            _isOpen = false;
        Sender?.Stop();
        EndSegment("");
        var end = ResourceUse.Of(Bus!);
        _closed.TrySetResult(new WindowCounts
        {
            Node = self,
            Nanoseconds = end.At - _begin.At,
            Messages = _messages,
            OwnMessages = _own,
            Bytes = _bytes,
            Segments = _segments,
            ProcessorNanoseconds = (end.Bus.Processor - _begin.Bus.Processor).Ticks * NanosecondsPerTick,
            Retransmissions = end.Bus.Retransmissions - _begin.Bus.Retransmissions,
            MembershipChanges = end.Bus.MembershipChanges - _begin.Bus.MembershipChanges,
            Collections = end.Collections - _begin.Collections,
            CollectorPauseNanoseconds = (end.Pause - _begin.Pause).Ticks * NanosecondsPerTick,
            AllocatedBytes = end.Allocated - _begin.Allocated,
            AtSender = _atSender.ToBuckets(),
            AtReceiver = _atReceiver.ToBuckets(),
        });
    }
}
