using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

// The same as tasks, for what goes step by step. They go on elsewhere than on the library's thread.
internal sealed partial class ZooKeeperClient
{
    public Task<(ZooKeeperCode Code, byte[]? Data, ZooKeeperStat Stat)> GetAsync(string path)
    {
        var source = Source<(ZooKeeperCode, byte[]?, ZooKeeperStat)>();
        Get(path, (code, data, stat) => source.SetResult((code, data, stat)));
        return source.Task;
    }

    public Task<(ZooKeeperCode Code, ZooKeeperStat Stat)> ExistsAsync(string path, bool isWatched = false)
    {
        var source = Source<(ZooKeeperCode, ZooKeeperStat)>();
        Exists(path, isWatched, (code, stat) => source.SetResult((code, stat)));
        return source.Task;
    }

    public Task<(ZooKeeperCode Code, string[] Names)> ChildrenAsync(string path)
    {
        var source = Source<(ZooKeeperCode, string[])>();
        Children(path, (code, names) => source.SetResult((code, names)));
        return source.Task;
    }

    public Task<ZooKeeperCode> SyncAsync(string path)
    {
        var source = Source<ZooKeeperCode>();
        Sync(path, source.SetResult);
        return source.Task;
    }

    public Task<(ZooKeeperCode Code, ZooKeeperResults Results)> WriteAsync(params ReadOnlySpan<ZooKeeperWrite> writes)
    {
        var source = Source<(ZooKeeperCode, ZooKeeperResults)>();
        Write(writes, (code, results) => source.SetResult((code, results)));
        return source.Task;
    }

    private static TaskCompletionSource<T> Source<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
