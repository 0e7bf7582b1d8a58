namespace Totem.Transport.Udp.Hosting;

/// <summary>The configuration that is installed, and those who wait for one they like.</summary>
internal sealed class MembershipWatch
{
    private readonly Lock _lock = new();
    private readonly List<(Func<Configuration, bool> Condition, TaskCompletionSource<Configuration> Source)> _waiters =
        [];
    private volatile Configuration? _installed;
    private Exception? _closed;

    /// <summary>Any thread.</summary>
    public Configuration? Installed => _installed;

    /// <summary>After every input; does nothing unless something has changed. The ring's thread.</summary>
    public void Update(Configuration? installed)
    {
        if (installed is null || ReferenceEquals(installed, _installed))
            return;
        Change(installed);
    }

    // Apart from Update, which must not allocate the lambda's closure when nothing has changed.
    private void Change(Configuration installed)
    {
        _installed = installed;
        lock (_lock)
            _waiters.RemoveAll(waiter => TryEnd(waiter.Condition, waiter.Source, installed));
    }

    /// <summary>Any thread.</summary>
    public async Task<Configuration> WaitAsync(Func<Configuration, bool> condition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var source = new TaskCompletionSource<Configuration>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_closed is not null)
                throw _closed;
            // Under the lock, so that no configuration slips in between this look and the list.
            if (_installed is not { } installed || !TryEnd(condition, source, installed))
                _waiters.Add((condition, source));
        }

        try
        {
            return await source.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
                _waiters.RemoveAll(waiter => waiter.Source == source);
        }
    }

    /// <summary>There will be no other configuration.</summary>
    public void Close(Exception reason)
    {
        lock (_lock)
        {
            _closed = reason;
            _waiters.ForEach(waiter => waiter.Source.TrySetException(reason));
            _waiters.Clear();
        }
    }

    private static bool TryEnd(
        Func<Configuration, bool> condition, TaskCompletionSource<Configuration> source, Configuration installed)
    {
        try
        {
            return condition(installed) && source.TrySetResult(installed);
        }
        catch (Exception exception)
        {
            // The condition is the caller's code: its failure is the caller's, not the ring's.
            return source.TrySetException(exception);
        }
    }
}
