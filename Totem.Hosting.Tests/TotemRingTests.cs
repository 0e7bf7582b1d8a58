using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Totem.Hosting.Tests;

public sealed class TotemRingTests : HostRing
{
    [Fact]
    public async Task A_ring_of_the_expected_size_is_healthy_and_a_majority_is_degraded()
    {
        var first = await StartAsync(3);
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(first)).Entries["totem-ready"].Status);
        Assert.False(RingOf(first).HasMajority);
        Assert.True(RingOf(first).MajorityLost.IsCancellationRequested);

        var second = await StartAsync(3);
        await WaitForAllAsync(first, second);
        var two = (await CheckAsync(first)).Entries["totem-ready"];
        Assert.Equal((HealthStatus.Degraded, "2 of 3 members are on the ring"), (two.Status, two.Description));

        var third = await StartAsync(3);
        await WaitForAllAsync(first, second, third);
        var report = await CheckAsync(first);
        Assert.Equal(HealthStatus.Healthy, report.Status);
        Assert.Equal(3, report.Entries["totem-ready"].Data["members"]);
        Assert.Contains("live", report.Entries["totem-live"].Tags);

        var lost = RingOf(first).MajorityLost;
        Assert.False(lost.IsCancellationRequested);
        var told = new TaskCompletionSource();
        await using var registration = lost.Register(told.SetResult);
        await third.StopAsync(Limit);
        Assert.False(told.Task.IsCompleted);
        await second.StopAsync(Limit);
        await told.Task.WaitAsync(Limit);
        Assert.False(RingOf(first).HasMajority);
    }

    [Fact]
    public async Task A_member_that_has_stopped_is_neither_ready_nor_live()
    {
        var host = await StartAsync();
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
        await host.StopAsync(Limit);
        var report = await CheckAsync(host);
        Assert.Equal(
            [HealthStatus.Unhealthy, HealthStatus.Unhealthy],
            [report.Entries["totem-ready"].Status, report.Entries["totem-live"].Status]);
        Assert.True(RingOf(host).MajorityLost.IsCancellationRequested);
    }

    [Fact]
    public async Task Others_are_told_that_a_host_that_stops_has_left()
    {
        var first = await StartAsync();
        var second = await StartAsync();
        await WaitForAllAsync(first, second);
        await second.StopAsync(Limit);
        await RingOf(first).Node.WaitForMembersAsync(x => x.Count == 1, Limit);
        Assert.Equal(["Change 1", "Change 2", "Change 1"], CounterOf(first).Events);
    }

    [Fact]
    public void A_node_is_asked_for_before_the_start()
    {
        var host = Build(_ => { }, x => x.AddGroup<Counter>(GroupName));
        Assert.Contains("not started", Assert.Throws<InvalidOperationException>(() => RingOf(host).Node).Message,
            StringComparison.Ordinal);
        Assert.Contains("not joined", Assert.Throws<InvalidOperationException>(() => GroupOf(host).Members).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Build(_ => { }, x => x.AddGroup("a").AddGroup("a")));
        Assert.Throws<InvalidOperationException>(() => Build(_ => { }, x => x.Services.AddTotem()));
    }

    [Theory]
    [InlineData("ExpectedMembers", "15", "Totem:ExpectedMembers is 15, expected 1 to the 14 that can be on this ring")]
    [InlineData("ExpectedMembers", "0", "Totem:ExpectedMembers is 0, expected 1 to the 14 that can be on this ring")]
    [InlineData("NodeId", "15", "Totem:NodeId is 15, expected 1 to 14 on one host")]
    [InlineData("NodeId", "0", "Totem:NodeId is 0, expected 1 or more")]
    [InlineData("LivenessTimeout", "00:00:00", "Totem:LivenessTimeout is 00:00:00, expected more than 0")]
    [InlineData("FlushTimeout", "-00:00:01", "Totem:FlushTimeout is -00:00:01, expected 0 to an hour")]
    [InlineData("ConfigurationFile", "/nowhere/corosync.conf", "/nowhere/corosync.conf: there is no such file")]
    public async Task A_wrong_setting_stops_the_start_and_is_named(string key, string value, string expected)
    {
        var host = Configured(key, value);
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Limit));
        Assert.Contains(failure.Failures, x => x.StartsWith(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_that_nobody_knows_stops_the_start_and_is_named()
    {
        var host = Configured("ExpectedMember", "3");
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Limit));
        Assert.Contains("ExpectedMember", failure.ToString(), StringComparison.Ordinal);
    }

    private static IHost Configured(string key, string value)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection([new($"Totem:{key}", value)]);
        builder.Services.AddTotem(builder.Configuration.GetSection("Totem"));
        return builder.Build();
    }

    private Task<HealthReport> CheckAsync(IHost host) =>
        host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Limit);
}
