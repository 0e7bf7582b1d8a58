using System.Net;
using Totem.Transport.Udp.Host;

namespace Totem.Tests.Transport;

/// <summary>A host that a test describes.</summary>
internal sealed class HostTable(string name, params string[] addresses) : ILocalHost
{
    private readonly HashSet<IPAddress> _addresses = [.. addresses.Select(IPAddress.Parse)];

    public Dictionary<string, string[]> Names { get; } = [];

    public string Name => name;

    public bool HasInterfaceOf(IPAddress address) => _addresses.Contains(address);

    public IReadOnlyList<IPAddress> Resolve(string nameOrAddress)
        => !nameOrAddress.StartsWith('[') && IPAddress.TryParse(nameOrAddress, out var literal)
            ? [literal]
            : [.. Names.GetValueOrDefault(nameOrAddress, []).Select(IPAddress.Parse)];
}
