using System.Threading.Channels;
using Totem.Cli.Nodes;
using Totem.Cli.Workers;

namespace Totem.Tests.Cli;

public sealed class GroupSessionTests
{
    [Fact]
    public async Task A_session_that_only_sends_prints_nothing_and_leaves_at_the_end_of_the_input()
    {
        using var ports = PortBlock.Take();
        var state = Directory.CreateTempSubdirectory("totem-test-");
        try
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            var lines = Channel.CreateUnbounded<string>();
            lines.Writer.TryWrite("hello");
            lines.Writer.Complete();
            await using (var node = await NodeStart.StartAsync(
                TotemNodeOptions.Loopback(ports.BasePort, null, state.FullName)))
            {
                await using var reader = await node.JoinAsync("talk", new GroupJoinOptions { Pid = 1 });
                var group = await node.JoinAsync("talk", new GroupJoinOptions { Pid = 7, Receives = false });
                await new GroupSession(
                    group, new NodeOutput(output, isJson: false), error, Guarantee.Agreed, isSendOnly: true)
                    .RunAsync(lines.Reader, CancellationToken.None);
                await foreach (var element in reader.ReadEventsAsync())
                {
                    if (element.IsMessage)
                    {
                        Assert.Equal(7u, element.Sender.Pid);
                        break;
                    }
                }

                Assert.Single(await node.GetMembersAsync("talk"));
            }

            Assert.Empty(output.ToString());
            Assert.Empty(error.ToString());
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Lines_are_multicast_to_the_group_and_the_end_of_the_input_leaves_it()
    {
        using var ports = PortBlock.Take();
        var state = Directory.CreateTempSubdirectory("totem-test-");
        try
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            var lines = Channel.CreateUnbounded<string>();
            lines.Writer.TryWrite("hello");
            lines.Writer.Complete();
            await using (var node = await NodeStart.StartAsync(
                TotemNodeOptions.Loopback(ports.BasePort, null, state.FullName)))
            {
                var group = await node.JoinAsync("talk", new GroupJoinOptions { Pid = 7 });
                await new GroupSession(group, new NodeOutput(output, isJson: false), error, Guarantee.Safe)
                    .RunAsync(lines.Reader, CancellationToken.None);
                Assert.Empty(await node.GetGroupsAsync());
            }

            var printed = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(["* group talk {1/7} +1/7 (Joined)", "1/7! hello", "* group talk {} -1/7 (Left)"],
                printed.Select(x => x["hh:mm:ss.fff ".Length..]));
            Assert.All(printed, x => Assert.Matches(@"^\d\d:\d\d:\d\d\.\d\d\d ", x));
            Assert.Empty(error.ToString());
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }
}
