using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Totem.Platform.Programs;

namespace Totem.Transport.Udp.Queues;

/// <summary>
/// The ordered stream on its way from the ring's thread to the application's reader. The ring's thread copies bytes
/// into a ring and allocates nothing; the objects an application sees are made on its own thread. When there is no room
/// the ring's thread stops delivering until the reader has caught up.
/// </summary>
/// <typeparam name="THeader">The fields that go with the bytes of an element.</typeparam>
/// <typeparam name="TElement">The object that the reader gets.</typeparam>
internal abstract class EventStream<THeader, TElement>(int capacityBytes, Action wake) : IValueTaskSource,
    IThreadPoolWorkItem
    where THeader : unmanaged
    where TElement : class
{
    private readonly RecordRing<Record> _ring = new(capacityBytes);

    /// <summary>Changes are rare objects. Each has a record in the ring too, which bounds them and
    /// keeps their place.</summary>
    private readonly ConcurrentQueue<object> _objects = new();

    private static readonly byte[] Padding = new byte[64 * 1024];

    private volatile bool _hasReader;
    private ManualResetValueTaskSourceCore<bool> _wait;
    private int _isWaiting;
    private int _isReading;
    private int _isBlocked;
    private volatile bool _isCompleted;
    private Exception? _failure;

    private readonly record struct Record(THeader Header, bool HasObject);

    /// <summary>So many bytes wait that the reader is behind: as much as a rotation of a busy ring brings.</summary>
    private const int BehindBytes = 256 * 1024;

    /// <summary>The bytes that wait for the reader. Any thread.</summary>
    public long UnreadBytes => _ring.UsedBytes;

    /// <summary>The ring's thread waits for the reader to make room. Any thread.</summary>
    public bool IsBlocked => Volatile.Read(ref _isBlocked) != 0;

    /// <summary>Whether the reader needs the processor more than the ring's thread does. The ring's thread.</summary>
    public bool IsBehind => _ring.UsedBytes > BehindBytes;

    /// <summary>Whether the next element fits, whatever its size. If not, the reader will wake us.
    /// The ring's thread.</summary>
    public bool HasRoom()
    {
        if (_ring.HasRoom(RingOptions.MaxMessageBytes))
            return true;
        Interlocked.Exchange(ref _isBlocked, 1);
        // The reader may have made room before it could see that we wait for it.
        return _ring.HasRoom(RingOptions.MaxMessageBytes);
    }

    /// <summary>True once somebody has begun to read. Any thread.</summary>
    public bool HasReader => _hasReader;

    /// <summary>Adds an object, with as many bytes as it holds about, so that objects are bounded
    /// as messages are.</summary>
    protected void AddObject(in THeader header, object with, int bytes) =>
        Add(header, Padding.AsSpan(0, Math.Min(bytes, Padding.Length)), with);

    /// <summary>Adds an element; the host has seen that there is room, or that it must not wait for
    /// it. The ring's thread.</summary>
    protected void Add(in THeader header, ReadOnlySpan<byte> payload, object? with)
    {
        if (with is not null)
            _objects.Enqueue(with);
        _ring.Write(new Record(header, with is not null), payload);
    }

    /// <summary>Makes what the reader gets. The reader's thread.</summary>
    protected abstract TElement Create(in THeader header, ReadOnlySpan<byte> payload, object? with);

    /// <summary>Lets the reader see what was added. The ring's thread, once for a burst.</summary>
    public void Signal()
    {
        if (!_ring.IsEmpty)
            EndWait();
    }

    /// <summary>Nothing will be added any more. The reader gets what is there, then the end or the failure.</summary>
    public void Complete(Exception? failure)
    {
        _failure = failure;
        _isCompleted = true;
        EndWait();
    }

    /// <summary>The stream, for one reader at a time.</summary>
    public async IAsyncEnumerable<TElement> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _hasReader = true;
        if (Interlocked.Exchange(ref _isReading, 1) != 0)
            throw new InvalidOperationException("the events are being read already; their one order has one reader");
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // In this order: what was added before the end is read before the end.
                var completed = _isCompleted;
                if (TryRead(out var element))
                    yield return element;
                else if (!completed)
                    await WaitAsync(cancellationToken).ConfigureAwait(false);
                else if (_failure is not null)
                    throw _failure;
                else
                    yield break;
            }
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }

    private bool TryRead(out TElement element)
    {
        element = null!;
        if (!_ring.TryPeek(out var record, out var payload))
            return false;
        object? with = null;
        if (record.HasObject && !_objects.TryDequeue(out with))
            throw new InvalidOperationException("an object has a record but is not there");
        element = Create(record.Header, payload, with);
        _ring.Advance();
        // Not at the first free byte: once half is free the ring's thread has work for its while.
        if (Volatile.Read(ref _isBlocked) != 0 && _ring.UsedBytes <= capacityBytes / 2
            && Interlocked.Exchange(ref _isBlocked, 0) != 0)
            wake();
        return true;
    }

    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        _wait.Reset();
        Interlocked.Exchange(ref _isWaiting, 1);
        if (!_ring.IsEmpty || _isCompleted)
            EndWait();
        var registration = cancellationToken.UnsafeRegister(
            state => ((EventStream<THeader, TElement>)state!).EndWait(), this);
        try
        {
            await new ValueTask(this, _wait.Version).ConfigureAwait(false);
        }
        finally
        {
            await registration.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Wakes the reader if it waits; whoever wins the exchange is the only one that
    /// completes the wait.</summary>
    private void EndWait()
    {
        if (Volatile.Read(ref _isWaiting) != 0 && Interlocked.Exchange(ref _isWaiting, 0) != 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute() => _wait.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _wait.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _wait.OnCompleted(continuation, state, token, flags);
}
