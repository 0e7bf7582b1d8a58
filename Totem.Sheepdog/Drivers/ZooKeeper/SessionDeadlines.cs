namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The things that a session waits for besides the servers.</summary>
internal enum SessionDeadline
{
    /// <summary>The reader looks again.</summary>
    Rest,

    /// <summary>The arrival asks again what it was not answered.</summary>
    Arrival,

    /// <summary>The same for a state that this session is handed.</summary>
    Handover,

    /// <summary>The same for the session that this one watches.</summary>
    Ring,

    /// <summary>The session looks after positions, old entries and its own watch.</summary>
    Housekeeping,
}

/// <summary>The deadlines of a session, in milliseconds of a clock that does not go back.</summary>
internal sealed class SessionDeadlines
{
    private readonly long?[] _due = new long?[Enum.GetValues<SessionDeadline>().Length];

    /// <summary>The next one; null when there is none.</summary>
    public long? Next => _due.Min();

    public void Set(SessionDeadline deadline, long due) => _due[(int)deadline] = due;

    /// <summary>Takes away one that has come.</summary>
    public bool TryTake(long now, out SessionDeadline deadline)
    {
        var index = Array.FindIndex(_due, x => x <= now);
        deadline = (SessionDeadline)index;
        if (index < 0)
            return false;
        _due[index] = null;
        return true;
    }
}
