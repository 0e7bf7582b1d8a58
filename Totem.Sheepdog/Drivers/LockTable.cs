using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers;

/// <summary>Threads of this sheep that wait for locks, and locks it has. Under the driver's lock.</summary>
internal sealed class LockTable
{
    private readonly List<LockWaiter> _waiters = [];
    private readonly Dictionary<ulong, ulong> _held = [];

    /// <summary>A thread wants a lock; in the session there is, or the next one.</summary>
    public LockWaiter Add(ulong id, ClusterSession? session)
    {
        var waiter = new LockWaiter(id) { Ticket = session?.Lock(id) ?? 0 };
        _waiters.Add(waiter);
        return waiter;
    }

    /// <summary>The session says who has its lock now.</summary>
    public void TakeGranted(ClusterSession session)
    {
        while (session.TryTakeGranted(out var ticket))
        {
            if (_waiters.Find(x => x.Ticket == ticket) is not { } waiter)
                continue;
            _waiters.Remove(waiter);
            _held[waiter.Id] = ticket;
            waiter.End(null);
        }
    }

    /// <returns>False when it is not held, or is no longer.</returns>
    public bool Release(ulong id, ClusterSession? session)
    {
        if (!_held.Remove(id, out var ticket) || session is null || session.Phase == SessionPhase.Lost)
            return false;
        session.Unlock(id, ticket);
        return true;
    }

    /// <summary>A new session: what was held is lost, who waits asks again.</summary>
    public void Renew(ClusterSession session)
    {
        _held.Clear();
        foreach (var waiter in _waiters)
            waiter.Ticket = session.Lock(waiter.Id);
    }

    /// <summary>The driver is over.</summary>
    public void Close()
    {
        foreach (var waiter in _waiters)
            waiter.End(new ObjectDisposedException(
                nameof(IClusterDriver), $"the driver was disposed of while lock {waiter.Id} was waited for"));
        _waiters.Clear();
        _held.Clear();
    }
}

/// <summary>A thread that waits for a lock.</summary>
internal sealed class LockWaiter(ulong id)
{
    /// <summary>An object, since only those can be waited at.</summary>
    private readonly object _ended = new();
    private bool _hasEnded;
    private Exception? _failure;

    public ulong Id { get; } = id;

    /// <summary>The request's number in the session; 0 while there is none.</summary>
    public ulong Ticket { get; set; }

    public void End(Exception? failure)
    {
        lock (_ended)
        {
            (_failure, _hasEnded) = (failure, true);
            Monitor.PulseAll(_ended);
        }
    }

    public void Wait()
    {
        lock (_ended)
        {
            while (!_hasEnded)
                Monitor.Wait(_ended);
        }

        if (_failure is not null)
            throw _failure;
    }
}
