using System.Globalization;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>A test with sheep of its own below a root of its own, each behind a proxy.</summary>
public abstract class ZooKeeperTest(ZooKeeperEnsemble servers) : IDisposable
{
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly string _root = ZooKeeperEnsemble.NewRoot();
    private readonly Dictionary<TestSheep, ServerProxy> _proxies = [];

    protected ZooKeeperEnsemble Servers => servers;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    internal TestSheep Start(int identity, int timeout = 3000, ZooKeeperLimits? limits = null, string option = "")
    {
        var proxy = new ServerProxy(servers.Servers[_proxies.Count % servers.Servers.Count].Port);
        var driver = new ZooKeeperDriver { Limits = limits ?? new ZooKeeperLimits() };
        var sheep = new TestSheep(driver, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{proxy.Port}{_root},timeout={timeout}{option}"), identity);
        _proxies.Add(sheep, proxy);
        return sheep;
    }

    internal TestSheep[] Joined(int count)
    {
        var sheep = new List<TestSheep>();
        for (var i = 0; i < count; i++)
        {
            sheep.Add(Start(i).Join());
            foreach (var one in sheep)
                one.WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        return [.. sheep];
    }

    internal ServerProxy ProxyOf(TestSheep sheep) => _proxies[sheep];

    internal static LogReader ReaderOf(TestSheep sheep) => ((ZooKeeperDriver)sheep.Driver).Session!.Reader;

    /// <summary>As a kill -9 ends it: the servers hear nothing more.</summary>
    internal void Kill(TestSheep sheep)
    {
        sheep.Stop();
        _proxies[sheep].Cut();
    }

    internal Task<ZooKeeperTool> ToolAsync() => ZooKeeperTool.OpenAsync(servers.Servers[0], _root);

    internal static async Task WaitUntilAsync(Func<Task<bool>> condition, string what)
    {
        var end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < end, $"waits for {what}");
            await Task.Delay(20);
        }
    }

    protected virtual void Dispose(bool disposing)
    {
        foreach (var (sheep, proxy) in _proxies)
        {
            sheep.Dispose();
            proxy.Dispose();
        }
    }
}
