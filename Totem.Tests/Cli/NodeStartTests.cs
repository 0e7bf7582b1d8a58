using Totem.Cli.Nodes;
using Totem.Cli.Workers;
using Totem.CommandLine;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class NodeStartTests
{
    [Fact]
    public async Task A_damaged_ring_sequence_is_the_machines_fault()
    {
        using var ports = PortBlock.Take();
        var state = Directory.CreateTempSubdirectory("totem-test-");
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(state.FullName, "ringid_1"), [1, 2, 3]);
            var failure = await Assert.ThrowsAsync<CommandFailedException>(
                () => NodeStart.StartAsync(
                    TotemNodeOptions.Loopback(ports.BasePort, new ProcessorId(1), state.FullName)));
            Assert.Equal(ExitCode.Environment, failure.ExitCode);
            Assert.Contains("ringid_1", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }
}
