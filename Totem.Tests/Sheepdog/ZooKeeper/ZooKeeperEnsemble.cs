using System.Globalization;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>One server, for all tests of a class: each test has a root of its own.</summary>
public sealed class SingleServer : ZooKeeperEnsemble
{
    public SingleServer()
        : base(1)
    {
    }
}

/// <summary>Three servers, for all tests of a class.</summary>
public sealed class ThreeServers : ZooKeeperEnsemble
{
    public ThreeServers()
        : base(3)
    {
    }
}

/// <summary>Real servers that make one service.</summary>
public class ZooKeeperEnsemble : IDisposable
{
    private static int _roots;
    private readonly List<ZooKeeperServer> _servers = [];

    protected ZooKeeperEnsemble(int count)
    {
        var port = Ports.TakeBase();
        var ensemble = count == 1
            ? []
            : Enumerable.Range(1, count)
            .Select(x => $"server.{x}=127.0.0.1:{port + (3 * x)}:{port + (3 * x) + 1}").ToArray();
        for (var i = 1; i <= count; i++)
            _servers.Add(new ZooKeeperServer(i, port + (3 * i) + 2, ensemble));
        _servers.ForEach(x => x.WaitUntilServing());
    }

    internal IReadOnlyList<ZooKeeperServer> Servers => _servers;

    /// <summary>A path that no other test has.</summary>
    internal static string NewRoot() =>
        string.Create(CultureInfo.InvariantCulture, $"/test/{Interlocked.Increment(ref _roots)}");

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => _servers.ForEach(x => x.Dispose());
}
