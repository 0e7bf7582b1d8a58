using System.Buffers.Binary;
using System.Collections.Concurrent;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.ZooKeeper;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>One of very many sheep in a process: it counts, and shares its event loop with others.</summary>
internal sealed class ScaleSheep : IClusterEvents, IDisposable
{
    /// <summary>The part of its buffer that sheep's daemon uses before a cluster is formatted. The rest of it are zeros
    /// that nobody sends.</summary>
    private const int OpaqueLength = 48;

    private readonly ScaleHerd _herd;
    private readonly string _option;
    private int _memberCount;
    private IReadOnlyList<SheepNode> _members = [];

    public ScaleSheep(ScaleHerd herd, int identity, string option)
    {
        (_herd, _option) = (herd, option);
        Self = Node(identity);
        Driver.EventsReadyChanged = isReady =>
        {
            if (isReady)
                herd.Ready.Add(this);
        };
    }

    public ZooKeeperDriver Driver { get; } = new();

    public SheepNode Self { get; }

    public bool IsDead { get; set; }

    public int NotifyCount { get; private set; }

    /// <summary>Of everything that it was told, in its order.</summary>
    public int Sequence { get; private set; }

    public string? Trouble { get; private set; }

    public IEnumerable<string> Members => _members.Select(NodeString.Of);

    public void Connect() => Driver.Init(_option);

    public void Join() => Driver.Join(Self, new byte[OpaqueLength]);

    public void Work()
    {
        lock (this)
        {
            if (!IsDead)
                Driver.Dispatch(this);
        }
    }

    public bool OnJoin(SheepNode joining, IReadOnlyList<SheepNode> members, Span<byte> opaque) => true;

    public void OnAccept(SheepNode joined, IReadOnlyList<SheepNode> members, ReadOnlySpan<byte> opaque)
    {
        _memberCount = joined.Equals(Self) ? members.Count : _memberCount + 1;
        SetMembers(members);
    }

    public void OnLeave(SheepNode left, IReadOnlyList<SheepNode> members)
    {
        _memberCount--;
        SetMembers(members);
    }

    public void OnNotify(SheepNode sender, ReadOnlySpan<byte> message)
    {
        NotifyCount++;
        Sequence = unchecked((Sequence * 31) + BinaryPrimitives.ReadInt32LittleEndian(message));
        _herd.Tell(ScaleGoal.Notified, NotifyCount);
    }

    public bool OnBlock(SheepNode self) => false;

    public void OnUpdateNode(SheepNode node)
    {
    }

    public bool OnReconnect()
    {
        Trouble = "lost its session";
        return true;
    }

    public void OnFailed(string reason) => Trouble = reason;

    public void Dispose() => Driver.Dispose();

    private void SetMembers(IReadOnlyList<SheepNode> members)
    {
        _members = members;
        _herd.Tell(ScaleGoal.Members, _memberCount);
    }

    private static SheepNode Node(int identity)
    {
        // As sheep's: address, port, and the rest of 80 bytes.
        var bytes = new byte[80];
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), 0x0A00_0000 + identity);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(16), 7000);
        return new SheepNode(bytes, 18);
    }
}

/// <summary>The count that all sheep are waited for to have.</summary>
internal enum ScaleGoal
{
    Members,
    Notified,
}

/// <summary>All sheep of a run, with a few event loops for all.</summary>
internal sealed class ScaleHerd : IDisposable
{
    private const int LoopCount = 2;

    private readonly Thread[] _loops;
    private readonly Lock _gate = new();
    private ScaleGoal _goal;
    private int _goalCount;
    private int _missing;
    private ManualResetEventSlim? _reached;

    public ScaleHerd()
    {
        _loops = [.. Enumerable.Range(0, LoopCount).Select(_ => new Thread(Run) { IsBackground = true })];
        foreach (var loop in _loops)
            loop.Start();
    }

    public BlockingCollection<ScaleSheep> Ready { get; } = new(new ConcurrentQueue<ScaleSheep>());

    /// <summary>So many sheep are to come to a count exactly once each.</summary>
    public ManualResetEventSlim Expect(ScaleGoal goal, int count, int sheepCount)
    {
        lock (_gate)
        {
            (_goal, _goalCount, _missing) = (goal, count, sheepCount);
            return _reached = new ManualResetEventSlim();
        }
    }

    public void Tell(ScaleGoal goal, int count)
    {
        lock (_gate)
        {
            if (goal == _goal && count == _goalCount && --_missing == 0)
                _reached!.Set();
        }
    }

    public void Dispose()
    {
        Ready.CompleteAdding();
        foreach (var loop in _loops)
            loop.Join();
        Ready.Dispose();
    }

    private void Run()
    {
        foreach (var sheep in Ready.GetConsumingEnumerable())
            sheep.Work();
    }
}
