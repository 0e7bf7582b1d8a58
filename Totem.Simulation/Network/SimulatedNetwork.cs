using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Simulation.Model;

namespace Totem.Simulation.Network;

/// <summary>
/// Carries datagrams between processors on virtual time and does to them what networks do. A processor's datagrams to
/// itself go through its own host: they are delayed like all others, but never lost.
/// </summary>
internal sealed class SimulatedNetwork
{
    private readonly ClusterSetup _setup;
    private readonly SimulationMemory _memory;
    private readonly ISimulationListener? _listener;
    private readonly ulong[] _linkSeeds;
    private readonly ulong[] _linkCounts;
    private readonly List<FrameFilter> _filters = [];
    private readonly List<(int From, int To, int Handle)> _held = [];
    private readonly byte[]?[] _lastJoins;
    private readonly int _nodes;

    public SimulatedNetwork(ClusterSetup setup, SimulationMemory memory, ISimulationListener? listener)
    {
        _setup = setup;
        _memory = memory;
        _listener = listener;
        _nodes = setup.Processors.Count;
        Links = new LinkTable(_nodes);
        _linkSeeds = new ulong[_nodes * _nodes];
        _linkCounts = new ulong[_nodes * _nodes];
        _lastJoins = new byte[_nodes][];
        for (var link = 0; link < _linkSeeds.Length; link++)
            _linkSeeds[link] = StableHash.Mix(setup.Seed, (ulong)link);
    }

    public LinkTable Links { get; }

    public NetworkNoise Noise { get; set; } = NetworkNoise.None;

    /// <summary>A test's hand in the network; it is asked before chance is.</summary>
    public FrameIntercept? Intercept { get; set; }

    /// <summary>Datagrams handed in, each receiver counted.</summary>
    public long SentCount { get; private set; }

    /// <summary>Datagrams that some fault kept from arriving.</summary>
    public long LostCount { get; private set; }

    public void AddFilter(FrameFilter filter) => _filters.Add(filter);

    /// <summary>Ends every fault, filters and noise included. A datagram that a test holds stays held.</summary>
    public void Heal()
    {
        Links.Heal();
        Noise = NetworkNoise.None;
        _filters.Clear();
    }

    /// <summary>Sends to one processor, or to all but the sender when <paramref name="to"/> is negative.</summary>
    public void Send(int from, int to, ReadOnlySpan<byte> frame, long now)
    {
        NoteSent(from, to, frame, now);
        var handle = _memory.Datagrams.Rent(frame);
        if (to >= 0)
        {
            SendOne(from, to, handle, now);
        }
        else
        {
            for (var receiver = 0; receiver < _nodes; receiver++)
            {
                if (receiver != from)
                    SendOne(from, receiver, handle, now);
            }
        }

        _memory.Datagrams.Release(handle);
    }

    /// <summary>A frame leaves its sender, on whatever way.</summary>
    public void NoteSent(int from, int to, ReadOnlySpan<byte> frame, long now)
    {
        if (frame.Length < WireFormat.HeaderBytes)
            throw new InvalidOperationException($"a frame of {frame.Length} bytes was sent, expected a header "
                + "at least");
        _listener?.OnFrame(new Instant(now), Id(from), to < 0 ? ProcessorId.None : Id(to), frame, FrameFate.Sent);
        if ((FrameKind)frame[3] == FrameKind.Join)
            _lastJoins[from] = frame.ToArray();
    }

    /// <summary>True when a scripted filter takes this frame, which kronosnet has opened at the receiver.</summary>
    public bool TakesOpened(int from, int to, ReadOnlySpan<byte> frame, long now)
    {
        if (frame.Length < WireFormat.HeaderBytes || !IsFiltered(from, to, (FrameKind)frame[3]))
            return false;
        _listener?.OnFrame(new Instant(now), Id(from), Id(to), frame, FrameFate.Filtered);
        return true;
    }

    /// <summary>Lets go of everything a test held; it arrives after the usual delay.</summary>
    public void ReleaseHeld(long now)
    {
        foreach (var (from, to, handle) in _held)
            Push(now + _setup.Latency.Ticks, from, to, handle, isReplay: false);
        _held.Clear();
    }

    /// <summary>Sends the last join of each of these once more, as a network may that has kept a copy.</summary>
    public void RepeatJoins(ProcessorSet senders, long now)
    {
        for (var from = 0; from < _nodes; from++)
        {
            if (_lastJoins[from] is { } join && senders.Contains(Id(from)))
                Send(from, to: -1, join, now);
        }
    }

