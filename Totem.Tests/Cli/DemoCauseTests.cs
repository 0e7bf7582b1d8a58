using Totem.Cli.Demos;
using Totem.Cli.Nodes;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class DemoCauseTests
{
    [Theory]
    [InlineData("TokenLost", "JoinReceived", "MemberGivenUp", "TokenLost")]
    [InlineData("MemberUnreachable", "MemberGivenUp", "MemberUnreachable", "TokenLost")]
    [InlineData("MemberGivenUp", "JoinReceived", "MemberGivenUp")]
    [InlineData("JoinReceived", "JoinReceived", "JoinReceived")]
    public void The_node_that_noticed_a_removal_has_most_to_say(string expected, params string[] reasons)
        => Assert.Equal(expected, Demo.MostTelling(reasons.Select((x, i) => Installed(x, i))).Reason);

    private static ConfigurationInstalled Installed(string reason, int at)
        => new(DateTimeOffset.UnixEpoch.AddSeconds(at), "regular", "1.8", "1.4", [1, 2], [], [3], reason, reason);
}
