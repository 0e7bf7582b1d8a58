using System.Net;
using System.Net.Sockets;
using Totem.Tests.Cpg;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Tidy;
using Totem.Tests.Transport;

namespace Totem.Tests.Corosync;

/// <summary>A corosync daemon still runs on the host with the same configuration: whoever comes says so, ends, and
/// leaves the daemon alone.</summary>
[Collection(RealProcesses.Name)]
public sealed class RunningDaemonTests
{
    private const string Configuration = "/run/corosync.conf";

    // The state directory goes with the file system view.
    private const string State = "/run/state";

    [RealDaemonTheory]
    [InlineData("udpu", $"node --config {Configuration} --state {State}")]
    [InlineData("udpu", $"group g --config {Configuration} --state {State}")]
    [InlineData("udpu", $"sheep -c corosync:config={Configuration},state={State}")]
    [InlineData("udp", $"node --config {Configuration} --state {State}")]
    [InlineData("udp", $"sheep -c corosync:config={Configuration},state={State}")]
    public void The_command_refuses(string transport, string arguments)
    {
        var (exitCode, said) = Run(transport, $"{Path.Combine(AppContext.BaseDirectory, "totem")} {arguments}");
        Assert.True(exitCode == 3, $"{exitCode}: {said}");
        AssertSaid(said);
    }

    [RealDaemonTheory]
    [InlineData("udpu")]
    [InlineData("udp")]
    public void A_program_on_our_libcpg_gets_LIBRARY_and_the_log_says_why(string transport)
    {
        var (exitCode, said) = Run(
            transport,
            $"env LD_LIBRARY_PATH={NativeBuild.Libraries} TOTEM_CONFIG={Configuration} TOTEM_STATE={State} "
            + "TOTEM_LOG=stderr "
            + NativeBuild.Program("cpg_credentials"));
        Assert.True(exitCode == 1, $"{exitCode}: {said}");
        Assert.Contains("result 2", said, StringComparison.Ordinal);
        AssertSaid(said);
    }

    [RealDaemonTheory]
    [InlineData("udpu")]
    [InlineData("udp")]
    public void The_loopback_has_nothing_to_do_with_the_daemon(string transport)
    {
        var (exitCode, said) =
            Run(transport, $"{Path.Combine(AppContext.BaseDirectory, "totem")} node --port 6000 --state {State}");
        Assert.True(exitCode == 0, $"{exitCode}: {said}");
    }

    [LinuxFact]
    public async Task A_node_s_own_place_that_a_stranger_has_is_refused_and_no_other_place_is_taken()
    {
        using var state = new TemporaryDirectory();
        var port = Ports.TakeBase();
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var place = new IPEndPoint(IPAddress.Parse("127.0.0.1"), port);
        stranger.Bind(place);
        var options = TotemNodeOptions.Loopback(port, stateDirectory: state.Path) with
        {
            Transport = new UdpTransportOptions { Kind = UdpTransportKind.Unicast,
                Peers = [new UdpPeer(new ProcessorId(1), place)] },
        };
        options = options with { Ring = options.Ring with { Self = new ProcessorId(1) } };

        var failure = await Assert.ThrowsAsync<TransportException>(() => new ProcessSlots(options).StartAsync())
            .WaitAsync(HangLimit.OfAWait);

        Assert.Contains($"cannot bind to {place}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("find out who has it", failure.Message, StringComparison.Ordinal);
        // A member that waits for a place gets the one that becomes free.
        var waiting = new ProcessSlots(options).StartAsync();
        stranger.Dispose();
        var node = await waiting.WaitAsync(HangLimit.OfAWait);
        await using (node)
            Assert.Equal(1u, node.Id.Value);
    }

    private static void AssertSaid(string said)
    {
        Assert.Contains("cannot bind to 127.0.0.1:5405", said, StringComparison.Ordinal);
        Assert.Contains("the corosync daemon of this host runs: process ", said, StringComparison.Ordinal);
        Assert.Contains("systemctl stop corosync", said, StringComparison.Ordinal);
        // The daemon saw itself alone.
        Assert.Contains("memberships 1", said, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Said) Run(string transport, string command) => SystemCommand.TryRun(
        $"env TRANSPORT={transport} unshare --net --mount bash "
        + $"{Repository.FullPath("Totem.Tests/Native/with-corosync.sh")} "
        + $"sh -c '{command} </dev/null; code=$?; echo memberships $(grep -c \"new membership\" /run/corosync.log); "
        + "exit $code'");
}
