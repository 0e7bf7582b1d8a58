using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.ZooKeeper;

namespace Totem.Tests.Sheepdog;

/// <summary>Option strings, right and wrong (F-25, DRIVER §2.1).</summary>
public sealed class ZooKeeperDriverOptionsTests
{
    [Theory]
    [InlineData("10.0.0.1:2181", "10.0.0.1:2181", "/sheepdog", 30_000)]
    [InlineData("a:1,b:2", "a:1,b:2", "/sheepdog", 30_000)]
    [InlineData("a:1,b:2/five", "a:1,b:2", "/five", 30_000)]
    [InlineData("a:1,b:2/five/six,timeout=1000", "a:1,b:2", "/five/six", 1000)]
    [InlineData("a:1,b:2,timeout=1000", "a:1,b:2", "/sheepdog", 1000)]
    [InlineData("a:1/clusterid=foo,timeout=1000", "a:1", "/foo", 1000)]
    [InlineData("a:1/clusterid=5", "a:1", "/5", 30_000)]
    [InlineData("a:1,clusterid=x,timeout=7", "a:1", "/x", 7)]
    // Its client library takes the last colon for the port's and knows no brackets (ZOOKEEPER-3886).
    [InlineData("[::1]:2181/a b", "::1:2181", "/a b", 30_000)]
    [InlineData("[fd00::1]:2181,[fd00::2]:2182/five", "fd00::1:2181,fd00::2:2182", "/five", 30_000)]
    [InlineData("fd00::1:2181", "fd00::1:2181", "/sheepdog", 30_000)]
    public void Every_form_is_read(string text, string hosts, string root, int timeout)
    {
        var options = ZooKeeperDriverOptions.Parse(text);
        Assert.Equal((hosts, root, timeout), (options.Hosts, options.Root, options.TimeoutMilliseconds));
    }

    [Theory]
    [InlineData(null, "no servers")]
    [InlineData("", "no servers")]
    [InlineData("timeout=5", "no servers")]
    [InlineData("localhost", "'localhost' is no HOST:PORT")]
    [InlineData("a:0", "'a:0' is no HOST:PORT")]
    [InlineData("[10.0.0.1]:2181", "'[10.0.0.1]:2181' has no IPv6 address in its brackets")]
    [InlineData("[::1:2181", "'[::1:2181' is no HOST:PORT and no [IPV6]:PORT")]
    [InlineData("a:b:1", "'a:b:1' is no HOST:PORT and no [IPV6]:PORT")]
    [InlineData("[::1]", "'[::1]' is no HOST:PORT")]
    [InlineData("a:1,", "'' is no HOST:PORT")]
    [InlineData("a:1/", "'' is no path")]
    [InlineData("a:1/x//y", "'x//y' is no path")]
    [InlineData("a:1/..", "'..' is no path")]
    [InlineData("a:1/x,y", "'y' is no KEY=VALUE")]
    [InlineData("a:1/x,clusterid=y", "the path stands twice")]
    [InlineData("a:1,timeout=5,timeout=6", "'timeout' stands twice")]
    [InlineData("a:1,timeout=soon", "timeout is 'soon', expected milliseconds from 1 to 3600000")]
    [InlineData("a:1,timeout=0", "timeout is '0'")]
    [InlineData("a:1/x=y", "there is no 'x'")]
    [InlineData("a:1,tiemout=5", "there is no 'tiemout'")]
    [InlineData("a:1,publish-session=perhaps", "publish-session is 'perhaps', expected yes or no")]
    public void An_error_is_named_with_the_syntax(string? text, string problem)
    {
        var failure = Assert.Throws<ClusterDriverException>(() => ZooKeeperDriverOptions.Parse(text));
        Assert.StartsWith(problem, failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(ZooKeeperDriverOptions.Syntax, failure.Message, StringComparison.Ordinal);
    }
}
