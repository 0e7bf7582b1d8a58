using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>Reads the log: each entry once, many on their way while it is behind; <see cref="LogEnd"/> waits for
/// more.</summary>
internal sealed class LogReader(SessionSetup setup, RequestDesk desk)
{
    private const int InFlightMax = 64;

    private readonly Dictionary<uint, byte[]> _fetched = [];
    private readonly HashSet<uint> _inFlight = [];
    private readonly LogEnd _end = new(setup.Paths, desk);

    /// <summary>Everything below was asked for.</summary>
    private uint _asked;

    private bool _hasStarted;

    /// <summary>The number of the entry that is handled next.</summary>
    public uint Position { get; private set; }

    /// <summary>Bytes of entries that were read, and how many reads and looks were made for them.</summary>
    public long BytesRead { get; private set; }

    public long RequestCount => ReadCount + _end.RequestCount;

    private long ReadCount { get; set; }

    /// <summary>Holds back what comes next, for what must be fetched first.</summary>
    public bool IsHeld { get; set; }

    public void Start(uint position)
    {
        Position = _asked = position;
        _hasStarted = true;
        _end.Start(position);
    }

    /// <summary>The connection is there again; requests that were lost with the old one have been answered.</summary>
    public void Resume() => _asked = Position;

    /// <summary>The next entry, in order.</summary>
    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? entry)
    {
        entry = null;
        if (IsHeld || desk.IsMarkLost || desk.End is not null || !_fetched.Remove(Position, out entry))
            return false;
        Position++;
        return true;
    }

    /// <summary>Asks for what it may ask for.</summary>
    public void Pump(long now)
    {
        if (!_hasStarted || !desk.IsOpen)
            return;
        while (_asked < _end.Position && _inFlight.Count < InFlightMax && _fetched.Count < InFlightMax)
        {
            var number = _asked++;
            if (number < Position || _fetched.ContainsKey(number) || !_inFlight.Add(number))
                continue;
            ReadCount++;
            desk.Ask(new(RequestPurpose.ReaderReads, BackendRequestKind.Get, setup.Paths.Entry(number))
            {
                Entry = number,
            });
        }

        if (_asked == _end.Position)
            _end.Look(now);
    }

    /// <summary>An entry was read, or not.</summary>
    public void HandleEntry(BackendAnswer answer)
    {
        var number = answer.Request.Entry;
        _inFlight.Remove(number);
        switch (answer.Code)
        {
            case ZooKeeperCode.Ok:
                BytesRead += answer.Data.Length;
                _fetched[number] = answer.Data;
                break;
            case ZooKeeperCode.NoNode:
                desk.Lose(LogEnd.WasRemoved);
                break;
            default:
                _asked = Math.Min(_asked, number);
                break;
        }
    }

    /// <inheritdoc cref="LogEnd.HandleLook"/>
    public void HandleLook(BackendAnswer answer, long now) => _end.HandleLook(answer.Code, now);

    /// <inheritdoc cref="LogEnd.HandleMeasure"/>
    public void HandleMeasure(BackendAnswer answer) => _end.HandleMeasure(answer);

    /// <inheritdoc cref="LogEnd.HandleCreated"/>
    public void HandleCreated(string path, int company, long now) => _end.HandleCreated(path, company, now);

    /// <inheritdoc cref="LogEnd.HandleRested"/>
    public void HandleRested(long now) => _end.HandleRested(now);

    /// <inheritdoc cref="LogEnd.Check"/>
    public void Check() => _end.Check();

    /// <inheritdoc cref="LogEnd.HandleCheck"/>
    public void HandleCheck(BackendAnswer answer) => _end.HandleCheck(answer);
}
