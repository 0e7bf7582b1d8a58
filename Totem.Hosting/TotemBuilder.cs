using Microsoft.Extensions.DependencyInjection;

namespace Totem.Hosting;

/// <summary>Adds to the member of a ring that <see cref="TotemServices"/> has registered.</summary>
public sealed class TotemBuilder
{
    internal TotemBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the application.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Changes the options of the node behind the settings: ring timeouts, transport, keys.</summary>
    /// <param name="change">Gets the options and returns the changed ones. Called at the validation and at the
    /// start.</param>
    public TotemBuilder ConfigureNode(Func<TotemNodeOptions, TotemNodeOptions> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Services.AddSingleton(new NodeChange(change));
        return this;
    }

    /// <summary>Joins a group at the start, without a handler: somebody reads
    /// <see cref="GroupService.ReadEventsAsync"/>, or <paramref name="options"/> say that nobody does.</summary>
    /// <param name="name">1 to 128 bytes; also the key of the <see cref="GroupService"/>.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is empty, too long, or no text that UTF-8 can say; or the group is
    /// there already.</exception>
    public TotemBuilder AddGroup(string name, GroupJoinOptions? options = null)
    {
        TotemServices.AddGroup(Services, name, options, static _ => null);
        return this;
    }

    /// <summary>Joins a group at the start and hands its events to a handler, which is a singleton of the
    /// application.</summary>
    /// <typeparam name="THandler">The handler. The container makes it unless it is registered already.</typeparam>
    /// <inheritdoc cref="AddGroup(string, GroupJoinOptions?)"/>
    public TotemBuilder AddGroup<
        [System.Diagnostics.CodeAnalysis.DynamicallyAccessedMembers(
            System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        string name, GroupJoinOptions? options = null)
        where THandler : class, IGroupHandler
    {
        TotemServices.AddHandler<THandler>(Services);
        TotemServices.AddGroup(Services, name, options, static x => x.GetRequiredService<THandler>());
        return this;
    }
}
