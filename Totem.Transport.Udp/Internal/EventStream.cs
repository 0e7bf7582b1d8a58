using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Totem.Core;
using Totem.Core.Evs;
using Totem.Core.Model;

namespace Totem.Transport.Udp.Internal;

/// <summary>
/// The ordered stream on its way from the ring's thread to the application's reader. The ring's thread copies bytes into a ring
/// and allocates nothing; the objects an application sees are made on its own thread. When there is no room the
/// ring's thread stops delivering until the reader has caught up.
/// </summary>
internal sealed class EventStream(int capacityBytes, Action wake) : IValueTaskSource, IThreadPoolWorkItem
{
    private readonly RecordRing<Header> _ring = new(capacityBytes);

    /// <summary>Changes are rare objects. Each has a record in the ring too, which bounds them and keeps their place.</summary>
    private readonly ConcurrentQueue<ConfigurationChange> _changes = new();

    private ManualResetValueTaskSourceCore<bool> _wait;
    private int _isWaiting;
    private int _isReading;
    private int _isBlocked;
    private volatile bool _isCompleted;
    private Exception? _failure;

    private readonly record struct Header(
        ProcessorId Sender, RingId Ring, Seq Seq, int Index, Guarantee Guarantee, bool IsChange);

    /// <summary>Whether the next element fits, whatever its size. If not, the reader will wake us. The ring's thread.</summary>
    public bool HasRoom()
    {
        if (_ring.HasRoom(RingOptions.MessageBytesMax))
            return true;
        Interlocked.Exchange(ref _isBlocked, 1);
        // The reader may have made room before it could see that we wait for it.
        return _ring.HasRoom(RingOptions.MessageBytesMax);
    }

    /// <summary>Adds an element for which there is room. The ring's thread.</summary>
    public void Add(in Delivery delivery)
    {
        if (delivery.Change is { } change)
            _changes.Enqueue(change);
        var header = new Header(
            delivery.Sender, delivery.Ring, delivery.Seq, delivery.Index, delivery.Guarantee, delivery.Change is not null);
        if (!_ring.TryWrite(header, delivery.Payload))
            throw new InvalidOperationException($"no room for {delivery.Payload.Length} bytes though there was room for the largest message");
    }

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
    public async IAsyncEnumerable<TotemEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
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

    private bool TryRead(out TotemEvent element)
    {
        element = null!;
        if (!_ring.TryPeek(out var header, out var payload))
            return false;
        ConfigurationChange? change = null;
        if (header.IsChange && !_changes.TryDequeue(out change))
            throw new InvalidOperationException("a change has a record but is not there");
        element = new TotemEvent(
            change, header.Sender, change?.Configuration.Ring ?? header.Ring, header.Guarantee, payload.ToArray(), header.Seq, header.Index);
        _ring.Advance();
        // Not at the first free byte: once half is free the ring's thread has work for its while.
        if (Volatile.Read(ref _isBlocked) != 0 && _ring.UsedBytes <= capacityBytes / 2 && Interlocked.Exchange(ref _isBlocked, 0) != 0)
            wake();
        return true;
    }

    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        _wait.Reset();
        Interlocked.Exchange(ref _isWaiting, 1);
        if (!_ring.IsEmpty || _isCompleted)
            EndWait();
        var registration = cancellationToken.UnsafeRegister(state => ((EventStream)state!).EndWait(), this);
        try
        {
            await new ValueTask(this, _wait.Version).ConfigureAwait(false);
        }
        finally
        {
            await registration.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Wakes the reader if it waits; whoever wins the exchange is the only one that completes the wait.</summary>
    private void EndWait()
    {
        if (Volatile.Read(ref _isWaiting) != 0 && Interlocked.Exchange(ref _isWaiting, 0) != 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute() => _wait.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _wait.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _wait.OnCompleted(continuation, state, token, flags);
}
