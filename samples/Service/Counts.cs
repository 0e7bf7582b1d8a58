using System.Collections.Concurrent;
using System.Text;
using Totem;
using Totem.Hosting;

/// <summary>Counts by name, the same at every instance of the service: each applies the same messages in the same
/// order.</summary>
internal sealed class Counts(IServiceProvider services) : IGroupHandler
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    private GroupService Group => services.GetRequiredKeyedService<GroupService>("counts");

    public long Of(string name) => _counts.GetValueOrDefault(name);

    /// <summary>Adds one. When it returns, this instance has it, and every other has it at the same place.</summary>
    public async Task<long> AddAsync(string name, CancellationToken cancellationToken)
    {
        await Group.ReplicateAsync(Encoding.UTF8.GetBytes(name), Guarantee.Safe, cancellationToken);
        return Of(name);
    }

    public ValueTask HandleAsync(GroupEvent element, CancellationToken cancellationToken)
    {
        // An instance that starts later begins with what is counted from then on; samples/Inventory shows how the
        // others send it their state.
        if (element.IsMessage)
            _counts.AddOrUpdate(Encoding.UTF8.GetString(element.Payload.Span), 1, (_, count) => count + 1);
        return ValueTask.CompletedTask;
    }
}
