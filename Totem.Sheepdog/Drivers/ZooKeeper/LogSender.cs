using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// Writes this session's entries, in order and each exactly once, many on their way. Each goes in one transaction with
/// a change of the session's mark that is valid only behind the entry before it. So nothing overtakes, a repetition of
/// what was applied is refused, the mark's version says how much was, and a session without a mark is dumb.
/// </summary>
/// <remarks>Each method is told how far the session has read, since that travels with what is written.</remarks>
internal sealed class LogSender(SessionSetup setup, RequestDesk desk)
{
    private const int InFlightMax = 64;
    private const long InFlightBytesMax = 4 << 20;

    private enum Certainty
    {
        /// <summary>All that was answered was applied, and nothing else.</summary>
        Sure,

        /// <summary>Some of what is in flight may have been applied. Nothing more is written.</summary>
        Uncertain,

        /// <summary>The mark's version, which says it, is being asked for.</summary>
        Asking,
    }

    private readonly LinkedList<Unit> _waiting = new();
    private readonly Queue<Unit> _inFlight = new();
    private int _applied;
    private int _unanswered;
    private long _inFlightBytes;
    private uint _handovers;
    private Certainty _certainty;

    /// <summary>Bytes that are not known to be applied.</summary>
    public long Bytes { get; private set; }

    /// <summary>The position that the servers were last told, or are being told.</summary>
    public uint Published { get; private set; }

    /// <summary>Sends a message of the queue's.</summary>
    public void Send(byte[] message, uint position)
    {
        var split = ClusterMessage.StateOffset(message, out var joiner);
        if (split < 0 || message.Length - split <= setup.Limits.InlineBytesMax)
            Add(new Unit([Entry(new LogEntry(LogEntryKind.Message, setup.Self, message))], message.Length));
        else
            AddHanded(message, split, joiner);
        Pump(position);
    }

    /// <summary>Tells how far this session has read, unless something else is about to.</summary>
    public void Publish(uint position)
    {
        if (_waiting.Count > 0)
            return;
        Add(new Unit([], 0));
        Pump(position);
    }

    /// <summary>The connection is there again.</summary>
    public void Resume(uint position)
    {
        Recover();
        Pump(position);
    }

    /// <summary>A write of this session's was answered.</summary>
    public void HandleWritten(BackendAnswer answer, uint position)
    {
        _unanswered--;
        switch (answer.Code)
        {
            case ZooKeeperCode.Ok:
                // While it is uncertain what was applied, the mark says it for all.
                if (_certainty == Certainty.Sure)
                    TakeApplied(1);
                break;
            case ZooKeeperCode.ConnectionLoss or ZooKeeperCode.OperationTimeout or ZooKeeperCode.SessionMoved
                or ZooKeeperCode.Throttled or ZooKeeperCode.BadVersion:
                _certainty = Certainty.Uncertain;
                break;
            case ZooKeeperCode.NoNode when answer.Results.FailedIndex == 0:
                desk.LoseMark();
                return;
            default:
                desk.Lose($"an entry could not be written: {answer.Code}");
                return;
        }

        Recover();
        Pump(position);
    }

    /// <summary>The mark of this session was read, or not.</summary>
    public void HandleMark(BackendAnswer answer, uint position)
    {
        _certainty = Certainty.Uncertain;
        if (answer.Code == ZooKeeperCode.NoNode)
        {
            desk.LoseMark();
            return;
        }

        if (answer.Code == ZooKeeperCode.Ok)
        {
            var applied = unchecked(answer.Stat.Version - _applied);
            if (applied < 0 || applied > _inFlight.Count)
            {
                desk.Lose("somebody else has changed the mark of this session");
                return;
            }

            TakeApplied(applied);
            WriteRestAnew();
        }

        Recover();
        Pump(position);
    }

    private void WriteRestAnew()
    {
        foreach (var unit in _inFlight.Reverse())
            _waiting.AddFirst(unit);
        _inFlight.Clear();
        _inFlightBytes = 0;
        _certainty = Certainty.Sure;
    }

    private void AddHanded(byte[] message, int split, PeerId joiner)
    {
        var number = ++_handovers;
        var chunks = message[split..].Chunk(setup.Limits.ChunkBytesMax).ToArray();
        var writes = chunks
            .Select((x, i) => ZooKeeperWrite.Create(setup.Paths.Handover(joiner, setup.Self, number, i), x)).ToList();
        // All but the last by themselves, since a transaction has a limit too.
        foreach (var write in writes.SkipLast(1))
            Add(new Unit([write], write.Data.Length));
        var entry = new LogEntry(LogEntryKind.Handed, setup.Self, message.AsMemory(0, split))
        {
            Number = number,
            ChunkCount = (byte)chunks.Length,
        };
        Add(new Unit([writes[^1], Entry(entry)], split + writes[^1].Data.Length));
    }

    private ZooKeeperWrite Entry(LogEntry entry) =>
        ZooKeeperWrite.Create(setup.Paths.NewEntry, entry.Encode(), ZooKeeperMode.PersistentSequential);

    private void Add(Unit unit)
    {
        _waiting.AddLast(unit);
        Bytes += unit.Bytes;
    }

    private void Pump(uint position)
    {
        while (desk.IsOpen && _certainty == Certainty.Sure && _waiting.First is { Value: var next }
            && _inFlight.Count < InFlightMax
            && (_inFlight.Count == 0 || _inFlightBytes + next.Bytes <= InFlightBytesMax))
        {
            _waiting.RemoveFirst();
            _inFlight.Enqueue(next);
            _inFlightBytes += next.Bytes;
            _unanswered++;
            Published = position;
            var mark = new SessionMark(position, setup.Node).Encode();
            var version = unchecked(_applied + _inFlight.Count - 1);
            desk.Ask(BackendRequest.Write(
                RequestPurpose.SenderWrites,
                [ZooKeeperWrite.Set(setup.Paths.Position(setup.Self), mark, version), .. next.Writes]));
        }
    }

    private void Recover()
    {
        if (_certainty != Certainty.Uncertain || _unanswered > 0 || !desk.IsOpen)
            return;
        _certainty = Certainty.Asking;
        desk.Ask(new(RequestPurpose.SenderSyncs, BackendRequestKind.Sync, setup.Paths.Root));
        desk.Ask(new(RequestPurpose.SenderAsksMark, BackendRequestKind.Get, setup.Paths.Position(setup.Self)));
    }

    private void TakeApplied(int count)
    {
        for (; count > 0; count--)
        {
            var unit = _inFlight.Dequeue();
            _inFlightBytes -= unit.Bytes;
            Bytes -= unit.Bytes;
            unchecked
            {
                _applied++;
            }
        }
    }

    /// <summary>The part of a transaction besides telling the position.</summary>
    private sealed record Unit(IReadOnlyList<ZooKeeperWrite> Writes, int Bytes);
}
