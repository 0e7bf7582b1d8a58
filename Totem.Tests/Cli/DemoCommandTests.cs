using System.Net;
using System.Net.Sockets;
using Totem.Cli.Workers;
using Totem.CommandLine;
using Totem.Tests.Processes;
using Xunit;

namespace Totem.Tests.Cli;

[Collection(RealProcesses.Name)]
public sealed class DemoCommandTests
{
    [Fact]
    public async Task A_port_in_use_is_the_machines_fault()
    {
        using var ports = PortBlock.Take();
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, ports.BasePort));
        var (exitCode, _, error) =
            await CommandLineTests.Run($"demo --nodes 2 --messages 2 --json --port {ports.BasePort}");
        Assert.Equal(ExitCode.Environment, exitCode);
        Assert.Contains("node 1 died", error, StringComparison.Ordinal);
    }
}
