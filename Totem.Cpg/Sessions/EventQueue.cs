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
    private readonly Lock _gate = new();
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

    /// <summary>Another descriptor for the same, which the caller closes: it stays valid, and hung up, when the handle is gone.</summary>
    /// <returns>-1 when there are none left, or the handle is gone.</returns>
    public int Watch()
    {
        lock (_gate)
            return _isClosed ? -1 : _signal.Duplicate();
    }

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
        }
    }

    /// <summary>Takes the next event, which is then the caller's to deliver or to free.</summary>
    public TakeResult TryTake(out CpgEvent taken)
    {
        var hasRoomAgain = false;
        lock (_gate)
        {
            taken = default;
            if (_isClosed || _isFailed)
                return _isClosed ? TakeResult.Closed : TakeResult.Failed;
            if (_events.Count == 0)
                return TakeResult.Empty;
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
        }
    }

    /// <summary>The handle is gone. Whoever sleeps on a descriptor of <see cref="Watch"/> wakes up.</summary>
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
