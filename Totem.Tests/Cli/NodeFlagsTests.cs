using System.CommandLine;
using Totem.Cli.Nodes;
using Totem.CommandLine;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class NodeFlagsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("data")]
    public void The_ring_sequence_is_not_kept_under_the_current_directory(string root)
    {
        var failure = Assert.Throws<CommandFailedException>(() => NodeFlags.StateDirectoryUnder(root));
        Assert.Equal(ExitCode.Environment, failure.ExitCode);
        Assert.Contains("--state", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_ring_sequence_is_kept_with_the_data_of_the_user()
        => Assert.Equal(Path.Combine(Path.GetTempPath(), "totem"), NodeFlags.StateDirectoryUnder(Path.GetTempPath()));

    [Theory]
    [InlineData("--clear --bind 10.0.0.1", "10.0.0.1:5405")]
    [InlineData("--clear --bind 10.0.0.1:6000", "10.0.0.1:6000")]
    [InlineData("--clear --bind fd00::1", "[fd00::1]:5405")]
    [InlineData("--clear --bind fd00::1 --port 6000", "[fd00::1]:6000")]
    [InlineData("--clear --bind [fd00::1]:6000", "[fd00::1]:6000")]
    [InlineData("--clear --bind [fd00::1]:6000 --port 7000", "[fd00::1]:6000")]
    public void An_address_s_own_port_counts(string flags, string expected)
    {
        var options = Read($"--id 1 {flags} --state /nowhere");
        Assert.Equal(expected, options.Transport.Peers.Single().EndPoint.ToString());
    }

    [Fact]
    public void A_name_is_for_the_loopback()
    {
        Assert.Equal("", Read("--state /nowhere").Transport.LoopbackName);
        var named = Read("--name other");
        Assert.Equal("other", named.Transport.LoopbackName);
        Assert.NotEqual(Read("").StateDirectory, named.StateDirectory);
        foreach (var flags in new[] { "--name x --bind 10.0.0.1 --id 1", "--name x --config /nowhere", "--name "
            + $"{new string('x', 129)}" })
            Assert.Equal(ExitCode.Usage, Assert.Throws<CommandFailedException>(() => Read(flags)).ExitCode);
    }

    /// <summary>An option that no flag names stays what the help says, whichever others are given.</summary>
    [Theory]
    [InlineData("", 3000, 15, 150)]
    [InlineData("--id 3 --port 7000 --busy-poll 0", 3000, 15, 150)]
    [InlineData("--token-timeout 5000", 5000, 15, 150)]
    [InlineData("--token-timeout 50", 50, 15, 60)]
    [InlineData("--clear --id 1 --bind 10.0.0.1", 1000, 50, 150)]
    [InlineData("--clear --id 1 --bind 10.0.0.1 --token-timeout 5000", 5000, 50, 150)]
    public void A_flag_leaves_the_other_defaults_alone(string flags, int token, int join, int alone)
    {
        var options = Read($"{flags} --state /nowhere");
        Assert.Equal(
            (token, join, alone), (options.Ring.TokenTimeout.TotalMilliseconds,
                options.Ring.JoinInterval.TotalMilliseconds, options.Ring.AloneTimeout.TotalMilliseconds));
        Assert.Empty(options.Validate());
    }

    private static TotemNodeOptions Read(string flags)
    {
        var command = new Command("node");
        var read = new NodeFlags();
        read.AddTo(command);
        return read.Read(command.Parse(flags));
    }
}
