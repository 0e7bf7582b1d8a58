namespace Totem.Transport.Udp.Hosting;

/// <summary>Whether the members of the present configuration have agreed on their groups, and those
/// who wait until they have.</summary>
internal sealed class SynchronizationWatch
{
    private readonly Lock _lock = new();
    private readonly List<TaskCompletionSource> _waiters = [];
    private volatile bool _isSynchronized;
    private Exception? _closed;

    /// <summary>Any thread.</summary>
    public bool IsSynchronized => _isSynchronized;

    /// <summary>After every burst of deliveries; does nothing unless something has changed. The
    /// ring's thread.</summary>
    public void Update(bool isSynchronized)
    {
        if (isSynchronized == _isSynchronized)
            return;
        _isSynchronized = isSynchronized;
        if (!isSynchronized)
            return;
        lock (_lock)
        {
            foreach (var waiter in _waiters)
                waiter.TrySetResult();
            _waiters.Clear();
        }
    }

    /// <summary>Any thread.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_closed is not null)
                throw _closed;
            if (_isSynchronized)
                return;
            _waiters.Add(source);
        }

        try
        {
            await source.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
                _waiters.Remove(source);
        }
    }

    /// <summary>The node is over. The ring's thread.</summary>
    public void Close(Exception reason)
    {
        _isSynchronized = false;
        lock (_lock)
        {
            _closed = reason;
            foreach (var waiter in _waiters)
            {
                // Read once, or somebody who gave up at the same moment would leave an unobserved exception.
                if (waiter.TrySetException(reason))
                    _ = waiter.Task.Exception;
            }

            _waiters.Clear();
        }
    }
}
