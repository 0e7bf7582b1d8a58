using Totem.Core.Time;
using Totem.Platform.Programs;

namespace Totem.Transport.Udp.Queues;

/// <summary>
/// Messages on their way from any thread to the ring's. A message that fits is copied; one that does not waits, first
/// come first served, and goes from the waiting caller's memory straight to the engine. The ring's thread waits for no
/// other: a thread that stands still while it adds a message, in a signal's handler or because the processor is
/// another's, holds up those that add, and not the ring.
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
    private int _isMissed;
    private volatile Exception? _closed;
    private volatile bool _isSealedAround;
    private volatile bool _isOver;

    /// <summary>Held by whoever is inside. Tests stand still there.</summary>
    internal Lock Gate => _lock;

    /// <summary>True when everything was handed to the engine. The ring's thread.</summary>
    public bool IsEmpty => _ring.IsEmpty && Volatile.Read(ref _waiting) == 0;

    /// <summary>Any thread.</summary>
    public SubmitResult TryAdd(in Submission submission, ReadOnlySpan<byte> payload)
    {
        Check(submission, payload);
        SubmitResult result;
        _lock.Enter();
        try
        {
            result = _closed is not null ? SubmitResult.NotRunning
                : _waiting > 0 || !_ring.TryWrite(submission, payload) ? SubmitResult.Backpressured
                : SubmitResult.Accepted;
        }
        finally
        {
            _lock.Exit();
        }

        if (result == SubmitResult.Accepted)
        {
            // A fence as well, and the ring's thread looks at everything when it is woken.
            wake();
            if (_closed is null)
                return result;
        }

        DoWhatWasMissed();
        return _isSealedAround ? SubmitResult.NotRunning : result;
    }

    /// <summary>Any thread.</summary>
    public ValueTask AddAsync(
        in Submission submission, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        Check(submission, payload.Span);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        MulticastWaiter? waiter;
        ValueTask task = default;
        _lock.Enter();
        try
        {
            waiter = AddOrWait(submission, payload, ref task);
        }
        finally
        {
            _lock.Exit();
            DoWhatWasMissed();
        }

        waiter?.Watch(Cancel, cancellationToken);
        wake();
        return waiter is null && _isSealedAround ? ValueTask.FromException(_closed!) : task;
    }

    /// <summary>Under the lock.</summary>
    /// <returns>The waiting caller; null when nobody waits, since the message was taken or refused.</returns>
    private MulticastWaiter? AddOrWait(in Submission submission, ReadOnlyMemory<byte> payload, ref ValueTask task)
    {
        if (_closed is { } closed)
        {
            task = ValueTask.FromException(closed);
            return null;
        }

        if (_waiting == 0 && _ring.TryWrite(submission, payload.Span))
            return null;
        // A leave must be heard, or its member stays for ever; it is said once.
        if (_waiting >= waitersMax && submission.Kind != SubmissionKind.Leave)
            throw new InvalidOperationException($"{_waiting} multicasts wait already, expected at most {waitersMax}");
        var waiter = _pool.TryPop(out var pooled) ? pooled : new MulticastWaiter(Recycle);
        task = waiter.WaitAsync(payload, submission);
        _waiters.Enqueue(waiter);
        _waiting++;
        return waiter;
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

    /// <summary>Nothing new is accepted; what was is still handed on. A caller that is inside at this moment is
    /// refused, though its message may be handed on. Any thread.</summary>
    public void Seal(Exception reason)
    {
        Interlocked.CompareExchange(ref _closed, reason, null);
        if (!_lock.TryEnter())
        {
            _isSealedAround = true;
            return;
        }

        _lock.Exit();
        DoWhatWasMissed();
    }

    /// <summary>Nothing is accepted or handed on any more; who waits learns why. The ring's thread.</summary>
    public void Close(Exception reason)
    {
        _closed = reason;
        _isOver = true;
        DoWhatWasMissed();
    }

    private bool TryServeWaiter(Instant now)
    {
        // Under the lock, because a cancelled caller may use its memory again at once.
        if (!TryEnter())
            return false;
        try
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

            return false;
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>For the ring's thread. If somebody is inside, it wakes us when it goes.</summary>
    private bool TryEnter()
    {
        if (_lock.TryEnter())
            return true;
        Interlocked.Exchange(ref _isMissed, 1);
        // It may have gone before it could see that.
        return _lock.TryEnter();
    }

    /// <summary>Behind the lock: what the ring's thread could not do meanwhile. The fence is what
    /// makes one of the two see the other.</summary>
    private void DoWhatWasMissed()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isMissed) != 0 && Interlocked.Exchange(ref _isMissed, 0) != 0)
            wake();
        // A thread that finds another inside leaves it to that one.
        if (!_isOver || !_lock.TryEnter())
            return;
        try
        {
            while (_waiters.TryDequeue(out var waiter))
            {
                if (waiter.IsWaiting)
                    End(waiter, _closed);
            }
        }
        finally
        {
            _lock.Exit();
        }
    }

    private void Cancel(MulticastWaiter waiter, CancellationToken cancelled)
    {
        lock (_lock)
        {
            if (waiter.IsWaiting)
                End(waiter, new OperationCanceledException(cancelled));
            // Those who gave up still stand in the queue: they may never outnumber those who wait by much.
            if (_waiters.Count > (2 * _waiting) + PoolCountMax)
                RemoveEnded();
        }

        DoWhatWasMissed();
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

        DoWhatWasMissed();
    }

    private static void Check(in Submission submission, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > RingOptions.MaxMessageBytes)
            throw new ArgumentException($"the payload has {payload.Length} bytes, expected at most "
                + $"{RingOptions.MaxMessageBytes}", nameof(payload));
        CheckGuarantee(submission.Guarantee);
    }

    /// <exception cref="ArgumentOutOfRangeException">It is a number without a meaning.</exception>
    public static void CheckGuarantee(Guarantee guarantee)
    {
        if (guarantee is not (Guarantee.Agreed or Guarantee.Safe))
        {
            throw new ArgumentOutOfRangeException(
                nameof(guarantee), $"the guarantee is {(int)guarantee}, expected {nameof(Guarantee.Agreed)} or "
                    + $"{nameof(Guarantee.Safe)}");
        }
    }
}
