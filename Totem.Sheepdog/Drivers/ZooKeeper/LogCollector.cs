using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// Removes the entries that all sessions have read; a session counts from its first entry on until the entry that says
/// that it is gone. The lowest session does it, one round at a time. Should two believe to be it, they remove the same.
/// </summary>
internal sealed class LogCollector(SessionSetup setup, RequestDesk desk)
{
    private const int BatchSize = 128;

    private readonly UnremovedSizes _sizes = new();
    private readonly Dictionary<PeerId, uint> _marks = [];

    /// <summary>The znodes that are removed one by one, since they may be gone.</summary>
    private readonly Queue<string> _singles = new();
    private Step _step;
    private IReadOnlyList<string> _handovers = [];

    /// <summary>Marks that were asked for and not answered yet.</summary>
    private int _awaited;

    /// <summary>A mark could not be read, so nothing is known.</summary>
    private bool _isIncomplete;

    /// <summary>All have read the entries below this number.</summary>
    private uint _least;

    /// <summary>The entries below this number are removed; null when that is not known.</summary>
    private uint? _removedTo;

    private enum Step
    {
        Idle,

        /// <summary>Lists the states that lie there for joiners. First: a joiner that was handed one had its mark by
        /// then.</summary>
        ListsHandovers,

        /// <summary>Lists the marks.</summary>
        ListsMarks,

        /// <summary>Reads the marks.</summary>
        ReadsMarks,

        /// <summary>Lists the entries, to find the first.</summary>
        ListsEntries,

        /// <summary>Removes the entries before a hole one by one.</summary>
        RemovesSingles,

        /// <summary>Removes the entries that all have read, a batch at a time.</summary>
        RemovesBatches,

        /// <summary>Removes states that were laid down for joiners that are over.</summary>
        RemovesHandovers,
    }

    /// <summary>An entry was read.</summary>
    public void Count(uint position, int size, bool isCollecting)
    {
        if (isCollecting)
            _sizes.Add(position, size);
        else
            _sizes.Clear();
    }

    /// <summary>Removes what can be removed, unless that is under way.</summary>
    public void Run()
    {
        if (_step != Step.Idle)
            return;
        _step = Step.ListsHandovers;
        AskNames(setup.Paths.Handovers);
    }

    /// <summary>An answer to the step that it is at.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="position">How far this session has read.</param>
    public void Handle(BackendAnswer answer, uint position)
    {
        switch (_step)
        {
            case Step.ListsHandovers:
                HandleHandovers(answer);
                break;
            case Step.ListsMarks:
                HandleMarks(answer);
                break;
            case Step.ReadsMarks:
                HandleMark(answer, position);
                break;
            case Step.ListsEntries:
                HandleEntries(answer);
                break;
            case Step.RemovesSingles:
                RemoveSingle();
                break;
            case Step.RemovesBatches:
                HandleRemoved(answer);
                break;
            case Step.RemovesHandovers:
                RemoveHandover();
                break;
            default:
                break;
        }
    }

    private void HandleHandovers(BackendAnswer answer)
    {
        _handovers = answer.Names;
        _step = answer.Code == ZooKeeperCode.Ok ? Step.ListsMarks : Step.Idle;
        if (_step == Step.ListsMarks)
            AskNames(setup.Paths.Positions);
    }

    private void HandleMarks(BackendAnswer answer)
    {
        PeerId[] peers = [.. answer.Names.Select(ZooKeeperPaths.PeerOf).OfType<PeerId>()];
        // At least its own is there, or it is over.
        _step = answer.Code == ZooKeeperCode.Ok && peers.Length > 0 ? Step.ReadsMarks : Step.Idle;
        if (_step == Step.Idle)
            return;
        _marks.Clear();
        (_awaited, _isIncomplete) = (peers.Length, false);
        foreach (var peer in peers)
            desk.Ask(new(RequestPurpose.Collects, BackendRequestKind.Get, setup.Paths.Position(peer)) { Peer = peer });
    }

