using Totem.Cli;
using Totem.Cli.Nodes;
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
}
