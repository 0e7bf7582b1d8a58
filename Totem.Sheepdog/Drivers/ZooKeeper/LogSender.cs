using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// Writes this session's entries, in order and each exactly once, many on their way. Each goes in one transaction with a change of the
/// session's mark that is valid only behind the entry before it. So nothing overtakes, a repetition of what was applied is refused, the
/// mark's version says how much was, and a session without a mark is dumb. Under the driver's lock.
/// </summary>
internal sealed class LogSender(ZooKeeperSession session)
{
    private const int InFlightMax = 64;
    private const long InFlightBytesMax = 4 << 20;

    private readonly LinkedList<Unit> _waiting = new();
    private readonly Queue<Unit> _inFlight = new();
    private int _applied;
    private int _unanswered;
    private long _inFlightBytes;
    private uint _handovers;
    private bool _isUncertain;
    private bool _isAsking;

    /// <summary>Bytes that are not known to be applied.</summary>
    public long Bytes { get; private set; }

    /// <summary>The position that the servers were last told, or are being told.</summary>
    public uint Published { get; private set; }

    /// <summary>Sends a message of the queue's.</summary>
    public void Send(byte[] message)
    {
        var split = ClusterMessage.StateOffset(message, out var joiner);
        if (split < 0 || message.Length - split <= session.Limits.InlineBytesMax)
            Add(new Unit([Entry(new LogEntry(LogEntryKind.Message, session.Self, message))], message.Length));
        else
            SendHanded(message, split, joiner);
        Pump();
    }

    /// <summary>Tells how far this session has read, unless something else is about to.</summary>
    public void Publish()
    {
        if (_waiting.Count > 0)
            return;
        Add(new Unit([], 0));
        Pump();
    }

    /// <summary>The connection is there again.</summary>
    public void Resume()
    {
        Recover();
        Pump();
    }

    private void SendHanded(byte[] message, int split, PeerId joiner)
    {
        var number = ++_handovers;
        var chunks = message[split..].Chunk(session.Limits.ChunkBytesMax).ToArray();
        var writes = chunks.Select((x, i) => ZooKeeperWrite.Create(session.Paths.Handover(joiner, session.Self, number, i), x)).ToList();
        // All but the last by themselves, since a transaction has a limit too.
        foreach (var write in writes.SkipLast(1))
            Add(new Unit([write], write.Data.Length));
        var entry = new LogEntry(LogEntryKind.Handed, session.Self, message.AsMemory(0, split))
        {
            Number = number,
            ChunkCount = (byte)chunks.Length,
        };
        Add(new Unit([writes[^1], Entry(entry)], split + writes[^1].Data.Length));
    }

    private ZooKeeperWrite Entry(LogEntry entry) =>
        ZooKeeperWrite.Create(session.Paths.NewEntry, entry.Encode(), ZooKeeperMode.PersistentSequential);

    private void Add(Unit unit)
    {
        _waiting.AddLast(unit);
        Bytes += unit.Bytes;
    }

    private void Pump()
    {
        while (session.IsConnected && !_isUncertain && _waiting.First is { Value: var next } && _inFlight.Count < InFlightMax
            && (_inFlight.Count == 0 || _inFlightBytes + next.Bytes <= InFlightBytesMax))
        {
            _waiting.RemoveFirst();
            _inFlight.Enqueue(next);
            _inFlightBytes += next.Bytes;
            _unanswered++;
            Published = session.Position;
            var mark = new SessionMark(Published, session.NodeName).Encode();
            var version = unchecked(_applied + _inFlight.Count - 1);
            session.Client.Write(
                [ZooKeeperWrite.Set(session.Paths.Position(session.Self), mark, version), .. next.Writes],
                (code, results) => session.Do(() => Answer(code, results)));
        }
    }

    private void Answer(ZooKeeperCode code, ZooKeeperResults results)
    {
        _unanswered--;
        switch (code)
        {
            case ZooKeeperCode.Ok:
                // While it is uncertain what was applied, the mark says it for all.
                if (!_isUncertain)
                    TakeApplied(1);
                break;
            case ZooKeeperCode.ConnectionLoss or ZooKeeperCode.OperationTimeout or ZooKeeperCode.SessionMoved or ZooKeeperCode.Throttled
                or ZooKeeperCode.BadVersion:
                _isUncertain = true;
                break;
            case ZooKeeperCode.NoNode when results.FailedIndex == 0:
                session.LoseMark();
                return;
            default:
                session.Lose($"an entry could not be written: {code}");
                return;
        }

        Recover();
        Pump();
    }

    private void Recover()
    {
        if (!_isUncertain || _unanswered > 0 || _isAsking || !session.IsConnected)
            return;
        _isAsking = true;
        session.Client.Sync(session.Paths.Root, static _ => { });
        session.Client.Get(session.Paths.Position(session.Self), (code, _, stat) => session.Do(() => TakeMark(code, stat.Version)));
    }

    private void TakeMark(ZooKeeperCode code, int version)
    {
        _isAsking = false;
        if (code == ZooKeeperCode.NoNode)
        {
            session.LoseMark();
            return;
        }

        if (code == ZooKeeperCode.Ok)
        {
            var applied = unchecked(version - _applied);
            if (applied < 0 || applied > _inFlight.Count)
            {
                session.Lose("somebody else has changed the mark of this session");
                return;
            }

            TakeApplied(applied);
            foreach (var unit in _inFlight.Reverse())
                _waiting.AddFirst(unit);
            _inFlight.Clear();
            _inFlightBytes = 0;
            _isUncertain = false;
        }

        Recover();
        Pump();
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
