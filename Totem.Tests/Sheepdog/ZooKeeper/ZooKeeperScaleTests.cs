using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Xunit.Abstractions;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>Very many sheep, each with a session of its own, on one server: docs/reference/scale.md. Small by default;
/// <c>TOTEM_SCALE=100,300,1000</c>.</summary>
[Collection(RealProcesses.Name)]
public sealed class ZooKeeperScaleTests(ITestOutputHelper output)
{
    private const int NotifyCount = 1000;
    private const int TimeoutMilliseconds = 30_000;
    private const int SmallTimeoutMilliseconds = 4000;
    private const int SmallCount = 24;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    public static TheoryData<int> Counts => [.. (Environment.GetEnvironmentVariable("TOTEM_SCALE") ?? $"{SmallCount}")
        .Split(',').Select(x => int.Parse(x, CultureInfo.InvariantCulture))];

    [ZooKeeperTheory]
    [MemberData(nameof(Counts))]
    public void Many_sheep_join_at_once_agree_and_lose_a_tenth(int count)
    {
        using var server = new ZooKeeperServer(1, Transport.Ports.TakeBase(), [], heapMegabytes: 512);
        server.WaitUntilServing();
        using var herd = new ScaleHerd();
        var sheep = new List<ScaleSheep>();
        var proxies = new Dictionary<ScaleSheep, ServerProxy>();
        var timeout = count > SmallCount ? TimeoutMilliseconds : SmallTimeoutMilliseconds;
        try
        {
            for (var i = 0; i < count; i++)
            {
                // A sheep that is to die does so behind a proxy: the server hears nothing of it.
                var proxy = i % 10 == 5 ? new ServerProxy(server.Port) : null;
                sheep.Add(new ScaleSheep(herd, i, $"127.0.0.1:{proxy?.Port ?? server.Port}/scale,timeout={timeout}"));
                if (proxy is not null)
                    proxies.Add(sheep[^1], proxy);
            }

            Run("connect", server, sheep, herd, null, () => ForAll(sheep, x => x.Connect()));
            Run("join", server, sheep, herd, herd.Expect(ScaleGoal.Members, count, count),
                () => sheep.ForEach(x => x.Join()));
            var members = sheep[0].Members.ToArray();
            Assert.Equal(count, members.Length);
            Assert.All(sheep, x => Assert.Equal(members, x.Members));

            Run("notify", server, sheep, herd, herd.Expect(ScaleGoal.Notified, NotifyCount, count), () =>
            {
                for (var i = 0; i < NotifyCount; i++)
                    sheep[i % count].Driver.Notify(BitConverter.GetBytes(i));
            });
            Assert.All(sheep, x => Assert.Equal(sheep[0].Sequence, x.Sequence));

            var survivors = sheep.Except(proxies.Keys).ToList();
            Run("lose", server, sheep, herd, herd.Expect(ScaleGoal.Members, survivors.Count, survivors.Count), () =>
            {
                foreach (var (one, proxy) in proxies)
                {
                    lock (one)
                        one.IsDead = true;
                    proxy.Cut();
                }
            });
            var left = survivors[0].Members.ToArray();
            Assert.Equal(members.Except(proxies.Keys.Select(x => NodeString.Of(x.Self))), left);
            Assert.All(survivors, x => Assert.Equal(left, x.Members));
            Assert.All(survivors, x => Assert.Null(x.Trouble));
        }
        finally
        {
            ForAll(sheep, x => x.Dispose());
            foreach (var proxy in proxies.Values)
                proxy.Dispose();
        }
    }

    /// <summary>On threads of their own, since connecting waits for threads of the pool.</summary>
    private static void ForAll(List<ScaleSheep> sheep, Action<ScaleSheep> action)
    {
        const int ThreadCount = 16;
        var failures = new ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(0, ThreadCount).Select(first => new Thread(() =>
        {
            for (var i = first; i < sheep.Count; i += ThreadCount)
            {
                try
                {
                    action(sheep[i]);
                }
#pragma warning disable CA1031 // Thrown on the test's own thread.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    failures.Enqueue(failure);
                }
            }
        })).ToList();
        threads.ForEach(x => x.Start());
        threads.ForEach(x => x.Join());
        if (!failures.IsEmpty)
            throw new AggregateException(failures);
    }

    /// <summary>One phase, and what it cost.</summary>
    private void Run(
        string phase, ZooKeeperServer server, List<ScaleSheep> sheep, ScaleHerd herd, ManualResetEventSlim? reached,
        Action action)
    {
        using var self = Process.GetCurrentProcess();
        var (clients, servers) = (self.TotalProcessorTime, server.ProcessorTime);
        var (packetsIn, packetsOut) = (server.Measure("zk_packets_received"), server.Measure("zk_packets_sent"));
        var watch = Stopwatch.StartNew();
        action();
        Assert.True(reached?.Wait(Limit) ?? true, $"{phase} of {sheep.Count} took too long; {herd.Ready.Count} wait "
            + "for an event loop");
        var time = watch.Elapsed;
        self.Refresh();
        var readers = sheep.Select(x => x.Driver.Session?.Reader).OfType<LogReader>().DefaultIfEmpty().ToArray();
        (string Name, double Value)[] figures =
        [
            ("seconds", time.TotalSeconds),
            ("clients' cpu s", (self.TotalProcessorTime - clients).TotalSeconds),
            ("server's cpu s", (server.ProcessorTime - servers).TotalSeconds),
            ("server MiB", server.ResidentBytes >> 20),
            ("znodes", server.Measure("zk_znode_count")),
            ("their bytes", server.Measure("zk_approximate_data_size")),
            ("watches", server.Measure("zk_watch_count")),
            ("packets in", server.Measure("zk_packets_received") - packetsIn),
            ("packets out", server.Measure("zk_packets_sent") - packetsOut),
            ("clients MiB", self.WorkingSet64 >> 20),
            ("clients' threads", self.Threads.Count),
            ("bytes a session has read", readers.Average(x => x?.BytesRead ?? 0)),
            ("in requests", readers.Average(x => x?.RequestCount ?? 0)),
        ];
        var texts = figures.Select(x => string.Create(CultureInfo.InvariantCulture, $"{x.Name} {x.Value:0.##}"));
        var line = $"{sheep.Count} {phase}: {string.Join(", ", texts)}";
        output.WriteLine(line);
        // At once, since a thousand take long and may be interrupted.
        if (Environment.GetEnvironmentVariable("TOTEM_SCALE_FILE") is { Length: > 0 } file)
            File.AppendAllLines(file, [line]);
    }
}
