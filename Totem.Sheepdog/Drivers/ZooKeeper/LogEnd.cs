using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// The end of the log, where one watch waits for the next number. Where there are many sessions and answers take long,
/// it rests between two looks, so that entries that come quickly are read in batches: to wake a thousand for each of
/// them is what makes answers take long.
/// </summary>
internal sealed class LogEnd(ZooKeeperPaths paths, RequestDesk desk)
{
    public const string WasRemoved = "entries were removed before this session had read them";

    /// <summary>A rest is so many times what the last answer took, and a millisecond for each session, to the
    /// most.</summary>
    private const int RestFactor = 8;
    private const int RestMillisecondsMax = 1000;

    private State _state;
    private long _wokenAt;
    private long _lookedAt;
    private long _lastLook;
    private uint? _doubted;

    private enum State
    {
        /// <summary>It does nothing for the end: there are entries to read before it, or no connection.</summary>
        Idle,

        /// <summary>Whether the next entry is there is being asked, with a watch if it is not.</summary>
        Looking,

        /// <summary>How far the log goes is being asked.</summary>
        Measuring,

        /// <summary>The watch is set.</summary>
        Watching,

        /// <summary>Woken too early after the last time; it measures when the rest is over.</summary>
        Resting,
    }

    /// <summary>Entries below this number exist, or did.</summary>
    public uint Position { get; private set; }

    /// <summary>The looks and measures that were made.</summary>
    public long RequestCount { get; private set; }

    public void Start(uint position)
    {
        Position = position;
        Measure();
    }

    /// <summary>All that it knows of was asked for: it waits for more, if this is the end.</summary>
    public void Look(long now)
    {
        if (_state != State.Idle)
            return;
        (_state, _lookedAt) = (State.Looking, now);
        RequestCount++;
        desk.Ask(
            new(RequestPurpose.ReaderLooks, BackendRequestKind.Exists, paths.Entry(Position)) { IsWatched = true });
    }

    /// <summary>The next entry is there, or is watched for.</summary>
    public void HandleLook(ZooKeeperCode code, long now)
    {
        _state = code == ZooKeeperCode.NoNode ? State.Watching : State.Idle;
        _lastLook = now - _lookedAt;
        if (code == ZooKeeperCode.Ok)
            Measure();
    }

    /// <summary>The log goes as far as the servers have counted.</summary>
    public void HandleMeasure(BackendAnswer answer)
    {
        _state = State.Idle;
        if (answer.Code == ZooKeeperCode.Ok)
            Position = Math.Max(Position, answer.Stat.CreatedCount);
    }

    /// <summary>The entry that was waited for is there.</summary>
    /// <param name="path">The entry.</param>
    /// <param name="company">How many sessions share the log; 0 forbids to rest.</param>
    /// <param name="now">The time.</param>
    public void HandleCreated(string path, int company, long now)
    {
        if (_state != State.Watching || ZooKeeperPaths.NumberOf(path) != Position)
            return;
        var rest = Math.Min(RestFactor * _lastLook, Math.Min(company, RestMillisecondsMax));
        if (now - _wokenAt < rest)
        {
            _state = State.Resting;
            desk.Deadlines.Set(SessionDeadline.Rest, now + rest);
            return;
        }

        (_state, _wokenAt) = (State.Idle, now);
        Position++;
    }

    /// <summary>The rest is over.</summary>
    public void HandleRested(long now)
    {
        _wokenAt = now;
        Measure();
    }

    /// <summary>Now and then: a session that slept while entries were written and removed would wait for one of them
    /// for ever.</summary>
    public void Check()
    {
        if (_state == State.Watching && desk.IsOpen)
            desk.Ask(new(RequestPurpose.ReaderChecks, BackendRequestKind.Exists, paths.Queue));
    }

    /// <summary>The log goes farther than the watch has told, twice.</summary>
    public void HandleCheck(BackendAnswer answer)
    {
        if (answer.Code != ZooKeeperCode.Ok || _state != State.Watching || answer.Stat.CreatedCount <= Position)
            _doubted = null;
        else if (_doubted == Position)
            desk.Lose(WasRemoved);
        else
            _doubted = Position;
    }

    private void Measure()
    {
        _state = State.Measuring;
        RequestCount++;
        desk.Ask(new(RequestPurpose.ReaderMeasures, BackendRequestKind.Exists, paths.Queue));
    }
}
