namespace Totem.Transport.Udp.Hosting;

/// <summary>
/// Waits for the ring that begin on the ring's own thread: in a delivery handler, a sink, an observer. A handler may
/// begin something, return, and be told later. One that stays to wait stops the only thread that could end its wait,
/// without a word. It is told so.
/// </summary>
internal sealed class HandlerWaits(Thread thread, string node)
{
    /// <summary>Looks, not a time: a process that was stopped meanwhile has looked once, not ten times.</summary>
    private const int LooksMax = 10;

    /// <summary>Ten seconds' worth: a handler that is only slow is not complained of.</summary>
    private const int EndLooksMin = 100;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private long _returns;

    /// <summary>Nobody of the application runs on the ring's thread now. That thread.</summary>
    public void NoteReturn() => Volatile.Write(ref _returns, _returns + 1);

    /// <summary>The task as it is, or one that fails when the handler that called does not return.</summary>
    public Task WatchAsync(Task task, string call)
    {
        if (Thread.CurrentThread != thread || task.IsCompleted)
            return task;
        var watched = LookAsync(task, Volatile.Read(ref _returns), LooksMax, Refusal(call));
        Observe(watched);
        return watched;
    }

    /// <inheritdoc cref="WatchAsync(Task, string)"/>
    public Task<T> WatchAsync<T>(Task<T> task, string call)
    {
        if (Thread.CurrentThread != thread || task.IsCompleted)
            return task;
        var watched = LookForResultAsync();
        Observe(watched);
        return watched;

        async Task<T> LookForResultAsync()
        {
            await LookAsync(task, Volatile.Read(ref _returns), LooksMax, Refusal(call)).ConfigureAwait(false);
            return await task.ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="WatchAsync(Task, string)"/>
    public ValueTask WatchAsync(ValueTask task, string call) =>
        Thread.CurrentThread == thread && !task.IsCompleted ? new ValueTask(WatchAsync(task.AsTask(), call)) : task;

    /// <summary>The end of the node, from any thread: a handler may wait for one that waits for it, and a node whose
    /// thread does not come back from a handler cannot leave. That thread was woken, so it is not asleep.</summary>
    public Task WatchEndAsync(Task end, string call, TimeSpan flush)
    {
        if (Thread.CurrentThread == thread || end.IsCompleted)
            return WatchAsync(end, call);
        var refusal = $"{node} cannot leave: a handler on the ring's thread has not returned since {call} was called. "
            + $"If it waits for that, let it begin {call} and return";
        return LookAsync(end, Volatile.Read(ref _returns), Math.Max(EndLooksMin, (int)(flush / LookInterval)), refusal);
    }

    private string Refusal(string call) =>
        $"{call} is waited for in a handler of {node}, on the ring's thread, which alone could end that wait. Return "
        + "from the handler first: "
        + $"begin {call} without waiting for it, or hand the event to a thread of the application's";

    private async Task LookAsync(Task task, long returns, int looksMax, string refusal)
    {
        for (var looks = 0; !task.IsCompleted && Volatile.Read(ref _returns) == returns; looks++)
        {
            if (looks == looksMax)
                throw new InvalidOperationException(refusal);
            await Task.WhenAny(task, Task.Delay(LookInterval)).ConfigureAwait(false);
        }

        await task.ConfigureAwait(false);
    }

    /// <summary>A handler that only begins something does not look at what becomes of it.</summary>
    private static void Observe(Task task) => _ = task.ContinueWith(
        static ended => _ = ended.Exception, CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
