namespace Totem.Core.Time;

/// <summary>A little table of deadlines, one slot a kind; the earliest is what the host sleeps for.</summary>
internal sealed class DeadlineTable
{
    private static readonly int Slots = Enum.GetValues<Deadline>().Length;

    private readonly long[] _ticks = CreateUnset();

    /// <summary>The earliest deadline that is set.</summary>
    public Instant? Earliest
    {
        get
        {
            var earliest = long.MaxValue;
            foreach (var ticks in _ticks)
                earliest = Math.Min(earliest, ticks);
            return earliest == long.MaxValue ? null : new Instant(earliest);
        }
    }

    public void Set(Deadline deadline, Instant at) => _ticks[(int)deadline] = at.Ticks;

    public void Clear(Deadline deadline) => _ticks[(int)deadline] = long.MaxValue;

    public void ClearAll() => Array.Fill(_ticks, long.MaxValue);

    public bool IsSet(Deadline deadline) => _ticks[(int)deadline] != long.MaxValue;

    /// <summary>Takes the earliest deadline that is due, if any; it is cleared.</summary>
    public bool TryTakeDue(Instant now, out Deadline deadline)
    {
        var index = 0;
        for (var i = 1; i < _ticks.Length; i++)
        {
            if (_ticks[i] < _ticks[index])
                index = i;
        }

        deadline = (Deadline)index;
        if (_ticks[index] > now.Ticks || _ticks[index] == long.MaxValue)
            return false;
        _ticks[index] = long.MaxValue;
        return true;
    }

    private static long[] CreateUnset()
    {
        var ticks = new long[Slots];
        Array.Fill(ticks, long.MaxValue);
        return ticks;
    }
}
