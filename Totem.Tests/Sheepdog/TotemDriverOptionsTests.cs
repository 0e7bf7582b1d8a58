using Totem.Sheepdog;
using Totem.Sheepdog.Drivers;
using Totem.Sheepdog.Sessions;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog;

/// <summary>Option strings, right and wrong (F-25).</summary>
public sealed class TotemDriverOptionsTests
{
    [Fact]
    public void Every_key_is_read()
    {
        var options = TotemDriverOptions.Parse("port=6000,node=3,group=a "
            + "b,partition=continue,quorum=2,guarantee=agreed,state=/x=y", false);
        Assert.Equal((6000, 3u, "a b", "/x=y"), (options.Port, options.Node, options.Cluster, options.State));
        Assert.Equal(new SessionOptions { Rule = PartitionRule.Continue, Quorum = 2, WaitsUntilSettled = true },
            options.Session);
    }

    [Theory]
    [InlineData("port", "'port' is no KEY=VALUE")]
    [InlineData("port=1,port=2", "'port' stands twice")]
    [InlineData("prot=1", "there is no 'prot', did you mean 'port'?")]
    [InlineData("port=0", "port is '0', expected a number from 1 to 65521")]
    [InlineData("partition=maybe", "partition is 'maybe', expected majority or continue")]
    [InlineData("config=/x,port=5405", "port beside config")]
    [InlineData("node=15", "node is '15', expected 1 to 14 without config")]
    [InlineData("processes=3", "processes without config")]
    [InlineData("group=", "group has 0 bytes")]
    [InlineData("name=", "name has 0 bytes")]
    [InlineData("config=/x,name=y", "name beside config")]
    public void An_error_is_named_with_the_syntax(string text, string problem)
    {
        var failure = Assert.Throws<ClusterDriverException>(() => TotemDriverOptions.Parse(text, false));
        Assert.StartsWith(problem, failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(TotemDriverOptions.Syntax, failure.Message, StringComparison.Ordinal);
    }

    /// <summary>To mend by who wrote it, as a wrong option is: the command and the C ABI tell the
    /// two from a machine that refuses.</summary>
    [Theory]
    [InlineData("totem {\nversion: 2\ntransport: tcp\n}\nnodelist {\nnode {\nring0_addr: 127.0.0.1\nnodeid: 1\n}\n}\n",
        "c.conf:3: totem.transport is 'tcp'")]
    [InlineData("garbage\n", "c.conf:1: 'garbage' is neither")]
    [InlineData(null, "c.conf: there is no such file")]
    public void A_configuration_that_cannot_be_used_is_the_callers(string? text, string problem)
    {
        using var folder = new TemporaryDirectory();
        var file = Path.Combine(folder.Path, "c.conf");
        if (text is not null)
            File.WriteAllText(file, text);
        var failure = Assert.Throws<ClusterDriverException>(
            () => TotemDriverOptions.Parse($"config={file}", true).NodeOptions());
        Assert.Contains(problem, failure.Message, StringComparison.Ordinal);
        Assert.True(failure.IsConfiguration);
    }

    [Fact]
    public void A_driver_is_named_in_full()
    {
        Assert.Throws<ClusterDriverException>(() => ClusterDrivers.Create("tot", out _));
        using var driver = ClusterDrivers.Create("totem:a:b", out var option);
        Assert.Equal("a:b", option);
    }
}
