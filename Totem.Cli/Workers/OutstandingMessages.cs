namespace Totem.Cli.Workers;

/// <summary>
/// How many of our own messages are under way to ourselves: a sender that waits for them keeps pace with the ring. One
/// thread submits, another one sees them return.
/// </summary>
internal sealed class OutstandingMessages
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiting;
    private int _waitingMax;
    private int _count;

    /// <summary>The member whose messages are counted; nobody until it runs.</summary>
    public ProcessorId Owner { get; set; }

    /// <summary>One more is under way.</summary>
    public void Submitted()
    {
        lock (_lock)
            _count++;
    }

    /// <summary>A message of this sender was delivered here.</summary>
    public void Returned(ProcessorId sender)
    {
        lock (_lock)
        {
            if (sender != Owner || _count == 0)
                return;
            _count--;
            if (_waiting is null || _count >= _waitingMax)
                return;
            _waiting.SetResult();
            _waiting = null;
        }
    }

    /// <summary>Waits until fewer than so many are under way; 0 never waits.</summary>
    public Task WaitForRoomAsync(int max, CancellationToken cancellationToken)
    {
        if (max == 0)
            return Task.CompletedTask;
        lock (_lock)
        {
            if (_count < max)
                return Task.CompletedTask;
            _waitingMax = max;
            _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiting.Task.WaitAsync(cancellationToken);
        }
    }
}
