using System.Globalization;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>A test with sheep of its own below a root of its own, each behind a proxy.</summary>
public abstract class ZooKeeperTest(ZooKeeperEnsemble servers) : IDisposable
{
    protected static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly string _root = ZooKeeperEnsemble.NewRoot();
    private readonly Dictionary<DriverSheep, ServerProxy> _proxies = [];

    protected ZooKeeperEnsemble Servers => servers;

    /// <summary>Everything of this test lies below.</summary>
    protected string Root => _root;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A sheep that asks to come in: by way of a proxy to one server, or directly with all of them to choose from.</summary>
    internal DriverSheep Begin(int identity, int timeout = 3000, ZooKeeperLimits? limits = null, string option = "", bool isDirect = false)
    {
        var proxy = new ServerProxy(servers.Servers[_proxies.Count % servers.Servers.Count].Port);
        var hosts = isDirect ? string.Join(',', servers.Servers.Select(x => $"127.0.0.1:{x.Port}")) : $"127.0.0.1:{proxy.Port}";
        var driver = new ZooKeeperDriver { Limits = limits ?? new ZooKeeperLimits() };
        var text = string.Create(CultureInfo.InvariantCulture, $"{hosts}{_root},timeout={timeout}{option}");
        var sheep = new DriverSheep(driver, text, identity, _ => proxy.Cut());
        _proxies.Add(sheep, proxy);
        sheep.Flock = [.. _proxies.Keys];
        sheep.Join();
        return sheep;
    }

    internal DriverSheep[] Joined(int count, int timeout = 3000, ZooKeeperLimits? limits = null)
    {
        var sheep = new List<DriverSheep>();
        for (var i = 0; i < count; i++)
        {
            sheep.Add(Begin(i, timeout, limits));
            foreach (var one in sheep)
                one.WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        return [.. sheep];
    }

    internal ServerProxy ProxyOf(DriverSheep sheep) => _proxies[sheep];

    internal static LogReader ReaderOf(DriverSheep sheep) => ((ZooKeeperDriver)sheep.Driver).Session!.Reader;

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
