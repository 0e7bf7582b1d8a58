using Totem.Tests.Processes;
using Totem.Tests.Transport;

namespace Totem.Tests.Cli;

/// <summary><c>totem group</c> beside members of its own host, and names that are no text.</summary>
public sealed class GroupListTests : IDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);
    private readonly int _port = Ports.TakeBase();

    private CancellationToken Limit => _limit.Token;

    private string Flags => $"--port {_port} --state {_state.Path}";

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
    }

    /// <summary>Fourteen members: there is no place left on the ring for one that only looks.</summary>
    [Fact]
    public async Task Groups_are_listed_though_every_place_is_taken_and_nobody_notices()
    {
        var options = TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path, name: "");
        var nodes = await Task.WhenAll(Enumerable.Range(0, UdpTransportOptions.LoopbackSlotCount)
            .Select(_ => TotemNode.StartAsync(options, Limit)));
        try
        {
            await Task.WhenAll(nodes.Select(x => x.WaitForMembersAsync(nodes.Length, Limit)));
            var before = nodes[0].Installed;
            await using var pacemaker = await nodes[2].JoinAsync("attrd\0", new GroupJoinOptions { Pid = 7 }, Limit);
            await using var other = await nodes[3].JoinAsync("attrd", new GroupJoinOptions { Pid = 8 }, Limit);
            var (exitCode, output, error) = await CommandLineTests.Run($"group --list {Flags}");
            Assert.Equal((0, ""), (exitCode, error));
            Assert.Equal(
                [$"attrd {{{nodes[3].Id}/8}}", $@"attrd\x00 {{{nodes[2].Id}/7}}"],
                output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)
                    .Select(x => x["hh:mm:ss.fff ".Length..]));
            Assert.Equal(before, nodes[0].Installed);
        }
        finally
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_group_whose_name_ends_in_a_zero_byte_is_joined_by_its_escaped_form()
    {
        await using var node = await TotemNode.StartAsync(
            TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path, name: ""), Limit);
        await using var group = await node.JoinAsync("attrd\0", new GroupJoinOptions { Pid = 7 }, Limit);
        var (exitCode, said) = TotemProgram.Run($"group 'attrd\\x00' --pid 8 --json {Flags}");
        Assert.True(exitCode == 0, said);
        Assert.Contains(@"""group"":""attrd\\x00""", said, StringComparison.Ordinal);
        var seen = new List<uint>();
        await foreach (var element in group.ReadEventsAsync(Limit))
        {
            seen.AddRange(element.Change?.Left.Select(x => x.Member.Pid) ?? []);
            if (seen.Count > 0)
                break;
        }

        Assert.Equal([8u], seen);
    }

    [Theory]
    [InlineData("'a\\x0'", @"'\x0' in a group name, expected \xNN with two hexadecimal digits, or \\ for a backslash")]
    [InlineData("'a\\n'", @"'\n' in a group name")]
    [InlineData("\"$(printf 'a\\377')\"", "is no UTF-8; a group's name may have \\xNN for a byte")]
    [InlineData("g --name \"$(printf 'a\\376')\"", "is no UTF-8")]
    public void A_name_that_cannot_be_told_from_another_is_refused(string arguments, string said)
    {
        var (exitCode, output) = TotemProgram.Run($"group {arguments} {Flags}");
        Assert.Equal(2, exitCode);
        Assert.Contains(said, output, StringComparison.Ordinal);
    }
}
