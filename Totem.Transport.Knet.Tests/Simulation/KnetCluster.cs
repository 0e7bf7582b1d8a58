using Totem.Simulation.Model;
using Totem.Core.Time;
using Totem.Transport.Knet.Mtu;

namespace Totem.Transport.Knet.Tests.Simulation;

/// <summary>Machines on virtual time, joined by links that a test may cut, slow down, narrow and disturb. One seed, one
/// run.</summary>
internal sealed class KnetCluster : IDisposable
{
    private const int RecordedMax = 4096;

    private readonly PriorityQueue<Pending, (long At, long Order)> _queue = new();
    private readonly PathState[,,] _paths;
    private readonly byte[] _arena = new byte[KnetMachine.BurstBytesMax];
    private readonly byte[][] _keys;
    private long _order;

    public KnetCluster(KnetSetup setup, ulong seed)
    {
        Setup = setup;
        Random = new SimulationRandom(seed);
        _keys = [.. Enumerable.Range(0, 2)
            .Select(_ => Enumerable.Range(0, 256).Select(_ => (byte)Random.Below(256)).ToArray())];
        _paths = new PathState[setup.NodeCount + 1, setup.NodeCount + 1, setup.LinkCount];
        foreach (var (from, to, link) in AllPaths())
            _paths[from, to, link] = new PathState();
        Nodes = [.. Enumerable.Range(1, setup.NodeCount).Select(x => new KnetNode(setup, x, Random))];
    }

    private readonly record struct Pending(int Node, int Life, int From, int Link, byte[]? Datagram, bool IsRefusal);

    public KnetSetup Setup { get; }

    public SimulationRandom Random { get; }

    public Instant Now { get; private set; } = new(TimeSpan.TicksPerSecond);

    public KnetNode[] Nodes { get; }

    public MessageLedger Ledger { get; } = new();

    /// <summary>Packets of late, for whoever wants to send them again: when, from whom, over which link, to
    /// whom.</summary>
    public Queue<(Instant At, int From, int To, int Link, byte[] Datagram)> Recorded { get; } = new();

    /// <summary>The number of the key that nodes begin with.</summary>
    public int KeyInUse { get; set; }

    public byte[] Key(int number) => _keys[number % _keys.Length];

    public PathState Path(int from, int to, int link) => _paths[from, to, link];

    public IEnumerable<(int From, int To, int Link)> AllPaths() =>
        from a in Enumerable.Range(1, Setup.NodeCount)
        from b in Enumerable.Range(1, Setup.NodeCount)
        from link in Enumerable.Range(0, Setup.LinkCount)
        where a != b
        select (a, b, link);

    public KnetNode Node(int id) => Nodes[id - 1];

    public KnetCluster StartAll()
    {
        foreach (var node in Nodes)
            Start(node.Id);
        return this;
    }

    public void Start(int id)
    {
        var node = Node(id);
        node.Begin(Key(KeyInUse));
        node.Machine!.Start(Now);
        Drain(node);
        ScheduleDeadline(node);
    }

    /// <summary>The process ends, and whoever sends to it hears that nobody listens.</summary>
    public void Stop(int id) => Node(id).End();

    /// <summary>Sends a message; to 0 for all.</summary>
    /// <returns>Its serial number; 0 when it went nowhere.</returns>
    public uint Send(int from, int to, int bytes)
    {
        var node = Node(from);
        if (node.Machine is not { } machine)
            return 0;
        var message = Ledger.Write((ushort)from, (ushort)to, bytes);
        var isSent = machine.Send(message, (ushort)to, Now);
        Drain(node);
        return isSent ? Ledger.LastSerial : 0;
    }

    /// <summary>Something is done to a machine from outside.</summary>
    public void Do(int id, Action<KnetMachine> action)
    {
        if (Node(id).Machine is not { } machine)
            return;
        action(machine);
        Drain(Node(id));
    }

    public void Inject(int from, int to, int link, byte[] datagram, TimeSpan delay) =>
        Enqueue(delay, new Pending(to, 0, from, link, datagram, IsRefusal: false));

    public void RunFor(TimeSpan duration)
    {
        var end = Now + duration;
        while (_queue.TryPeek(out _, out var priority) && priority.At <= end.Ticks)
        {
            var pending = _queue.Dequeue();
            Now = new Instant(Math.Max(Now.Ticks, priority.At));
            Handle(in pending);
        }

        Now = end;
    }

