using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers;

/// <summary>
/// Plays all processors forward together: a delivery waits for the send, and then for all other deliveries of its
/// message; an install waits for all other installs of its configuration. When everybody gets to the end, the steps
/// were one order of everything. This is a topological sort without the graph: linear, and a fraction of the graph's
/// memory.
/// </summary>
internal sealed class Replay
{
    private readonly TraceIndex _index;
    private readonly int[] _at;
    private readonly Stack<int> _ready = new();

    // The waiting slots: for each message or configuration a list of them, linked, since a slot waits for one thing
    // only.
    private readonly int[] _nextWaiting;
    private readonly int[] _waitingForSend;
    private readonly int[] _waitingForOthers;
    private readonly int[] _arrived;
    private readonly bool[] _isSent;

    public Replay(TraceIndex index)
    {
        _index = index;
        _at = index.FirstEvents[..^1];
        _nextWaiting = new int[_at.Length];
        _isSent = new bool[index.Messages.Count];
        _waitingForSend = new int[index.Messages.Count];
        // Messages first, then configurations.
        _arrived = new int[index.Messages.Count + index.Configurations.Count];
        _waitingForOthers = new int[_arrived.Length];
        Array.Fill(_waitingForSend, -1);
        Array.Fill(_waitingForOthers, -1);
    }

    /// <summary>True when everybody gets to the end. Runs once.</summary>
    public bool Run()
    {
        for (var slot = 0; slot < _at.Length; slot++)
            _ready.Push(slot);
        while (_ready.TryPop(out var slot))
        {
            while (_at[slot] < _index.FirstEvents[slot + 1] && TryPass(slot, _at[slot]))
                _at[slot]++;
        }

        for (var slot = 0; slot < _at.Length; slot++)
        {
            if (_at[slot] < _index.FirstEvents[slot + 1])
                return false;
        }

        return true;
    }

    private bool TryPass(int slot, int e)
    {
        var m = _index.Messages.Of[e];
        switch (_index.Events[e].Kind)
        {
            case TraceEventKind.Send:
                if (_index.Messages.Send(m) == e)
                    ReleaseDeliveries(m);
                return true;
            case TraceEventKind.Deliver when _index.Messages.Send(m) >= 0 && !_isSent[m]:
                Wait(slot, ref _waitingForSend[m]);
                return false;
            case TraceEventKind.Deliver:
                return _index.Messages.IsRepeated[e] || TryMeet(slot, m, _index.Messages.DelivererCounts[m]);
            case TraceEventKind.Install:
                var stay = _index.Stays[e]!;
                return stay.IsRepeated
                    || TryMeet(slot, _index.Messages.Count + stay.Entry.Index, stay.Entry.InstallerCount);
            default:
                return true;
        }
    }

    private void ReleaseDeliveries(int message)
    {
        _isSent[message] = true;
        for (var slot = _waitingForSend[message]; slot >= 0; slot = _nextWaiting[slot])
            _ready.Push(slot);
    }

    /// <summary>The last to come goes on and takes the others along.</summary>
    private bool TryMeet(int slot, int place, int expected)
    {
        if (++_arrived[place] < expected)
        {
            Wait(slot, ref _waitingForOthers[place]);
            return false;
        }

        for (var other = _waitingForOthers[place]; other >= 0; other = _nextWaiting[other])
        {
            _at[other]++;
            _ready.Push(other);
        }

        return true;
    }

    private void Wait(int slot, ref int list)
    {
        _nextWaiting[slot] = list;
        list = slot;
    }
}
