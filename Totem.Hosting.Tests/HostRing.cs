using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Totem.Tests.Transport;

namespace Totem.Hosting.Tests;

/// <summary>Hosts whose members find each other on the loopback.</summary>
public abstract class HostRing : IAsyncLifetime
{
    protected const string GroupName = "counter";

    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(5));
    private readonly int _port = Ports.TakeBase();
    private readonly List<IHost> _hosts = [];

    protected CancellationToken Limit => _limit.Token;

    /// <summary>Starts a host that is in the group with a <see cref="Counter"/>.</summary>
    protected Task<IHost> StartAsync(int expectedMembers = 1, Action<TotemBuilder>? add = null) =>
        StartAsync(x => x.ExpectedMembers = expectedMembers, x =>
        {
            x.AddGroup<Counter>(GroupName);
            add?.Invoke(x);
        });

    protected async Task<IHost> StartAsync(Action<TotemSettings> configure, Action<TotemBuilder> add)
    {
        var host = Build(configure, add);
        await host.StartAsync(Limit);
        return host;
    }

    protected IHost Build(Action<TotemSettings> configure, Action<TotemBuilder> add)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.ClearProviders();
        var totem = builder.Services.AddTotem(x =>
        {
            (x.Port, x.StateDirectory, x.Name) = (_port, _state.Path, "");
            configure(x);
        });
        builder.Services.AddHealthChecks().AddTotem();
        add(totem);
        var host = builder.Build();
        _hosts.Add(host);
        return host;
    }

    protected static TotemRing RingOf(IHost host) => host.Services.GetRequiredService<TotemRing>();

    protected static GroupService GroupOf(IHost host) =>
        host.Services.GetRequiredKeyedService<GroupService>(GroupName);

    protected static Counter CounterOf(IHost host) => host.Services.GetRequiredService<Counter>();

    /// <summary>Waits until all are members of one ring and know it.</summary>
    protected async Task WaitForAllAsync(params IHost[] hosts)
    {
        foreach (var host in hosts)
        {
            await RingOf(host).Node.WaitForMembersAsync(hosts.Length, Limit);
            await RingOf(host).Node.WaitSynchronizedAsync(Limit);
        }
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            if (host is IAsyncDisposable disposable)
                await disposable.DisposeAsync();
        }

        _limit.Dispose();
        _state.Dispose();
    }
}