    /// <summary>Forgets everything a test held.</summary>
    public void DropHeld()
    {
        foreach (var (_, _, handle) in _held)
            _memory.Datagrams.Release(handle);
        _held.Clear();
    }

    /// <summary>A roll that belongs to the link, for decisions made elsewhere.</summary>
    public DatagramDice Dice(int from, int to)
    {
        var link = from * _nodes + to;
        return new DatagramDice(_linkSeeds[link], _linkCounts[link]++);
    }

    private void SendOne(int from, int to, int handle, long now)
    {
        SentCount++;
        var dice = Dice(from, to);
        var at = now + _setup.Latency.Ticks + dice.UpTo(_setup.Jitter.Ticks);
        _memory.Datagrams.AddReference(handle);
        if (from == to)
        {
            Push(at, from, to, handle, isReplay: false);
            return;
        }

        if (Refuse(from, to, handle, now, ref dice) is { } fate)
        {
            Report(from, to, handle, now, fate);
            if (fate == FrameFate.Held)
            {
                _held.Add((from, to, handle));
                return;
            }

            LostCount++;
            _memory.Datagrams.Release(handle);
            return;
        }

        at += Links.AddedDelay(from, to);
        if (dice.Chance(Noise.ReorderRate))
            at += dice.UpTo(Noise.ReorderMax.Ticks);
        if (dice.Chance(Noise.CorruptRate))
        {
            handle = Corrupt(from, to, handle, now, ref dice);
            if (handle < 0)
                return;
        }

        if (dice.Chance(Noise.DuplicateRate))
        {
            _memory.Datagrams.AddReference(handle);
            Report(from, to, handle, now, FrameFate.Duplicated);
            Push(at + dice.UpTo(Noise.ReplayMax.Ticks), from, to, handle, isReplay: true);
        }

        Push(at, from, to, handle, isReplay: false);
    }

    private FrameFate? Refuse(int from, int to, int handle, long now, ref DatagramDice dice)
    {
        if (Links.IsClosed(from, to, now))
            return FrameFate.CutOff;
        var frame = _memory.Datagrams[handle];
        var kind = (FrameKind)frame[3];
        if (IsFiltered(from, to, kind))
            return FrameFate.Filtered;
        switch (Intercept?.Invoke(new FrameInFlight(Id(from), Id(to), frame)))
        {
            case FrameVerdict.Drop: return FrameFate.Filtered;
            case FrameVerdict.Hold: return FrameFate.Held;
            default: break;
        }

        if (dice.Chance(Links.LossRate(from, to)) || dice.Chance(Noise.LossRate))
            return FrameFate.Lost;
        if (kind is FrameKind.RegularToken or FrameKind.CommitToken or FrameKind.TokenLoan
            && dice.Chance(Noise.TokenLossRate))
            return FrameFate.Lost;
        return frame.Length > Noise.BigBytes && dice.Chance(Noise.BigLossRate) ? FrameFate.Lost : null;
    }

    private bool IsFiltered(int from, int to, FrameKind kind)
    {
        foreach (var filter in _filters)
        {
            if (filter.Takes(from, to, kind))
                return true;
        }

        return false;
    }

    /// <summary>Gives the reference up for a broken copy; -1 when the datagram does not arrive at all.</summary>
    private int Corrupt(int from, int to, int handle, long now, ref DatagramDice dice)
    {
        var broken = _memory.Frame.AsSpan(0, _memory.Datagrams[handle].Length);
        _memory.Datagrams[handle].CopyTo(broken);
        _memory.Datagrams.Release(handle);
        var length = dice.Chance(0.5) ? -1 : FrameCorruption.Break(broken, ref dice);
        if (length < 0)
        {
            LostCount++;
            return -1;
        }

        var copy = _memory.Datagrams.Rent(broken[..length]);
        Report(from, to, copy, now, FrameFate.Corrupted);
        return copy;
    }

    private void Push(long at, int from, int to, int handle, bool isReplay) =>
        _memory.Queue.Push(new SimulationEvent(at, SimulationEventKind.Arrival, to, handle, from, isReplay));

    private void Report(int from, int to, int handle, long now, FrameFate fate) =>
        _listener?.OnFrame(new Instant(now), Id(from), Id(to), _memory.Datagrams[handle], fate);

    private ProcessorId Id(int node) => _setup.Processors[node];
}