    private void HandleMark(BackendAnswer answer, uint end)
    {
        if (answer.Code == ZooKeeperCode.Ok)
            _marks[answer.Request.Peer] = SessionMark.Decode(answer.Data).Position;
        else if (answer.Code != ZooKeeperCode.NoNode)
            _isIncomplete = true;
        if (--_awaited > 0)
            return;
        if (_isIncomplete || end == 0)
        {
            _step = Step.Idle;
            return;
        }

        DeclareBehind(end);
        _least = _marks.Values.Append(end).Min();
        if (_removedTo is null)
            ListEntries();
        else
            RemoveBatch();
    }

    private void DeclareBehind(uint end)
    {
        var limits = setup.Limits;
        var least = _marks.Values.DefaultIfEmpty(end).Min();
        foreach (var (peer, position) in _marks)
        {
            var isBehind = end - position > limits.BehindEntriesMax
                || (_sizes.Bytes > limits.BehindBytesMax && position == least);
            if (isBehind && peer != setup.Self && position < end)
                desk.Ask(SessionRing.Declaration(setup.Paths, peer));
        }
    }

    private void ListEntries()
    {
        _step = Step.ListsEntries;
        AskNames(setup.Paths.Queue);
    }

    private void HandleEntries(BackendAnswer answer)
    {
        uint[] numbers = [.. answer.Names.Select(ZooKeeperPaths.NumberOf).OfType<uint>().Order()];
        if (answer.Code != ZooKeeperCode.Ok || numbers.Length == 0)
        {
            RemoveHandovers();
            return;
        }

        // A hole, which a batch that another one removed has left, would stop every batch.
        var hole = Enumerable.Range(1, numbers.Length - 1).FirstOrDefault(i => numbers[i] != numbers[i - 1] + 1);
        _removedTo = numbers[hole];
        foreach (var number in numbers.Take(hole).Where(x => x < _least))
            _singles.Enqueue(setup.Paths.Entry(number));
        _step = Step.RemovesSingles;
        RemoveSingle();
    }

    private void RemoveSingle()
    {
        if (_singles.TryDequeue(out var path))
            AskRemoval(ZooKeeperWrite.Delete(path));
        else
            RemoveBatch();
    }

    private void RemoveBatch()
    {
        _step = Step.RemovesBatches;
        var from = _removedTo!.Value;
        var count = from < _least ? Math.Min(BatchSize, _least - from) : 0;
        if (count > 0)
        {
            AskRemoval([.. Enumerable.Range(0, (int)count)
                .Select(i => ZooKeeperWrite.Delete(setup.Paths.Entry(from + (uint)i)))]);
            return;
        }

        _sizes.RemoveBefore(_least);
        RemoveHandovers();
    }

    private void HandleRemoved(BackendAnswer answer)
    {
        if (answer.Code == ZooKeeperCode.Ok)
        {
            _removedTo += (uint)answer.Request.Writes.Count;
            RemoveBatch();
            return;
        }

        // Somebody else removes too, or it is not known whether this was done: what is there says it.
        _removedTo = null;
        RemoveHandovers();
    }

    private void RemoveHandovers()
    {
        _step = Step.RemovesHandovers;
        foreach (var name in _handovers)
        {
            if (ZooKeeperPaths.PeerOf(name) is { } joiner && !_marks.ContainsKey(joiner))
                _singles.Enqueue($"{setup.Paths.Handovers}/{name}");
        }

        RemoveHandover();
    }

    private void RemoveHandover()
    {
        if (_singles.TryDequeue(out var path))
            AskRemoval(ZooKeeperWrite.Delete(path));
        else
            _step = Step.Idle;
    }

    private void AskNames(string path) => desk.Ask(new(RequestPurpose.Collects, BackendRequestKind.Children, path));

    private void AskRemoval(params ZooKeeperWrite[] deletes) =>
        desk.Ask(BackendRequest.Write(RequestPurpose.Collects, deletes));
}
