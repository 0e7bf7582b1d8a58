using System.Diagnostics;
using System.Globalization;
using Totem.Tests.Corosync;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Knet;

/// <summary>
/// Members of ours as users start them, by <c>corosync.conf</c>, on one kronosnet ring with real daemons. With
/// <c>TOTEM_KNET_MATRIX=N</c> every row of the matrix runs, one after the other, with N messages each.
/// </summary>
[Collection(RealProcesses.Name)]
public sealed class KnetClusterTests(ITestOutputHelper output)
{
    private const string Group = "load";
    private const int MessagesUsual = 2400;

    /// <summary>Exchanges of a row, each of three clients.</summary>
    private const int Shares = 6;

    private static readonly int MatrixMessages = int.TryParse(
        Environment.GetEnvironmentVariable("TOTEM_KNET_MATRIX"), CultureInfo.InvariantCulture, out var set) ? set : 0;

    private static readonly MatrixRow[] UsualRows =
    [
        new("none", "none"), new("aes256", "sha256"), new("aes128", "sha1", Mtu: 1300, IsOursFirst: true),
        new("none", "sha512", Mtu: 9000), new("aes256", "sha256", "openssl", IsOursFirst: true, IsIPv6: true),
    ];

    private static readonly MatrixRow[] AllRows =
    [
        .. from suite in (MatrixRow[])
           [
               new("none", "none"), new("aes256", "sha256"), new("aes256", "sha256", "openssl"), new("aes128", "sha1"),
               new("none", "sha512"),
           ]
           from mtu in (int[])[1300, 1500, 9000]
           from isOursFirst in (bool[])[false, true]
           select suite with { Mtu = mtu, IsOursFirst = isOursFirst, IsIPv6 = mtu == 1300 && isOursFirst },
    ];

    [CorosyncFact]
    public async Task Both_kinds_send_and_die_and_come_back_and_there_is_one_order()
    {
        if (MatrixMessages == 0)
        {
            await SideBySide.RunAsync(UsualRows, RunAsync);
            return;
        }

        foreach (var row in AllRows)
        {
            var began = Stopwatch.GetTimestamp();
            await RunAsync(row);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            await File.AppendAllTextAsync(
                "knet-matrix.txt", string.Create(CultureInfo.InvariantCulture, $"{row}: held, {seconds:0} s\n"));
        }
    }

    private async Task RunAsync(MatrixRow row)
    {
        var configuration = Configuration with
        {
            Cipher = row.Cipher, Hash = row.Hash, IsIPv6 = row.IsIPv6, TotemLines = [$"crypto_model: {row.Model}"],
        };
        await using var cluster = new MixedCluster(configuration, output);
        cluster.Network.SetMtu(row.Mtu);
        if (row.IsOursFirst)
            await cluster.StartOursAsync(3);
        else
            await cluster.StartRealAsync(1);
        await cluster.ReadyWith(row.IsOursFirst ? 3u : 1u);
        if (row.IsOursFirst)
            await cluster.StartRealAsync(1);
        else
            await cluster.StartOursAsync(3);
        await cluster.ReadyWith(1, 3);
        await cluster.StartRealAsync(2);
        await cluster.ReadyWith(1, 2, 3);
        var clients = new SortedDictionary<uint, LoadProcess>();
        await ExchangeAsync(cluster, clients, 1, 2, 3);

        cluster.Kill(3);
        await cluster.ReadyWith(1, 2);
        cluster.Kill(2);
        await cluster.ReadyWith(1);
        await cluster.StartOursAsync(3);
        await cluster.ReadyWith(1, 3);
        await cluster.StartRealAsync(2);
        await cluster.ReadyWith(1, 2, 3);
        await ExchangeAsync(cluster, clients, 2, 3);

        cluster.Network.Separate(3);
        await cluster.ReadyWith(3);
        await cluster.ReadyWith(1, 2);
        cluster.Network.Heal();
        await cluster.ReadyWith(1, 2, 3);
        cluster.AssertDaemonsRun();
    }

    [CorosyncFact]
    public Task One_of_two_links_is_cut_and_mended_under_load_and_no_view_changes() =>
        SideBySide.RunAsync(["passive", "active", "rr"], CutAndMendAsync);

