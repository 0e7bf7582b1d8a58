using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>How a client is brought to where a session can begin: connected, with the cluster's
/// directories there.</summary>
internal sealed class ZooKeeperConnection : IZooKeeperWatcher
{
    private static readonly TimeSpan RepeatPause = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Connects.</summary>
    /// <param name="options">Where to.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="cancel">Gives it up.</param>
    /// <exception cref="ClusterDriverException">No server answered, or the directories cannot be made.</exception>
    public static async Task<ZooKeeperClient> OpenAsync(
        ZooKeeperDriverOptions options, TimeSpan limit, CancellationToken cancel)
    {
        var connection = new ZooKeeperConnection();
        var client = new ZooKeeperClient(options.Hosts, options.TimeoutMilliseconds, connection);
        try
        {
            await connection.PrepareAsync(client, new ZooKeeperPaths(options.Root), cancel).WaitAsync(limit, cancel)
                .ConfigureAwait(false);
            return client;
        }
        catch (Exception failure)
        {
            client.Dispose();
            if (failure is TimeoutException)
            {
                throw new ClusterDriverException(
                    $"no ZooKeeper server answered within {options.TimeoutMilliseconds} ms: {options.Hosts}", failure);
            }

            throw;
        }
    }

    public void OnState(ZooKeeperState state)
    {
        if (state == ZooKeeperState.Connected)
            _connected.TrySetResult();
        else if (state != ZooKeeperState.Connecting)
            _connected.TrySetException(new ClusterDriverException($"the ZooKeeper session could not begin: {state}"));
    }

    public void OnWatch(ZooKeeperEvent what, string path)
    {
    }

    private async Task PrepareAsync(ZooKeeperClient client, ZooKeeperPaths paths, CancellationToken cancel)
    {
        await _connected.Task.ConfigureAwait(false);
        var directories = paths.Directories.ToArray();
        var looks = directories.Select(x => client.ExistsAsync(x)).ToArray();
        for (var i = 0; i < directories.Length; i++)
        {
            if ((await looks[i].ConfigureAwait(false)).Code != ZooKeeperCode.Ok)
                await CreateAsync(client, directories[i], cancel).ConfigureAwait(false);
        }
    }

    private static async Task CreateAsync(ZooKeeperClient client, string directory, CancellationToken cancel)
    {
        while (true)
        {
            var (code, _) = await client.WriteAsync(ZooKeeperWrite.Create(directory, ReadOnlyMemory<byte>.Empty))
                .ConfigureAwait(false);
            if (code is ZooKeeperCode.Ok or ZooKeeperCode.NodeExists)
                return;
            if (code is not (ZooKeeperCode.ConnectionLoss or ZooKeeperCode.OperationTimeout))
                throw new ClusterDriverException($"'{directory}' could not be created at the ZooKeeper servers: "
                    + $"{code}");
            await Task.Delay(RepeatPause, cancel).ConfigureAwait(false);
        }
    }
}
