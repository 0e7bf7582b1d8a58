using Microsoft.Extensions.Configuration;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Options from a configuration system, by its own names.</summary>
public sealed class OptionsBindingTests
{
    [Fact]
    public void Every_option_is_bound()
    {
        var options = Bind(
            ("Ring:Self", "1"), ("Ring:TokenTimeout", "00:00:02"), ("Ring:Allowed", "1, 2"),
            ("Transport:Kind", "Multicast"), ("Transport:Peers:0", "1=10.0.0.1:6000"),
            ("Transport:Peers:1", "2=10.0.0.2"), ("Transport:GroupAddress", "239.1.2.3"), ("Scheduling", "5"),
            ("StateDirectory", "/var/lib/x"));
        Assert.Empty(options.Validate());
        Assert.Equal((1u, 2, 2000, "239.1.2.3", 5),
            (options.Ring.Self.Value, options.Ring.Allowed!.Count, options.Ring.TokenTimeout.TotalMilliseconds,
            options.Transport.Group!.ToString(), options.Scheduling.Niceness));
        Assert.Equal("1=10.0.0.1:6000 2=10.0.0.2:5405",
            string.Join(' ', options.Transport.Peers.Select(peer => $"{peer.Id}={peer.EndPoint}")));
    }

    [Theory]
    [InlineData("Ring:Self", "one", "'one' is no processor id")]
    [InlineData("Ring:Allowed", "1,x", "'1,x' is no list of processor ids")]
    [InlineData("Scheduling", "fast", "'fast' is no scheduling")]
    [InlineData("Transport:GroupAddress", "nowhere", "'nowhere' is no IP address")]
    public void A_value_that_cannot_be_read_is_told(string key, string value, string problem)
    {
        var failure = Assert.ThrowsAny<Exception>(() => Bind((key, value)));
        Assert.Contains(problem, failure.ToString(), StringComparison.Ordinal);
    }

    /// <summary>By the configuration's keys, so that who wrote it finds them.</summary>
    [Fact]
    public void Problems_are_named_by_their_keys()
    {
        var problems = Bind(("Ring:WindowSize", "0"), ("Transport:Peers:0", "1=0.0.0.0"),
            ("Transport:Peers:1", "10.0.0.1"), ("Groups:ExpectedVotes", "-1")).Validate();
        foreach (var key in new[] { "Ring:Self is 0", "Ring:WindowSize is 0", "Transport:Peers: processor "
            + "1 has the wildcard address", "Transport:Peers: '10.0.0.1' is no peer, expected ID=ADDRESS:PORT",
            "Groups:ExpectedVotes is -1", "StateDirectory is missing" })
            Assert.Contains(problems, problem => problem.StartsWith(key, StringComparison.Ordinal));
    }

    private static TotemNodeOptions Bind(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(x => KeyValuePair.Create(x.Key, (string?)x.Value))).Build();
        // The test needs it there, or makes it first.
        var options = new TotemNodeOptions { Ring = new() { Self = default }, Transport = new() };
        configuration.Bind(options);
        return options;
    }
}
