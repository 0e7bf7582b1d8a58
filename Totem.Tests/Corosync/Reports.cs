namespace Totem.Tests.Corosync;

/// <summary>
/// The reports of a process, as one state behind a lock: somebody applies reports, others wait for a condition over the
/// state, looked at again with each report, and always with a limit.
/// </summary>
internal sealed class Reports(Func<string> describe)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = NewSource();
    private bool _hasEnded;

    /// <summary>Changes the state by one report.</summary>
    public void Apply(Action change)
    {
        lock (_lock)
        {
            change();
            Wake();
        }
    }

    /// <summary>Says that there will be no more reports; who still waits fails.</summary>
    public void End()
    {
        lock (_lock)
        {
            _hasEnded = true;
            Wake();
        }
    }

    /// <summary>Reads the state.</summary>
    public T Read<T>(Func<T> read)
    {
        lock (_lock)
            return read();
    }

    /// <summary>Waits for a condition, which is evaluated under the lock.</summary>
    /// <exception cref="ReportException">The limit passed, or the reports ended before.</exception>
    public async Task WaitAsync(Func<bool> condition, string what, TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (condition())
                    return;
                if (_hasEnded)
                    throw new ReportException($"the process ended before {what}\n{describe()}");
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                throw new ReportException($"no {what} within {limit.TotalSeconds:0.#} s\n{Read(describe)}");
            }
        }
    }

    private void Wake()
    {
        var changed = _changed;
        _changed = NewSource();
        changed.SetResult();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A process did not report what was waited for; the message says what it reported instead.</summary>
internal sealed class ReportException(string message) : Exception(message);
