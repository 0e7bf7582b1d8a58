using Totem.Core;
using Totem.Core.Model;
using Totem.Core.Time;

namespace Totem.Transport.Udp.Internal;

/// <summary>
/// Messages on their way from any thread to the ring's. What fits is copied; what does not waits, first come first served, and
/// goes from the waiting caller's memory straight to the engine.
/// </summary>
internal sealed class SubmissionQueue(int capacityBytes, int waitersMax, Action wake, SubmissionHandler submit)
{
    /// <summary>Waiters that are kept for reuse.</summary>
    private const int PoolCountMax = 1024;

    private readonly RecordRing<Submission> _ring = new(capacityBytes);
    private readonly Lock _lock = new();
    private readonly Queue<MulticastWaiter> _waiters = new();
    private readonly Stack<MulticastWaiter> _pool = new();
    private int _waiting;
    private Exception? _closed;

    /// <summary>True when everything was handed to the engine. The ring's thread.</summary>
    public bool IsEmpty => _ring.IsEmpty && Volatile.Read(ref _waiting) == 0;

    /// <summary>Any thread.</summary>
    public SubmitResult TryAdd(in Submission submission, ReadOnlySpan<byte> payload)
    {
        CheckLength(payload.Length);
        lock (_lock)
        {
            if (_closed is not null)
                return SubmitResult.NotRunning;
            if (_waiting > 0 || !_ring.TryWrite(submission, payload))
                return SubmitResult.Backpressured;
        }

        wake();
        return SubmitResult.Accepted;
    }

    /// <summary>Any thread.</summary>
    public ValueTask AddAsync(in Submission submission, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        CheckLength(payload.Length);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        MulticastWaiter? waiter = null;
        ValueTask task = default;
        lock (_lock)
        {
            if (_closed is not null)
                return ValueTask.FromException(_closed);
            if (_waiting > 0 || !_ring.TryWrite(submission, payload.Span))
            {
                // Who leaves must be heard, or it stays for ever; it does so once.
                if (_waiting >= waitersMax && submission.Kind != SubmissionKind.Leave)
                    throw new InvalidOperationException($"{_waiting} multicasts wait already, expected at most {waitersMax}");
                waiter = _pool.TryPop(out var pooled) ? pooled : new MulticastWaiter(Recycle);
                task = waiter.WaitAsync(payload, submission);
                _waiters.Enqueue(waiter);
                _waiting++;
            }
        }

        waiter?.Watch(Cancel, cancellationToken);
        wake();
        return task;
    }

    /// <summary>Hands the engine what it takes. The ring's thread.</summary>
    /// <returns>How many messages it took.</returns>
    public int Drain(Instant now)
    {
        var taken = 0;
        while (_ring.TryPeek(out var submission, out var payload))
        {
            if (submit(submission, payload, now) != SubmitResult.Accepted)
                return taken;
            _ring.Advance();
            taken++;
        }

        while (Volatile.Read(ref _waiting) > 0 && TryServeWaiter(now))
            taken++;
        return taken;
    }

    /// <summary>Nothing new is accepted; what was is still handed on. Any thread.</summary>
    public void Seal(Exception reason)
    {
        lock (_lock)
            _closed ??= reason;
    }

    /// <summary>Nothing is accepted or handed on any more; who waits learns why. Any thread.</summary>
    public void Close(Exception reason)
    {
        lock (_lock)
        {
            _closed = reason;
            while (_waiters.TryDequeue(out var waiter))
            {
                if (waiter.IsWaiting)
                    End(waiter, reason);
            }
        }
    }

    private bool TryServeWaiter(Instant now)
    {
        // Under the lock, because a cancelled caller may use its memory again at once.
        lock (_lock)
        {
            while (_waiters.TryPeek(out var waiter))
            {
                if (!waiter.IsWaiting)
                {
                    _waiters.Dequeue();
                    continue;
                }

                if (submit(waiter.Submission, waiter.Payload.Span, now) != SubmitResult.Accepted)
                    return false;
                _waiters.Dequeue();
                End(waiter, null);
                return true;
            }
        }

        return false;
    }

    private void Cancel(MulticastWaiter waiter, CancellationToken cancelled)
    {
        lock (_lock)
        {
            if (!waiter.IsWaiting)
                return;
            End(waiter, new OperationCanceledException(cancelled));
            // Those who gave up still stand in the queue: they may never outnumber those who wait by much.
            if (_waiters.Count > (2 * _waiting) + PoolCountMax)
                RemoveEnded();
        }
    }

    private void RemoveEnded()
    {
        for (var count = _waiters.Count; count > 0; count--)
        {
            var waiter = _waiters.Dequeue();
            if (waiter.IsWaiting)
                _waiters.Enqueue(waiter);
        }
    }

    private void End(MulticastWaiter waiter, Exception? failure)
    {
        waiter.IsWaiting = false;
        Volatile.Write(ref _waiting, _waiting - 1);
        waiter.Complete(failure);
    }

    private void Recycle(MulticastWaiter waiter)
    {
        lock (_lock)
        {
            if (_pool.Count < PoolCountMax)
                _pool.Push(waiter);
        }
    }

    private static void CheckLength(int length)
    {
        if (length > RingOptions.MessageBytesMax)
            throw new ArgumentException($"the payload has {length} bytes, expected at most {RingOptions.MessageBytesMax}", nameof(length));
    }
}
