namespace Totem.Cpg.Sessions;

/// <summary>What came of asking an <see cref="EventQueue"/> for the next event.</summary>
internal enum TakeResult
{
    Taken,
    Empty,

    /// <summary>The ring member has stopped.</summary>
    Failed,

    /// <summary>The handle was finalised.</summary>
    Closed,
}

/// <summary>
/// The events of one handle between the ring's thread, which adds, and the application's, which takes. The descriptor is
/// readable exactly while one waits. Nothing is ever dropped: a full queue says so, and the ring is held back.
/// </summary>
internal sealed class EventQueue : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<CpgEvent> _events = new();
    private readonly EventSignal _signal = new();
    private readonly long _bytesMax;
    private readonly Action _onRoom;
    private long _bytes;
    private bool _wasFull;
    private bool _isFailed;
    private bool _isClosed;

    /// <param name="bytesMax">From here on there is no room.</param>
    /// <param name="onRoom">Called by the taker when a full queue has become half empty.</param>
    public EventQueue(long bytesMax, Action onRoom)
    {
        _bytesMax = bytesMax;
        _onRoom = onRoom;
    }

    public int Descriptor => _signal.Descriptor;

    /// <summary>False when the ring shall wait. A closed queue has room for everything.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                var hasRoom = _isClosed || _isFailed || _bytes < _bytesMax;
                _wasFull |= !hasRoom;
                return hasRoom;
            }
        }
    }

    /// <summary>Whether the handle is gone.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
                return _isClosed;
        }
    }

    public void Add(in CpgEvent added)
    {
        lock (_gate)
        {
            if (_isClosed || _isFailed)
            {
                added.Free();
                return;
            }

            _events.Enqueue(added);
            _bytes += added.CostBytes;
            if (_events.Count > 1)
                return;
            _signal.Set();
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Takes the next event, which is then the caller's to free.</summary>
    /// <param name="taken">It.</param>
    /// <param name="wait">Whether to sleep until there is one.</param>
    public TakeResult TryTake(out CpgEvent taken, bool wait)
    {
        var hasRoomAgain = false;
        lock (_gate)
        {
            while (!_isClosed && !_isFailed && _events.Count == 0)
            {
                taken = default;
                if (!wait)
                    return TakeResult.Empty;
                Monitor.Wait(_gate);
            }

            if (_isClosed || _isFailed)
            {
                taken = default;
                return _isClosed ? TakeResult.Closed : TakeResult.Failed;
            }

            taken = _events.Dequeue();
            _bytes -= taken.CostBytes;
            if (_events.Count == 0)
                _signal.Reset();
            if (_wasFull && _bytes <= _bytesMax / 2)
                (_wasFull, hasRoomAgain) = (false, true);
        }

        if (hasRoomAgain)
            _onRoom();
        return TakeResult.Taken;
    }

    /// <summary>The ring member has stopped: readable and hung up, and every take says so. What waits is dropped.</summary>
    public void Fail()
    {
        lock (_gate)
        {
            if (_isFailed || _isClosed)
                return;
            _isFailed = true;
            _signal.HangUp();
            Clear();
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The handle is gone. Wakes whoever waits.</summary>
    public void Dispose()
    {
        bool wasFull;
        lock (_gate)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            wasFull = _wasFull;
            _signal.Dispose();
            Clear();
            Monitor.PulseAll(_gate);
        }

        if (wasFull)
            _onRoom();
    }

    private void Clear()
    {
        while (_events.TryDequeue(out var dropped))
            dropped.Free();
        _bytes = 0;
    }
}
