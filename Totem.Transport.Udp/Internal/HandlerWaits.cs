namespace Totem.Transport.Udp.Internal;

/// <summary>
/// Waits for the ring that begin on the ring's own thread: in a delivery handler, a sink, an observer. A handler may begin something, return,
/// and be told later. One that stays to wait stops the only thread that could end its wait, without a word. It is told so.
/// </summary>
internal sealed class HandlerWaits(Thread thread, string node)
{
    /// <summary>Looks, not a time: a process that was stopped meanwhile has looked once, not ten times.</summary>
    private const int LooksMax = 10;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private long _returns;

    /// <summary>Nobody of the application runs on the ring's thread now. That thread.</summary>
    public void NoteReturn() => Volatile.Write(ref _returns, _returns + 1);

    /// <summary>The task as it is, or one that fails when the handler that called does not return.</summary>
    public Task WatchAsync(Task task, string call)
    {
        if (Thread.CurrentThread != thread || task.IsCompleted)
            return task;
        var watched = LookAsync(task, call, Volatile.Read(ref _returns));
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
            await LookAsync(task, call, Volatile.Read(ref _returns)).ConfigureAwait(false);
            return await task.ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="WatchAsync(Task, string)"/>
    public ValueTask WatchAsync(ValueTask task, string call) =>
        Thread.CurrentThread == thread && !task.IsCompleted ? new ValueTask(WatchAsync(task.AsTask(), call)) : task;

    private async Task LookAsync(Task task, string call, long returns)
    {
        for (var looks = 0; !task.IsCompleted && Volatile.Read(ref _returns) == returns; looks++)
        {
            if (looks == LooksMax)
            {
                throw new InvalidOperationException(
                    $"{call} is waited for in a handler of {node}, on the ring's thread, which alone could end that wait. Return from the handler first: "
                    + $"begin {call} without waiting for it, or hand the event to a thread of the application's");
            }

            await Task.WhenAny(task, Task.Delay(LookInterval)).ConfigureAwait(false);
        }

        await task.ConfigureAwait(false);
    }

    /// <summary>A handler that only begins something does not look at what becomes of it.</summary>
    private static void Observe(Task task) => _ = task.ContinueWith(
        static ended => _ = ended.Exception, CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
