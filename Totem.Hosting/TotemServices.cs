using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Totem.Hosting.Health;

namespace Totem.Hosting;

/// <summary>Registers a member of a ring with the services of a host.</summary>
/// <example><code>
/// builder.Services.AddTotem(builder.Configuration.GetSection("Totem")).AddGroup&lt;Inventory&gt;("inventory");
/// builder.Services.AddHealthChecks().AddTotem();
/// </code></example>
public static class TotemServices
{
    /// <summary>The name of the meter of every node.</summary>
    public const string MeterName = "Totem";

    /// <summary>Adds a member of a ring, with the settings of a configuration section.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="section">Where the keys of <see cref="TotemSettings"/> are. A key that it does not know stops the
    /// start.</param>
    /// <exception cref="InvalidOperationException">There is a member already: a process has one.</exception>
    public static TotemBuilder AddTotem(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        AddRing(services, section.Path);
        services.AddOptions<TotemSettings>().Bind(section, x => x.ErrorOnUnknownConfiguration = true);
        return new TotemBuilder(services);
    }

    /// <summary>Adds a member of a ring, with settings by code.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Changes the defaults. Null for a ring of processes on this host.</param>
    /// <exception cref="InvalidOperationException">There is a member already: a process has one.</exception>
    public static TotemBuilder AddTotem(this IServiceCollection services, Action<TotemSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddRing(services, "");
        if (configure is not null)
            services.Configure(configure);
        return new TotemBuilder(services);
    }

    /// <summary>
    /// Adds two health checks: <c>totem-ready</c> (tags <c>totem</c>, <c>ready</c>), which is healthy on a ring of the
    /// expected size and degraded on a majority of it, and <c>totem-live</c> (tags <c>totem</c>, <c>live</c>), which
    /// asks the ring's thread.
    /// </summary>
    /// <param name="checks">The health checks of the application.</param>
    public static IHealthChecksBuilder AddTotem(this IHealthChecksBuilder checks)
    {
        ArgumentNullException.ThrowIfNull(checks);
        return checks
            .Add(new HealthCheckRegistration(
                "totem-ready", x => new ReadyCheck(x.GetRequiredService<TotemRing>()), null, ["totem", "ready"]))
            .Add(new HealthCheckRegistration(
                "totem-live",
                x => new LiveCheck(
                    x.GetRequiredService<TotemRing>(), x.GetRequiredService<IOptions<TotemSettings>>()),
                null, ["totem", "live"]));
    }

    /// <summary>Takes the meter of every node of this process (docs/reference/transport.md has its
    /// instruments).</summary>
    /// <param name="builder">OpenTelemetry's metrics.</param>
    public static MeterProviderBuilder AddTotemInstrumentation(this MeterProviderBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddMeter(MeterName);
    }

    /// <summary>Takes the traces of <see cref="GroupService.ReplicateAsync"/>.</summary>
    /// <param name="builder">OpenTelemetry's traces.</param>
    public static TracerProviderBuilder AddTotemInstrumentation(this TracerProviderBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddSource(TotemActivity.SourceName);
    }

    internal static void AddGroup(
        IServiceCollection services, string name, GroupJoinOptions? options,
        Func<IServiceProvider, IGroupHandler?> handler)
    {
        var group = new GroupName(name);
        if (services.Any(x => x.IsKeyedService && x.ServiceType == typeof(GroupService) && Equals(x.ServiceKey, name)))
            throw new ArgumentException($"group {name} is there already, expected each once", nameof(name));
        services.AddKeyedSingleton(name, (x, _) => new GroupService(
            group, options ?? new GroupJoinOptions(), handler(x), LoggerOf<GroupService>(x)));
        // The ring starts its groups, in the order in which they were added.
        services.AddSingleton(x => x.GetRequiredKeyedService<GroupService>(name));
    }

    internal static void AddHandler<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        IServiceCollection services)
        where THandler : class => services.TryAddSingleton<THandler>();

    private static void AddRing(IServiceCollection services, string section)
    {
        if (services.Any(x => x.ServiceType == typeof(TotemRing)))
            throw new InvalidOperationException("there is a member of a ring already, expected one for a process");
        services.AddOptions<TotemSettings>().ValidateOnStart();
        services.AddSingleton(x => new NodeSetup(
            section, x.GetServices<NodeChange>(), x.GetService<ILoggerFactory>(), x.GetService<IMeterFactory>()));
        services.AddSingleton<IValidateOptions<TotemSettings>>(x => x.GetRequiredService<NodeSetup>());
        services.AddSingleton(x => new TotemRing(
            x.GetRequiredService<NodeSetup>(), x.GetRequiredService<IOptions<TotemSettings>>(),
            x.GetServices<GroupService>(), x.GetRequiredService<IHostApplicationLifetime>(), LoggerOf<TotemRing>(x)));
        services.AddSingleton<IHostedService>(x => x.GetRequiredService<TotemRing>());
    }

    private static ILogger<T> LoggerOf<T>(IServiceProvider services) =>
        services.GetService<ILogger<T>>() ?? NullLogger<T>.Instance;
}
