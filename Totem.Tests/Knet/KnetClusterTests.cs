using Totem.Tests.Corosync;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Knet;

/// <summary>Members of ours as users start them, by <c>corosync.conf</c>, on one kronosnet ring
/// with real daemons.</summary>
[Collection(RealProcesses.Name)]
public sealed class KnetClusterTests(ITestOutputHelper output)
{
    private const string Group = "load";
    private const int Messages = 400;

    [CorosyncTheory]
    [InlineData("none", "none", 1500)]
    [InlineData("aes256", "sha256", 1500)]
    [InlineData("aes128", "sha1", 1300)]
    [InlineData("none", "sha512", 9000)]
    public async Task Both_kinds_send_and_die_and_come_back_and_there_is_one_order(string cipher, string hash, int mtu)
    {
        await using var cluster = new MixedCluster(Configuration with { Cipher = cipher, Hash = hash }, output);
        cluster.Network.SetMtu(mtu);
        await cluster.StartRealAsync(1);
        await cluster.ReadyWith(1);
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

    [CorosyncTheory]
    [InlineData("passive")]
    [InlineData("active")]
    [InlineData("rr")]
    public async Task One_of_two_links_is_cut_and_mended_under_load_and_no_view_changes(string mode)
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

    [CorosyncTheory]
    [InlineData("aes256", "sha256", "aes128", "sha512")]
    [InlineData("none", "none", "aes256", "sha256")]
    public async Task A_daemon_that_is_told_to_reload_changes_everybodys_keys_under_load(
        string cipher, string hash, string nextCipher, string nextHash)
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
        await GroupTraffic.SendAsync([.. clients.Values], Messages);
        GroupOrder.AssertSame([.. clients.Values]);
        Assert.All(clients.Values, x => GroupOrder.AssertNothingLostNorTwice(x));
    }
}
