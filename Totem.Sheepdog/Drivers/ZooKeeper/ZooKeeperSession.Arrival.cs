using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

// How it comes into the log.
internal sealed partial class ZooKeeperSession
{
    private static readonly TimeSpan RepeatPause = TimeSpan.FromMilliseconds(100);

    private readonly Queue<byte[]> _early = new();

    /// <summary>Whether the member znode has the session's password.</summary>
    public bool PublishesSession { get; init; }

    /// <summary>Earlier sessions of the same driver. A member znode that is none of theirs belongs to another process, which only a driver
    /// that has not joined yet takes the place of.</summary>
    public IReadOnlySet<long> EarlierSessions { get; init; } = new HashSet<long>();

    private void Arrive(byte[] request)
    {
        // The first message is the request; what comes before it has its place in the log goes behind it.
        _early.Enqueue(request);
        if (_early.Count == 1)
            _ = ArriveAsync(request);
    }

    private async Task ArriveAsync(byte[] request)
    {
        var (measured, queue) = await RepeatAsync(() => Client.ExistsAsync(Paths.Queue), x => x.Code).ConfigureAwait(false);
        if (measured != ZooKeeperCode.Ok)
        {
            Do(() => Lose($"the log cannot be found: {measured}"));
            return;
        }

        if (await WriteArrivalAsync(request, queue.CreatedCount).ConfigureAwait(false) is not { } position)
            return;
        var (listed, marks) = await RepeatAsync(() => Client.ChildrenAsync(Paths.Positions), x => x.Code).ConfigureAwait(false);
        Do(() =>
        {
            if (listed != ZooKeeperCode.Ok)
                Lose($"the other sessions cannot be listed: {listed}");
            else
                Begin(position, marks);
        });
    }

    private void Begin(uint position, string[] marks)
    {
        var others = marks.Select(ZooKeeperPaths.PeerOf).OfType<Ordering.PeerId>().Where(x => x != Self).ToArray();
        _hasArrived = true;
        _lookedAfter = position;
        _group.HandleArrived(others);
        _early.Dequeue();
        while (_early.TryDequeue(out var message))
            _sender.Send(message);
        _ring.Start(others);
        _reader.Start(position);
        _housekeeping.Change(Limits.Housekeeping, Limits.Housekeeping);
    }

    /// <summary>One transaction: its mark, its request, its member znode in place of one that an earlier session has left.</summary>
    /// <returns>The number of the request; null when the session is over.</returns>
    private async Task<uint?> WriteArrivalAsync(byte[] request, uint end)
    {
        var member = Paths.Member(NodeName);
        var credentials = Client.Credentials();
        if (!PublishesSession)
            credentials.AsSpan(sizeof(long)).Clear();
        var entry = new LogEntry(LogEntryKind.Message, Self, request).Encode();
        ZooKeeperWrite[] writes =
        [
            ZooKeeperWrite.Create(Paths.Position(Self), new SessionMark(end, NodeName).Encode()),
            ZooKeeperWrite.Create(Paths.NewEntry, entry, ZooKeeperMode.PersistentSequential),
            ZooKeeperWrite.Create(member, credentials, ZooKeeperMode.Ephemeral),
        ];
        var hasOld = false;
        while (!IsOver)
        {
            var (code, results) = hasOld
                ? await Client.WriteAsync([writes[0], writes[1], ZooKeeperWrite.Delete(member), writes[2]]).ConfigureAwait(false)
                : await Client.WriteAsync(writes).ConfigureAwait(false);
            if (code == ZooKeeperCode.Ok && ZooKeeperPaths.NumberOf(results.Created[1]) is { } position)
                return position;
            var isOldGone = code == ZooKeeperCode.NoNode && hasOld && results.FailedIndex == 2;
            if (!isOldGone && (code != ZooKeeperCode.NodeExists || hasOld))
                // Whether it was applied is not known when the connection was lost. A new session leaves no doubt.
                Do(() => Lose($"the arrival could not be written: {code}"));
            else if (!isOldGone && EarlierSessions.Count > 0 && !await IsOwnAsync(member).ConfigureAwait(false))
                Do(Replaced);
            hasOld = !isOldGone;
        }

        return null;
    }

    private async Task<bool> IsOwnAsync(string member)
    {
        var (code, stat) = await RepeatAsync(() => Client.ExistsAsync(member), x => x.Code).ConfigureAwait(false);
        return code != ZooKeeperCode.Ok || EarlierSessions.Contains(stat.EphemeralOwner);
    }

    private void Replaced()
    {
        End();
        _owner.OnReplaced(this);
    }

    /// <summary>Reads again when the connection was lost.</summary>
    private async Task<T> RepeatAsync<T>(Func<Task<T>> read, Func<T, ZooKeeperCode> codeOf)
    {
        while (true)
        {
            var result = await read().ConfigureAwait(false);
            if (IsOver || codeOf(result) is not (ZooKeeperCode.ConnectionLoss or ZooKeeperCode.OperationTimeout or ZooKeeperCode.Throttled))
                return result;
            await Task.Delay(RepeatPause).ConfigureAwait(false);
        }
    }
}
