using System.Threading.Tasks.Sources;

namespace Totem.Transport.Udp.Queues;

/// <summary>One <see cref="TotemNode.MulticastAsync"/> that waits for room. Reused, and completed on the thread pool by
/// itself, so that neither waiting nor waking allocates on the ring's thread.</summary>
internal sealed class MulticastWaiter(Action<MulticastWaiter> recycle) : IValueTaskSource, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _cancellation;
    private Exception? _failure;

    /// <summary>The message that waits; the caller keeps it unchanged until its task has completed.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    public Submission Submission { get; private set; }

    /// <summary>False once somebody has decided how it ends. Guarded by the queue's lock.</summary>
    public bool IsWaiting { get; set; }

    public ValueTask WaitAsync(ReadOnlyMemory<byte> payload, in Submission submission)
    {
        Payload = payload;
        Submission = submission;
        IsWaiting = true;
        return new ValueTask(this, _core.Version);
    }

    /// <summary>Lets the token end the wait. Called once the queue knows the waiter, outside the
    /// queue's lock.</summary>
    public void Watch(Action<MulticastWaiter, CancellationToken> cancel, CancellationToken token)
    {
        if (token.CanBeCanceled)
            _cancellation = token.UnsafeRegister(
                (state, cancelled) => cancel((MulticastWaiter)state!, cancelled), this);
    }

    /// <summary>Ends the wait, on the thread pool.</summary>
    public void Complete(Exception? failure)
    {
        Payload = default;
        _failure = failure;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (_failure is null)
            _core.SetResult(true);
        else
            _core.SetException(_failure);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.GetResult(short token)
    {
        // Waits for a callback in progress, so that a late one cannot end the next wait of this object.
        _cancellation.Dispose();
        _cancellation = default;
        var succeeded = _failure is null;
        _core.GetResult(token);
        _core.Reset();
        // One that was cancelled may still stand in the queue: it is left to the garbage collector.
        if (succeeded)
            recycle(this);
    }
}
