using System.Globalization;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;
using Totem.Tests.Wireshark;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Corosync;

/// <summary>
/// A good neighbour: what can stop a real daemon (WIRE §17) never comes from us. The traffic of a mixed ring in which
/// everything happens is captured, and each frame of ours is looked at; the daemons stay up.
/// </summary>
[Collection(RealProcesses.Name)]
public sealed class NeighbourTests(ITestOutputHelper output)
{
    private const uint Ours = 2;
    private const int ReceiveWindow = 16_384;

    private static readonly string[] Fields =
    [
        "ip.src", "udp.length", "totem.ring", "totem.seq", "totem.aru", "totem.sender", "totem.request.count",
        "totem.join.proposed.count",
        "totem.join.failed.count", "totem.commit.count", "totem.commit.filled", "totem.msg.from", "totem.msg.kind",
        "totem.msg.service",
        "totem.msg.length", "totem.quorum.node", "totem.sync.ring", "totem.copy_of",
    ];

    [CorosyncTheory]
    [InlineData("udp")]
    [InlineData("udpu")]
    public async Task Nothing_that_stops_a_daemon_comes_from_us_whatever_happens(string transport)
    {
        using var folder = new TemporaryDirectory();
        var file = Path.Combine(folder.Path, "ring.pcap");
        await using (var cluster = new MixedCluster(new CorosyncConfFile { Nodes = 3, Transport = transport }, output))
        {
            await using (await NetworkCapture.StartAsync(cluster.Network, file))
                await LetEverythingHappenAsync(cluster);
            cluster.AssertDaemonsRun();
        }

        var all = (await Tshark.DissectAsync(file, Fields)).Where(x => x.IsTotem).ToList();
        var malformed = all.Find(x => x.IsMalformed);
        Assert.True(malformed is null, $"{malformed}");
        var ours = all.FindAll(x => x["ip.src"] == NamespaceNetwork.AddressOf(Ours));
        output.WriteLine($"{all.Count} frames, {ours.Count} of ours: "
            + string.Join(", ", ours.GroupBy(x => x["totem.kind"]).Select(x => $"{x.Count()} of kind {x.Key}")));
        // Merge detects and hold cancels come as the moment wants them; the others always.
        Assert.Subset(ours.Select(x => x["totem.kind"]).ToHashSet(StringComparer.Ordinal),
            new HashSet<string>(["0", "1", "3", "4"], StringComparer.Ordinal));
        Assert.All(ours, AssertHarmless);
        AssertNoBarrierIsEarly(all);
    }

    private static async Task LetEverythingHappenAsync(MixedCluster cluster)
    {
        uint[] real = [1, 3];
        await cluster.StartOursAsync(Ours);
        await cluster.ReadyWith(Ours);
        await cluster.StartRealAsync(real);
        await cluster.ReadyWith(cluster.Nodes);
        var clients = new List<LoadProcess>();
        foreach (var node in cluster.Nodes)
            clients.Add(await cluster.JoinAsync(node, "load"));
        await GroupTraffic.SendAsync(clients, 300);

        // Alone while the others form a ring, under load: its first multicasts come while they do.
        cluster.Network.Separate(Ours);
        clients[1].Send(0, perSecond: 300);
        await Task.WhenAll(cluster.ReadyWith(real), cluster.ReadyWith(Ours));
        cluster.Network.Heal();
        await cluster.ReadyWith(cluster.Nodes);
        cluster.Network.Separate(real[0]);
        await Task.WhenAll(cluster.ReadyWith(Ours, real[1]), cluster.ReadyWith(real[0]));
        cluster.Network.Heal();
        await cluster.ReadyWith(cluster.Nodes);

        // The representative dies, comes back; ours dies, comes back, and leaves.
        cluster.Kill(real[0]);
        await cluster.ReadyWith(Ours, real[1]);
        await cluster.StartRealAsync(real[0]);
        await cluster.ReadyWith(cluster.Nodes);
        cluster.Kill(Ours);
        await cluster.ReadyWith(real);
        await cluster.StartOursAsync(Ours);
        await cluster.ReadyWith(cluster.Nodes);
        await cluster.StopAsync(Ours);
        await cluster.ReadyWith(real);
    }

    /// <summary>WIRE §17, line by line, as far as one frame shows it.</summary>
    private static void AssertHarmless(DissectedFrame frame)
    {
        var sender = Ours.ToString(CultureInfo.InvariantCulture);
        Assert.True(Number(frame, "udp.length") - 8 <= 65_536, $"longer than a multicast may be: {frame}");
        Assert.All(
            frame.All("totem.quorum.node"), x => Assert.True(x == sender, $"speaks of another node's votes: {frame}"));
        Assert.All(
            frame.All("totem.msg.service"), x => Assert.True(x is "2" or "5", $"of a service we do not have: {frame}"));
        Assert.All(
            frame.All("totem.msg.length"), x => Assert.InRange(int.Parse(x, CultureInfo.InvariantCulture), 1, 1 << 20));
        if (frame["totem.kind"] == "0")
        {
            Assert.InRange(Number(frame, "totem.request.count"), 0, 30);
            Assert.InRange(Number(frame, "udp.length") - 8, 57, 1500);
            Assert.InRange(
                unchecked((int)(Number(frame, "totem.seq") - Number(frame, "totem.aru"))), 0, ReceiveWindow - 1);
        }

        if (frame["totem.kind"] == "3")
            Assert.InRange(
                Number(frame, "totem.join.proposed.count") + Number(frame, "totem.join.failed.count"), 1, 384);
        if (frame["totem.kind"] == "4")
            Assert.InRange(Number(frame, "totem.commit.filled"), 1, Number(frame, "totem.commit.count"));
    }

    /// <summary>Nobody of ours sends its barrier of a phase on a ring before everybody's of the last one.</summary>
    private static void AssertNoBarrierIsEarly(List<DissectedFrame> frames)
    {
        // Once each, in the total order of each ring. Frames of a recovery carry the old ring's,
        // which were counted there.
        var sync = frames
            .Where(x => x["totem.kind"] == "1" && !x.Has("totem.copy_of") && x.All("totem.ring").Count == 1)
            .SelectMany(x => x.All("totem.msg.kind").Zip(x.All("totem.msg.from"), (kind, from) => (
                Ring: x["totem.ring"], Seq: Number(x, "totem.seq"), Kind: kind, From: from)))
            .Where(x => x.Kind is "sync barrier" or "sync service build")
            .Distinct()
            .GroupBy(x => x.Ring);
        var checkedCount = 0;
        foreach (var ring in sync)
        {
            var members = ring.Where(x => x.Kind == "sync service build").Select(x => x.From)
                .ToHashSet(StringComparer.Ordinal);
            var sent = members.ToDictionary(x => x, _ => 0, StringComparer.Ordinal);
            foreach (var barrier in ring.Where(x => x.Kind == "sync barrier").OrderBy(x => x.Seq))
            {
                if (!sent.ContainsKey(barrier.From))
                    continue; // Left behind from an older ring by a daemon.
                if (barrier.From == Ours.ToString(CultureInfo.InvariantCulture))
                {
                    checkedCount++;
                    Assert.True(
                        sent.Values.Min() >= sent[barrier.From],
                        $"barrier {sent[barrier.From] + 1} of ring {ring.Key} at {barrier.Seq} is early: "
                            + $"{string.Join(", ", sent)}");
                }

                sent[barrier.From]++;
            }
        }

        Assert.InRange(checkedCount, 10, int.MaxValue);
    }

    private static long Number(DissectedFrame frame, string field) =>
        long.Parse(frame[field], CultureInfo.InvariantCulture);
}