    private async Task CutAndMendAsync(string mode)
    {
        var configuration = Configuration with { Links = 2, Cipher = "aes256", Hash = "sha256",
            IsIPv6 = mode == "passive", TotemLines = [$"link_mode: {mode}"] };
        await using var cluster = new MixedCluster(configuration, output);
        var clients = await StartTwoDaemonsAndOneOfOursAsync(cluster);
        // Young links are judged ten times slower (KNET §9); they grow up under load.
        foreach (var client in clients)
            client.Send(0, 100);
        await GroupTraffic.DeliverAsync(clients, 4000);

        cluster.Network.Cut(0);
        await GroupTraffic.DeliverAsync(clients, 2000);
        cluster.Network.Mend(0);
        await GroupTraffic.DeliverAsync(clients, 2000);
        await GroupTraffic.StopAsync(clients, clients);

        GroupOrder.AssertSame(clients);
        Assert.All(clients, x => GroupOrder.AssertNothingLostNorTwice(x));
        Assert.All(clients, x => Assert.Equal(3, x.Log.Members.Count));
        cluster.AssertDaemonsRun();
    }

    private static CorosyncConfFile Configuration =>
        new() { Nodes = 3, Transport = "knet", TokenTimeout = TimeSpan.FromSeconds(3) };

    [CorosyncFact]
    public Task A_daemon_that_is_told_to_reload_changes_everybodys_keys_under_load() => SideBySide.RunAsync(
        ((string, string, string, string)[])
        [
            ("aes256", "sha256", "aes128", "sha512"), ("none", "none", "aes256", "sha256"),
        ],
        x => ChangeKeysAsync(x.Item1, x.Item2, x.Item3, x.Item4));

    private async Task ChangeKeysAsync(string cipher, string hash, string nextCipher, string nextHash)
    {
        var configuration = Configuration with { Cipher = cipher, Hash = hash };
        await using var cluster = new MixedCluster(configuration, output);
        var clients = await StartTwoDaemonsAndOneOfOursAsync(cluster);
        foreach (var client in clients)
            client.Send(0, 100);
        await GroupTraffic.DeliverAsync(clients, 300);

        // The second time the same suite has another key.
        for (var i = 0; i < 2; i++)
        {
            cluster.Reconfigure(configuration with { Cipher = nextCipher, Hash = nextHash });
            cluster.Daemon(1).Run("corosync-cfgtool -R");
            await GroupTraffic.DeliverAsync(clients, 1000);
        }

        await GroupTraffic.StopAsync(clients, clients);
        GroupOrder.AssertSame(clients);
        Assert.All(clients, x => GroupOrder.AssertNothingLostNorTwice(x));
        Assert.All(clients, x => Assert.Equal(3, x.Log.Members.Count));
        // The daemons do without the keys of before, and nobody has left: ours has changed them too.
        Assert.Contains($"{nextCipher}", cluster.Daemon(1).Run("corosync-cmapctl -g totem.crypto_cipher"),
            StringComparison.Ordinal);
        cluster.AssertDaemonsRun();
    }

    private static async Task<List<LoadProcess>> StartTwoDaemonsAndOneOfOursAsync(MixedCluster cluster)
    {
        await cluster.StartRealAsync(1, 2);
        await cluster.ReadyWith(1, 2);
        await cluster.StartOursAsync(3);
        await cluster.ReadyWith(1, 2, 3);
        List<LoadProcess> clients = [];
        foreach (var node in cluster.Nodes)
            clients.Add(await cluster.JoinAsync(node, Group));
        return clients;
    }

    private static async Task ExchangeAsync(
        MixedCluster cluster, SortedDictionary<uint, LoadProcess> clients, params uint[] joining)
    {
        foreach (var node in joining)
            clients[node] = await cluster.JoinAsync(node, Group);
        await GroupTraffic.SendAsync(
            [.. clients.Values], (MatrixMessages == 0 ? MessagesUsual : MatrixMessages) / Shares);
        GroupOrder.AssertSame([.. clients.Values]);
        Assert.All(clients.Values, x => GroupOrder.AssertNothingLostNorTwice(x));
    }

    /// <summary>A case: what encrypts, in which library at the daemons; what the network carries; which kind is
    /// first.</summary>
    private sealed record MatrixRow(
        string Cipher, string Hash, string Model = "nss", int Mtu = 1500, bool IsOursFirst = false,
        bool IsIPv6 = false);
}
