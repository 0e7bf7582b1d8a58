using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Tests.Requirements;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The servers in memory promise what real ones do.</summary>
public sealed class MemoryZooKeeperTests(SingleServer servers) : ZooKeeperTest(servers), IClassFixture<SingleServer>
{
    private const int Transactions = 400;

    private readonly Random _random = new(1);

    /// <summary>Random transactions, of which many must fail, on both; then all znodes are compared.</summary>
    [ZooKeeperFact]
    public async Task A_real_server_answers_transactions_alike()
    {
        using var tool = await ToolAsync();
        var memory = new MemoryZooKeeper(1, tool.Paths.Directories);
        var (done, refused) = (0, 0);
        for (var i = 0; i < Transactions; i++)
        {
            ZooKeeperWrite[] writes = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Draw(tool.Paths))];
            var (code, results) = await tool.Client.WriteAsync(writes);
            var (sameCode, sameResults) = memory.Commit(tool.Client.SessionId, writes);
            Assert.Equal(code, sameCode);
            Assert.Equal(results.FailedIndex, sameResults.FailedIndex);
            Assert.Equal(
                results.Created.Where(x => x.Length > 0),
                sameResults.Created.Where((_, part) => writes[part].Kind == ZooKeeperWriteKind.Create));
            (done, refused) = code == ZooKeeperCode.Ok ? (done + 1, refused) : (done, refused + 1);
        }

        Assert.InRange(done, Transactions / 5, Transactions);
        Assert.InRange(refused, Transactions / 5, Transactions);
        foreach (var (path, znode) in memory.Latest.Znodes.Where(x => x.Key.StartsWith(Root, StringComparison.Ordinal)))
        {
            var (data, stat) = await tool.ReadAsync(path);
            Assert.Equal(data, znode.Data);
            Assert.Equal(
                (stat.Version, stat.EphemeralOwner, stat.CreatedCount, stat.ChildrenCount),
                (znode.Stat.Version, znode.Stat.EphemeralOwner, znode.Stat.CreatedCount, znode.Stat.ChildrenCount));
            Assert.Equal(
                (await tool.ListAsync(path)).Order(StringComparer.Ordinal), memory.Latest.Children(path),
                StringComparer.Ordinal);
        }
    }

    private ZooKeeperWrite Draw(ZooKeeperPaths paths)
    {
        var path = $"{paths.Members}/{(char)('a' + _random.Next(4))}";
        var data = new byte[_random.Next(3)];
        return _random.Next(6) switch
        {
            0 => ZooKeeperWrite.Create(paths.NewEntry, data, ZooKeeperMode.PersistentSequential),
            1 => ZooKeeperWrite.Create(path, data),
            2 => ZooKeeperWrite.Create(path, data, ZooKeeperMode.Ephemeral),
            3 => ZooKeeperWrite.Delete(path),
            4 => ZooKeeperWrite.Set(path, data, _random.Next(-1, 2)),
            _ => ZooKeeperWrite.Delete(paths.Entry((uint)_random.Next(30))),
        };
    }
}
