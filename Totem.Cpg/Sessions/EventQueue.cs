using System.Collections.Concurrent;
using Totem.Platform.Programs;

namespace Totem.Cpg.Sessions;

/// <summary>The answers of an <see cref="EventQueue"/> that is asked for the next event.</summary>
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
/// The events of one handle between the ring's thread, which adds, and the application's, which takes. Once somebody has asked for the
/// descriptor it is readable exactly while one waits; before that it costs no system call. Nothing is ever dropped: a full queue says so, and the ring is held back.
/// </summary>
/// <remarks>The ring's thread waits for no other: a thread of the application may stand still inside, in a signal's handler or because the
/// processor is another's. The thread that was inside does what the ring's thread could not do then. Nor does a queue
/// that grows allocate much: a collection of garbage does wait for every thread.</remarks>
internal sealed class EventQueue : IDisposable
{
    /// <summary>As much as a rotation of a busy ring brings.</summary>
    private const long BehindBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly RecordRing<CpgEvent.Packed> _events = new(int.MaxValue);

    /// <summary>Of changes, which are rare. Each has a record among the events, which keeps its place.</summary>
    private readonly ConcurrentQueue<object> _changes = new();
    private readonly EventSignal _signal = new();
    private readonly long _bytesMax;
    private readonly Action _onRoom;
    private long _bytes;
    private int _wasFull;
    private int _watches;
    private volatile bool _isAskedFor;
    private volatile bool _isFailed;
    private volatile bool _isClosed;

    /// <summary>The state that the descriptor shows; changed under the gate.</summary>
    private volatile Shown _shown;

    /// <param name="bytesMax">From here on there is no room.</param>
    /// <param name="onRoom">Called by the taker when a full queue has become half empty.</param>
    public EventQueue(long bytesMax, Action onRoom)
    {
        _bytesMax = bytesMax;
        _onRoom = onRoom;
    }

    private enum Shown
    {
        Nothing,
        Event,
        Failure,
        Closed,
    }

    /// <summary>Held by whoever is inside. Tests stand still there.</summary>
    internal Lock Gate => _gate;

    /// <summary>The memory that messages lie in. A thread that takes a message gives its memory back there.</summary>
    public MessageMemory Memory { get; } = new();

    /// <summary>For the application to poll. From now on it is kept true.</summary>
    public int Descriptor
    {
        get
        {
            _isAskedFor = true;
            Settle();
            return _signal.Descriptor;
        }
    }

    /// <summary>Another descriptor for the same, which the caller closes: it stays valid, and hung up, when the handle is gone. It is kept
    /// true until <see cref="EndWatch"/>.</summary>
    /// <returns>-1 when there are none left, or the handle is gone.</returns>
    public int Watch()
    {
        int watch;
        lock (_gate)
            watch = _isClosed ? -1 : _signal.Duplicate();
        if (watch >= 0)
            Interlocked.Increment(ref _watches);
        Settle();
        return watch;
    }

    /// <summary>The descriptor of a <see cref="Watch"/> is looked at no more.</summary>
    public void EndWatch()
    {
        Interlocked.Decrement(ref _watches);
        Settle();
    }

    /// <summary>False when the ring shall wait. A closed queue has room for everything.</summary>
    public bool HasRoom
    {
        get
        {
            if (IsRoomy)
                return true;
            Interlocked.Exchange(ref _wasFull, 1);
            // The taker may have made room before it could see that.
            return IsRoomy;
        }
    }

    /// <summary>The taker needs the processor more than the ring's thread does.</summary>
    public bool IsBehind => Interlocked.Read(ref _bytes) > BehindBytes;

    /// <summary>The ring's thread.</summary>
    public void Add(in CpgEvent added)
    {
        Interlocked.Add(ref _bytes, added.CostBytes);
        var packed = added.Pack(out var change);
        if (change is not null)
            _changes.Enqueue(change);
        _events.Write(packed, []);
        Settle();
    }

    /// <summary>Takes the next event, which is then the caller's to deliver or to free.</summary>
    public TakeResult TryTake(out CpgEvent taken)
    {
        TakeResult result;
        lock (_gate)
        {
            taken = default;
            result = _isClosed ? TakeResult.Closed
                : _isFailed ? TakeResult.Failed
                : TryDequeue(out taken) ? TakeResult.Taken
                : TakeResult.Empty;
            Show();
        }

        Settle();
        if (result == TakeResult.Taken && Interlocked.Add(ref _bytes, -taken.CostBytes) <= _bytesMax / 2)
            TellOfRoom();
        return result;
    }

    /// <summary>The ring member has stopped: readable and hung up, and every take says so. Events that wait are
    /// dropped.</summary>
    public void Fail()
    {
        _isFailed = true;
        Settle();
    }

    /// <summary>The handle is gone. A thread that sleeps on a descriptor of <see cref="Watch"/> wakes up.</summary>
    public void Dispose()
    {
        _isClosed = true;
        Settle();
        Memory.Close();
        TellOfRoom();
    }

    private bool IsRoomy => _isClosed || _isFailed || Interlocked.Read(ref _bytes) < _bytesMax;

    private Shown Due => _isClosed ? Shown.Closed : _isFailed ? Shown.Failure : _events.IsEmpty || !IsLookedAt ? Shown.Nothing : Shown.Event;

    private bool IsLookedAt => _isAskedFor || Volatile.Read(ref _watches) > 0;

    private bool IsSettled
    {
        get
        {
            // Either we see what the other has changed, or it sees that nobody is inside.
            Interlocked.MemoryBarrier();
            return _shown == Due && (_shown <= Shown.Event || _events.IsEmpty);
        }
    }

    /// <summary>Shows what is due. A thread that finds another inside leaves it to that one, which looks again when it
    /// goes.</summary>
    private void Settle()
    {
        while (!IsSettled && _gate.TryEnter())
        {
            try
            {
                Show();
            }
            finally
            {
                _gate.Exit();
            }
        }
    }

    /// <summary>Under the gate.</summary>
    private void Show()
    {
        var due = Due;
        if (due > Shown.Event)
            Clear();
        if (due == _shown)
            return;
        switch (due)
        {
            case Shown.Nothing:
                _signal.Reset();
                break;
            case Shown.Event:
                _signal.Set();
                break;
            case Shown.Failure:
                _signal.HangUp();
                break;
            default:
                _signal.Dispose();
                break;
        }

        _shown = due;
    }

    /// <summary>Under the gate.</summary>
    private bool TryDequeue(out CpgEvent taken)
    {
        taken = default;
        if (!_events.TryPeek(out var packed, out _))
            return false;
        object? change = null;
        if (packed.HasChange && !_changes.TryDequeue(out change))
            throw new InvalidOperationException("a change has a record but is not there");
        _events.Advance();
        taken = CpgEvent.Unpack(packed, change);
        return true;
    }

    private void TellOfRoom()
    {
        if (Volatile.Read(ref _wasFull) != 0 && Interlocked.Exchange(ref _wasFull, 0) != 0)
            _onRoom();
    }

    private void Clear()
    {
        while (TryDequeue(out var dropped))
        {
            dropped.Free(Memory);
            Interlocked.Add(ref _bytes, -dropped.CostBytes);
        }
    }
}
