using System.Globalization;
using Totem.Sheepdog;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The driver <c>zookeeper</c> with one real server.</summary>
[NeedsZooKeeper]
public sealed class ZooKeeperDriverTests(SingleServer servers) : ZooKeeperConformance(servers),
    IClassFixture<SingleServer>;

/// <summary>The same with three; each sheep talks to another one.</summary>
[NeedsZooKeeper]
public sealed class ZooKeeperEnsembleDriverTests(ThreeServers servers) : ZooKeeperConformance(servers),
    IClassFixture<ThreeServers>;

/// <summary>The suite over real servers. Each sheep has a proxy in between, so that it can die
/// without a word.</summary>
public abstract class ZooKeeperConformance(ZooKeeperEnsemble servers) : DriverConformance
{
    private const int TimeoutMilliseconds = 3000;

    private readonly string _root = ZooKeeperEnsemble.NewRoot();
    private readonly Dictionary<IClusterDriver, ServerProxy> _proxies = [];
    private ServerProxy? _last;

    /// <summary>Asked for behind <see cref="Create"/>, so each driver has its own.</summary>
    protected override string? Option =>
        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_last!.Port}{_root},timeout={TimeoutMilliseconds}");

    protected override IClusterDriver Create()
    {
        _last = new ServerProxy(servers.Servers[_proxies.Count % servers.Servers.Count].Port);
        var driver = ClusterDrivers.Create("zookeeper", out _);
        _proxies.Add(driver, _last);
        return driver;
    }

    protected override void Kill(IClusterDriver driver) => _proxies[driver].Cut();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        foreach (var proxy in _proxies.Values)
            proxy.Dispose();
    }
}
