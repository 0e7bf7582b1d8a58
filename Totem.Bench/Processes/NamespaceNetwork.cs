using System.Globalization;

namespace Totem.Bench.Processes;

/// <summary>
/// A network of its own for each node: a network namespace with one interface, joined by a bridge in one more
/// namespace, so that nothing touches the host's interfaces. Removed with this object; what a killed command left
/// behind is removed by the next one, known by the process id in its names.
/// </summary>
internal sealed class NamespaceNetwork : IBenchNetwork
{
    private const string Prefix = "tb";
    private const int CorosyncPort = 5405;

    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}");
    private readonly int _nodes;

    private NamespaceNetwork(int nodes) => _nodes = nodes;

    /// <inheritdoc />
    public string Name => BenchNetworks.Namespaces;

    /// <inheritdoc />
    public int Port => CorosyncPort;

    /// <inheritdoc />
    public IReadOnlyList<string> Addresses => [.. Enumerable.Range(1, _nodes).Select(x => AddressOf((uint)x))];

    /// <inheritdoc />
    public IReadOnlyList<string> WrapperOf(uint node) => ["ip", "netns", "exec", NamespaceOf(node)];

    /// <summary>Makes the network.</summary>
    public static NamespaceNetwork Create(int nodes)
    {
        RemoveStale();
        var network = new NamespaceNetwork(nodes);
        try
        {
            network.Build();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private void Build()
    {
        SystemCommand.Run("ip", "netns", "add", Switch);
        // Without snooping a multicast goes to every port, as on a plain switch.
        SystemCommand.Run("ip", "-n", Switch, "link", "add", "main", "type", "bridge", "mcast_snooping", "0");
        SystemCommand.Run("ip", "-n", Switch, "link", "set", "main", "up");
        for (var node = 1u; node <= _nodes; node++)
        {
            var (name, port) = (NamespaceOf(node), $"port{node}");
            SystemCommand.Run("ip", "netns", "add", name);
            SystemCommand.Run("ip", "-n", Switch, "link", "add", port, "type", "veth", "peer", "name", "net0",
                "netns", name);
            SystemCommand.Run("ip", "-n", Switch, "link", "set", port, "master", "main", "up");
            SystemCommand.Run("ip", "-n", name, "addr", "add", $"{AddressOf(node)}/24", "dev", "net0");
            SystemCommand.Run("ip", "-n", name, "link", "set", "net0", "up");
            SystemCommand.Run("ip", "-n", name, "link", "set", "lo", "up");
            // Multicast needs a route as well.
            SystemCommand.Run("ip", "-n", name, "route", "add", "default", "dev", "net0");
        }
    }

    private string Switch => $"{_name}-switch";

    private string NamespaceOf(uint node) => $"{_name}-{node}";

    private static string AddressOf(uint node) => $"10.78.0.{node}";

    private static IEnumerable<string> Namespaces()
        => SystemCommand.TryRun("ip", "netns", "list").Said.Split('\n').Select(line => line.Split(' ')[0]);

    private static void RemoveStale()
    {
        foreach (var name in Namespaces())
        {
            var parts = name.Split('-');
            if (parts.Length == 2 && parts[0].StartsWith(Prefix, StringComparison.Ordinal)
                && int.TryParse(
                    parts[0].AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var owner)
                && !Directory.Exists($"/proc/{owner}"))
            {
                SystemCommand.TryRun("ip", "netns", "del", name);
            }
        }
    }

    /// <summary>Removes the namespaces, and with them their interfaces.</summary>
    public void Dispose()
    {
        foreach (var name in Namespaces().Where(x => x.StartsWith(_name + "-", StringComparison.Ordinal)))
            SystemCommand.TryRun("ip", "netns", "del", name);
    }
}
