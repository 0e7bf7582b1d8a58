using System.Threading.Channels;
using Totem.Cli.Nodes;
using Totem.Cli.Workers;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class NodeSessionTests
{
    [Fact]
    public async Task A_line_that_is_too_long_is_refused_and_the_next_one_goes_out()
    {
        using var ports = PortBlock.Take();
        var state = Directory.CreateTempSubdirectory("totem-test-");
        try
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            var lines = Channel.CreateUnbounded<string>();
            lines.Writer.TryWrite(new string('x', RingOptions.MaxMessageBytes + 1));
            lines.Writer.TryWrite("hello");
            lines.Writer.Complete();
            await using (var node = await NodeStart.StartAsync(
                TotemNodeOptions.Loopback(ports.BasePort, null, state.FullName)))
            {
                var session = new NodeSession(
                    node, new NodeOutput(output, isJson: false), error, null, 1, Guarantee.Agreed);
                await session.RunAsync(lines.Reader, CancellationToken.None);
            }

            Assert.Equal(
                $"totem: line of {RingOptions.MaxMessageBytes + 1} bytes not sent, at most "
                    + $"{RingOptions.MaxMessageBytes}",
                error.ToString().TrimEnd());
            Assert.Contains(": hello", output.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }
}
