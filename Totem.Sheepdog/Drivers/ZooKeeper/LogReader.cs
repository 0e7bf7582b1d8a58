using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// Reads the log: each entry once, many on their way while it is behind. At the end one watch waits for the next number. Where there are
/// many sessions and answers take long, it rests between two looks, so that entries that come quickly are read in batches: to wake a
/// thousand for each of them is what makes answers take long. Under the driver's lock.
/// </summary>
internal sealed class LogReader : IDisposable
{
    private const int InFlightMax = 64;

    /// <summary>A rest is so many times what the last answer took, and a millisecond for each session, to the most.</summary>
    private const int RestFactor = 8;
    private const int RestMillisecondsMax = 1000;

    private readonly ZooKeeperSession _session;
    private readonly Timer _rest;

    private readonly Dictionary<uint, byte[]> _fetched = [];
    private readonly HashSet<uint> _inFlight = [];

    /// <summary>Entries below this number exist, or did.</summary>
    private uint _end;

    /// <summary>Everything below was asked for.</summary>
    private uint _asked;

    private bool _hasStarted;
    private bool _isLooking;
    private bool _isWatching;
    private bool _isResting;
    private long _wokenAt;
    private long _lastLookMilliseconds;
    private uint? _doubted;

    public LogReader(ZooKeeperSession session)
    {
        _session = session;
        _rest = new Timer(_ => session.Do(EndRest));
    }

    /// <summary>The number of the entry that is handled next.</summary>
    public uint Position { get; private set; }

    /// <summary>Bytes of entries that were read, and how many reads and looks were made for them.</summary>
    public long BytesRead { get; private set; }

    public long RequestCount { get; private set; }

    /// <summary>Holds back what comes next, for what must be fetched first.</summary>
    public bool IsHeld { get; private set; }

    public void Start(uint position)
    {
        Position = _end = _asked = position;
        _hasStarted = true;
        Measure();
    }

    public void Hold() => IsHeld = true;

    public void Release()
    {
        IsHeld = false;
        Pump();
    }

    /// <summary>The connection is there again; requests that were lost with the old one have been answered.</summary>
    public void Resume()
    {
        _asked = Position;
        Pump();
    }

    /// <summary>The entry that was waited for is there.</summary>
    public void OnCreated(string path)
    {
        if (!_isWatching || ZooKeeperPaths.NumberOf(path) != _end)
            return;
        _isWatching = false;
        var rest = Math.Min(RestFactor * _lastLookMilliseconds, Math.Min(_session.CompanyCount, RestMillisecondsMax));
        var now = Environment.TickCount64;
        if (now - _wokenAt < rest)
        {
            _isResting = true;
            _rest.Change(rest, Timeout.Infinite);
            return;
        }

        _wokenAt = now;
        _end++;
        Pump();
    }

    private void EndRest()
    {
        (_isResting, _wokenAt) = (false, Environment.TickCount64);
        Measure();
    }

    public void Dispose() => _rest.Dispose();

    /// <summary>Now and then: whoever slept while entries were written and removed would wait for one of them for ever.</summary>
    public void Check()
    {
        if (!_isWatching || !_session.IsConnected)
            return;
        _session.Client.Exists(_session.Paths.Queue, isWatched: false, (code, stat) => _session.Do(() =>
        {
            if (code != ZooKeeperCode.Ok || !_isWatching || stat.CreatedCount <= _end)
                _doubted = null;
            else if (_doubted == _end)
                _session.Lose("entries were removed before this session had read them");
            else
                _doubted = _end;
        }));
    }

    private void Pump()
    {
        if (!_hasStarted)
            return;
        while (!IsHeld && !_session.IsOver && _fetched.Remove(Position, out var bytes))
        {
            Position++;
            _session.Handle(bytes);
        }

        if (_session.IsOver || !_session.IsConnected)
            return;
        while (_asked < _end && _inFlight.Count < InFlightMax && _fetched.Count < InFlightMax)
        {
            var number = _asked++;
            if (number < Position || _fetched.ContainsKey(number) || !_inFlight.Add(number))
                continue;
            RequestCount++;
            _session.Client.Get(_session.Paths.Entry(number), (code, data, _) => _session.Do(() => Take(number, code, data)));
        }

        if (_asked == _end && !_isLooking && !_isWatching && !_isResting)
            Look();
    }

    private void Take(uint number, ZooKeeperCode code, byte[]? data)
    {
        _inFlight.Remove(number);
        switch (code)
        {
            case ZooKeeperCode.Ok:
                BytesRead += data!.Length;
                _fetched[number] = data;
                break;
            case ZooKeeperCode.NoNode:
                _session.Lose("entries were removed before this session had read them");
                return;
            default:
                _asked = Math.Min(_asked, number);
                break;
        }

        Pump();
    }

    /// <summary>Waits at the end, if it is the end.</summary>
    private void Look()
    {
        _isLooking = true;
        RequestCount++;
        var number = _end;
        var begin = Environment.TickCount64;
        _session.Client.Exists(_session.Paths.Entry(number), isWatched: true, (code, _) => _session.Do(() =>
        {
            _isLooking = false;
            _lastLookMilliseconds = Environment.TickCount64 - begin;
            if (code == ZooKeeperCode.NoNode)
                _isWatching = true;
            else if (code == ZooKeeperCode.Ok)
                Measure();
            Pump();
        }));
    }

    /// <summary>How far the log goes.</summary>
    private void Measure()
    {
        _isLooking = true;
        RequestCount++;
        _session.Client.Exists(_session.Paths.Queue, isWatched: false, (code, stat) => _session.Do(() =>
        {
            _isLooking = false;
            if (code == ZooKeeperCode.Ok)
                _end = Math.Max(_end, stat.CreatedCount);
            Pump();
        }));
    }
}