    /// <summary>Runs until the condition holds.</summary>
    /// <returns>False when the time was over before.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        for (var end = Now + limit; Now < end; RunFor(TimeSpan.FromMilliseconds(20)))
        {
            if (condition())
                return true;
        }

        return condition();
    }

    /// <summary>Everybody reaches everybody.</summary>
    public bool IsWhole() =>
        Nodes.All(a => a.Machine is not null && Nodes.All(b => a == b || a.Machine.IsReachable(b.Id)));

    public void Dispose()
    {
        foreach (var node in Nodes)
            node.End();
    }

    private void Handle(in Pending pending)
    {
        var node = Node(pending.Node);
        if (pending.Datagram is null && !pending.IsRefusal)
        {
            if (node.Machine is null || node.Life != pending.Life)
                return;
            node.Machine.HandleDeadline(Now);
            Drain(node);
            ScheduleDeadline(node);
            return;
        }

        if (node.Machine is not { } machine)
        {
            if (pending.Datagram is not null)
                Refuse(in pending);
            return;
        }

        if (pending.IsRefusal)
            machine.HandleRefused((ushort)pending.From, (byte)pending.Link, Now);
        else if (machine.HandleDatagram(
            pending.Datagram, Setup.Address(pending.From, pending.Link), Now, out var message))
            Ledger.Deliver(node.Id, node.Life, in message);
        Drain(node);
    }

    private void Refuse(in Pending pending)
    {
        var back = Path(pending.Node, pending.From, pending.Link);
        if (!back.IsCut && !Random.Chance(back.Loss))
            Enqueue(back.DelayMin, new Pending(pending.From, 0, pending.Node, pending.Link, null, IsRefusal: true));
    }

    private void Drain(KnetNode node)
    {
        var machine = node.Machine!;
        while (machine.TryTransmit(_arena, out var burst))
        {
            foreach (var destination in machine.Destinations.ToArray())
            {
                for (int offset = 0, i = 0; i < burst.PacketCount; i++)
                {
                    var bytes = Math.Min(burst.PacketBytes, burst.TotalBytes - offset);
                    Transmit(machine, node.Id, destination, _arena.AsSpan(offset, bytes).ToArray());
                    offset += bytes;
                }
            }
        }
    }

    private void Transmit(KnetMachine machine, int from, LinkDestination destination, byte[] datagram)
    {
        var path = Path(from, destination.Peer, destination.Link);
        var ipBytes = datagram.Length + PacketSizes.IpHeaderBytes(Setup.IsIPv6);
        if (ipBytes > path.InterfaceIpBytes)
        {
            machine.HandleTooBig(destination, ipBytes, path.InterfaceIpBytes, Now);
            return;
        }

        Record(from, destination, datagram);
        if (path.IsCut || ipBytes > path.IpBytes || Random.Chance(path.Loss))
            return;
        var copies = Random.Chance(path.Duplicates) ? 2 : 1;
        for (var i = 0; i < copies; i++)
        {
            var delay = new TimeSpan(Random.Between(path.DelayMin.Ticks, path.DelayMax.Ticks));
            Enqueue(delay, new Pending(
                destination.Peer, 0, from, destination.Link, Corrupt(path, datagram), IsRefusal: false));
        }
    }

    private byte[] Corrupt(PathState path, byte[] datagram)
    {
        if (!Random.Chance(path.Corruption))
            return datagram;
        var copy = datagram.ToArray();
        copy[Random.Below(copy.Length)] ^= (byte)(1 << Random.Below(8));
        return copy;
    }

    private void Record(int from, LinkDestination destination, byte[] datagram)
    {
        Recorded.Enqueue((Now, from, destination.Peer, destination.Link, datagram));
        if (Recorded.Count > RecordedMax)
            Recorded.Dequeue();
    }

    private void ScheduleDeadline(KnetNode node) =>
        Enqueue(node.Machine!.NextDeadline!.Value - Now, new Pending(node.Id, node.Life, 0, 0, null, IsRefusal: false));

    private void Enqueue(TimeSpan delay, in Pending pending) =>
        _queue.Enqueue(pending, ((Now + delay).Ticks, _order++));
}
