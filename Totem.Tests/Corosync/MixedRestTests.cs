using Totem.Tests.Captures;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;
using Xunit;
using Xunit.Abstractions;

namespace Totem.Tests.Corosync;

/// <summary>
/// A token that rests must not be missed by a real daemon (docs/design/token.md): whoever sends and however long the
/// ring is idle, no daemon takes it for lost and sends it again.
/// </summary>
[Collection(RealProcesses.Name)]
public sealed class MixedRestTests(ITestOutputHelper output)
{
    private const int MessagesOfAll = 100_000;
    private const int MessagesOfOne = 300;
    private const int PerSecond = 200;

    // A daemon repeats a token after about a quarter of this. So long that a machine which stands
    // still for a moment does not look like a rest.
    private static readonly TimeSpan TokenTimeout = TimeSpan.FromSeconds(5);

    // Several times as long as an idle token is held.
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(4);

    [CorosyncTheory]
    [InlineData(new uint[] { 1 })]
    [InlineData(new uint[] { 2, 3 })]
    public async Task No_daemon_repeats_a_token_because_of_a_rest(uint[] ours)
    {
        using var folder = new TemporaryDirectory();
        var file = Path.Combine(folder.Path, "ring.pcap");
        var configuration = new CorosyncConfFile { Nodes = 3, Transport = "udpu", TokenTimeout = TokenTimeout };
        uint[] real;
        await using (var cluster = new MixedCluster(configuration, output))
        {
            real = [.. cluster.Nodes.Except(ours)];
            await cluster.StartRealAsync(real);
            await cluster.ReadyWith(real);
            await cluster.StartOursAsync(ours);
            await cluster.ReadyWith(cluster.Nodes);
            var clients = new List<LoadProcess>();
            foreach (var node in cluster.Nodes)
                clients.Add(await cluster.JoinAsync(node, "load"));

            await using (await NetworkCapture.StartAsync(cluster.Network, file))
                await SendByTurnsAsync(clients);
            await GroupTraffic.SendAsync(clients, MessagesOfAll / clients.Count);
            GroupOrder.AssertSame(clients);
            clients.ForEach(GroupOrder.AssertNothingLostNorTwice);
            cluster.AssertDaemonsRun();
        }

        // Two switches make it a file of the newer format, which PcapFile does not read.
        var classic = Path.Combine(folder.Path, "classic.pcap");
        SystemCommand.Run($"tshark -r {file} -F pcap -w {classic}");
        var capture = PcapFile.Read(classic);
        foreach (var node in real)
        {
            var (sent, repeated) = TokenRepeats.Of(capture, NamespaceNetwork.AddressOf(node));
            output.WriteLine($"daemon {node}: {sent} tokens, {repeated.Count} repeated");
            Assert.InRange(sent, MessagesOfOne, int.MaxValue);
            Assert.True(repeated.Count == 0, string.Join('\n', repeated.Take(20)));
        }
    }

    // Each alone for long enough for a token to rest with it, and then nobody.
    private static async Task SendByTurnsAsync(List<LoadProcess> clients)
    {
        foreach (var client in clients)
        {
            client.Send(MessagesOfOne, PerSecond);
            await client.SentAsync();
            await Task.Delay(IdleTime); // The idleness itself: what happens in it is what is looked at.
        }
    }

    /// <summary>The search for repeats finds them in a capture of daemons that lost frames, and
    /// none where nothing was lost.</summary>
    [Theory]
    [InlineData("udpu-e-loss.pcap", true)]
    [InlineData("udpu-b-cpg.pcap", false)]
    public void Repeats_of_real_daemons_are_found(string file, bool hasSome)
    {
        var capture = PcapFile.Read(Path.Combine(AppContext.BaseDirectory, "Captures", file));
        var repeats = capture.Datagrams.Select(x => x.Source.Split(':')[0]).Distinct(StringComparer.Ordinal)
            .SelectMany(x => TokenRepeats.Of(capture, x).Repeated);
        Assert.Equal(hasSome, repeats.Any());
    }
}
