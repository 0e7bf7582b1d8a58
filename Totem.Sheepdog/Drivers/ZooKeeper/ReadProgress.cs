namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>How much a session has read since it last looked after what it owes the others: its position, old entries,
/// a session that lags.</summary>
internal sealed class ReadProgress(ZooKeeperLimits limits)
{
    private long _bytes;
    private uint _lookedAt;

    public void Count(int bytes) => _bytes += bytes;

    public bool IsDue(uint position) =>
        position - _lookedAt >= limits.PublishEntries || _bytes >= limits.PublishBytes;

    public void Restart(uint position) => (_lookedAt, _bytes) = (position, 0);
}
