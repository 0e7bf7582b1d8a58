using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Totem.Cli.Workers;
using Totem.Platform.Network;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Processes;

/// <summary>
/// How long a killed process stays on the ring of the others, with the neighbour watch and without it, in one run. It
/// is measured, with few kills unless <c>TOTEM_REMOVAL_KILLS</c> asks for more; what is asserted is that the ring goes
/// on.
/// </summary>
[Collection(RealProcesses.Name)]
[SupportedOSPlatform("linux")]
public sealed class RemovalTimes(ITestOutputHelper output)
{
    // Far above what is measured, so that no removal is due to a token that did not come.
    private static readonly TimeSpan TokenTimeout = TimeSpan.FromSeconds(3);

    // Messages a second on a busy ring, of all members together: 32 to 20,000 bytes, some of them safe.
    private const int PerSecond = 300;

    private static readonly int? AskedKills = int.TryParse(
        Environment.GetEnvironmentVariable("TOTEM_REMOVAL_KILLS"), CultureInfo.InvariantCulture, out var count)
            ? count
            : null;

    private static readonly int[] Sizes = [.. (Environment.GetEnvironmentVariable("TOTEM_REMOVAL_NODES")
        ?? (AskedKills is null ? "3" : "2,3,5,14"))
        .Split(',').Select(x => int.Parse(x, CultureInfo.InvariantCulture))];

    [LinuxFact]
    public async Task Removal_is_measured_with_the_watch_and_without_it()
    {
        foreach (var nodes in Sizes)
        {
            foreach (var isBusy in (bool[])[false, true])
            {
                foreach (var isWatched in (bool[])[true, false])
                    await MeasureAsync(nodes, isBusy, isWatched);
            }
        }
    }

    private async Task MeasureAsync(int nodes, bool isBusy, bool isWatched)
    {
        await using var cluster = ProcessCluster.OnLoopback(nodes, TokenTimeout, isTraced: false, isWatched);
        await cluster.StartAllAsync();
        var load = 0;
        // The representative makes the next commit token, its successor is probed by it, the last is neither.
        foreach (var (victim, role) in ((uint, string)[])[(1, "representative"), (2, "successor"),
            ((uint)nodes, "last")])
        {
            if (victim == nodes && role != "last")
                continue;
            var (first, last, hangups) = (new List<double>(), new List<double>(), new List<double>());
            for (var i = 0; i < (AskedKills ?? 2); i++)
            {
                if (isBusy)
                {
                    cluster.Load(PerSecond / nodes, ++load);
                    await cluster.Deliver(20, cluster.Nodes);
                }

                var survivors = cluster.Nodes.Where(x => x != victim).ToArray();
                var hangup = isWatched ? AwaitHangup(Connect(cluster.EndPointOf(victim))) : null;
                var killed = DateTimeOffset.UtcNow;
                cluster.Kill(victim);
                await cluster.RingOf(survivors);
                if (hangup is not null)
                    hangups.Add((await hangup - killed).TotalMilliseconds);
                var rings = cluster.Workers.Read(x => survivors
                    .Select(node => (x[node].View.Regular!.At - killed).TotalMilliseconds).ToArray());
                first.Add(rings.Min());
                last.Add(rings.Max());
                cluster.Workers.Tell(new StopLoad(), survivors);
                // The others can be quicker than who reaps the process.
                await cluster.Workers[victim].WaitForExitAsync(CancellationToken.None);
                cluster.Workers.Start(victim);
                await cluster.RingOf(cluster.Nodes);
            }

            output.WriteLine(
                $"{nodes,2} nodes, {(isBusy ? "busy" : "idle")}, {(isWatched ? "watched" : "probed "),-7}, {role,-14}: "
                + $"first {Median(first),6:0.0} ms, last {Median(last),6:0.0} ms, worst {last.Max(),6:0.0} ms of "
                + $"{last.Count}"
                + (isWatched ? $"; hangup {Median(hangups),6:0.0} ms" : ""));
        }

        await cluster.LeaveAsync();
    }

    private static Socket Connect(IPEndPoint member)
    {
        const int familyBytes = 2;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(
            new UnixDomainSocketEndPoint(Encoding.ASCII.GetString(NeighbourName.Of(member).AsSpan(familyBytes))));
        return socket;
    }

    // The earliest news of anybody who holds a connection to the process: the kernel takes it apart before it closes
    // files.
    private static Task<DateTimeOffset> AwaitHangup(Socket connection) => Task.Factory.StartNew(
        () =>
        {
            using (connection)
                connection.Poll(Timeout.InfiniteTimeSpan, SelectMode.SelectRead);
            return DateTimeOffset.UtcNow;
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
