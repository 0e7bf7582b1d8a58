using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

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
        var others = marks.Select(ZooKeeperPaths.PeerOf).OfType<PeerId>().Where(x => x != Self).ToArray();
        _hasArrived = true;
        _lookedAfter = position;
        _group.HandleArrived(others);
        _early.Dequeue();
        while (_early.TryDequeue(out var message))
            _sender.Send(message, position);
        Follow();
        _ring.Start(others);
        _reader.Start(position);
        _housekeeping.Change(Limits.Housekeeping, Limits.Housekeeping);
    }

    /// <returns>The number of the request; null when the session is over.</returns>
    private async Task<uint?> WriteArrivalAsync(byte[] request, uint end)
    {
        var credentials = Client.Credentials();
        if (!PublishesSession)
            credentials.AsSpan(sizeof(long)).Clear();
        var arrival = new SessionArrival(Paths, Self, NodeName) { Request = request, Credentials = credentials, LogEnd = end };
        PeerId? earlier = null;
        var writes = arrival.Writes();
        while (!IsOver)
        {
            var (code, results) = await Client.WriteAsync(writes).ConfigureAwait(false);
            if (code == ZooKeeperCode.Ok && SessionArrival.RequestNumber(results) is { } position)
                return position;
            if (code != (earlier is null ? ZooKeeperCode.NodeExists : ZooKeeperCode.NoNode))
            {
                // Whether it was applied is not known when the connection was lost. A new session leaves no doubt.
                Do(() => Lose($"the arrival could not be written: {code}"));
                return null;
            }

            // The node has a member znode that was not known, or no longer the one that was.
            var (looked, stat) = await RepeatAsync(() => Client.ExistsAsync(Paths.Member(NodeName)), x => x.Code).ConfigureAwait(false);
            PeerId? owner = looked == ZooKeeperCode.Ok ? ZooKeeperPaths.PeerOf(stat.EphemeralOwner) : null;
            if (owner is not null && EarlierSessions.Count > 0 && !EarlierSessions.Contains(stat.EphemeralOwner))
                Do(Replaced);
            writes = owner is not { } peer ? arrival.Writes()
                : owner != earlier ? arrival.WritesInPlaceOf(peer)
                : arrival.WritesInPlaceOfUnmarked();
            earlier = owner;
        }

        return null;
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
