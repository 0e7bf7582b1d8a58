namespace Totem.Bench.Load;

/// <summary>How fast an application reads: as fast as it can, at a rate, or not at all for a while.
/// One thread reads, any may tell it.</summary>
internal sealed class ReadPace : IDisposable
{
    private const double NanosecondsPerSecond = 1e9;

    // Shorter sleeps would cost more than they are long.
    private const long SleepMinNanoseconds = 2_000_000;

    // On a busy machine a reader is woken late, which is not its pace: so much of it is made up for.
    private const long SlackNanoseconds = 100_000_000;

    private readonly double _interval;
    private readonly ManualResetEventSlim _mayRead = new(initialState: true);
    private double _next;
    private volatile bool _isFree;

    /// <summary>Creates one.</summary>
    /// <param name="perSecond">Messages a second; 0 for as many as there are.</param>
    public ReadPace(double perSecond)
    {
        _interval = perSecond > 0 ? NanosecondsPerSecond / perSecond : 0;
        _isFree = perSecond <= 0;
    }

    /// <summary>Returns when the next message may be read. The reader.</summary>
    public void Await()
    {
        _mayRead.Wait();
        if (_isFree)
            return;
        var now = Clock.Now;
        _next = Math.Max(_next, now - SlackNanoseconds) + _interval;
        if (_next - now > SleepMinNanoseconds)
            Clock.SleepUntil((long)_next);
    }

    /// <summary>Read nothing more.</summary>
    public void Pause() => _mayRead.Reset();

    /// <summary>Read on, as fast as it was said.</summary>
    public void Resume() => _mayRead.Set();

    /// <summary>Read on as fast as possible: the run is over.</summary>
    public void Release()
    {
        _isFree = true;
        Resume();
    }

    /// <inheritdoc />
    public void Dispose() => _mayRead.Dispose();
}
