using System.Globalization;
using System.Runtime.InteropServices;

namespace Totem.Tests.Processes;

/// <summary>
/// A network of its own for each node: a network namespace with one interface, joined by a bridge in one more
/// namespace, so that nothing touches the host's interfaces. A partition is a second bridge. Removed with this object;
/// what a killed test run left behind is removed by the next one, known by the process id in its names.
/// </summary>
internal sealed class NamespaceNetwork : IDisposable
{
    private const string Prefix = "totem-test-";

    private static int _created;

    private readonly string _name;
    private readonly int _nodes;
    private readonly HashSet<uint> _lossy = [];

    private NamespaceNetwork(string name, int nodes) => (_name, _nodes) = (name, nodes);

    /// <summary>Makes the network.</summary>
    public static NamespaceNetwork Create(int nodes)
    {
        RemoveStale();
        var number = Interlocked.Increment(ref _created);
        var network = new NamespaceNetwork($"{Prefix}{Environment.ProcessId}-{number}", nodes);
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

    /// <summary>The address of a node.</summary>
    public static string AddressOf(uint node) => $"10.77.0.{node}";

    /// <summary>The address of a node on a further network of <see cref="AddNetwork"/>.</summary>
    public static string AddressOf(uint node, int network) =>
        network == 0 ? AddressOf(node) : $"10.77.{network}.{node}";

    /// <summary>Its IPv6 address, of <see cref="AddIPv6"/>.</summary>
    public static string IPv6AddressOf(uint node) => $"fd77::{node}";

    /// <summary>Connects all nodes by one more network, which has nothing in common with the first.</summary>
    public void AddNetwork(int network)
    {
        InSwitch($"ip link add more{network} type bridge mcast_snooping 0");
        InSwitch($"ip link set more{network} up");
        for (var node = 1u; node <= _nodes; node++)
        {
            InSwitch($"ip link add port{node}-{network} type veth peer name net{network} netns {NamespaceOf(node)}");
            InSwitch($"ip link set port{node}-{network} master more{network} up");
            At(node, $"ip link set net{network} up");
            At(node, $"ip addr add {AddressOf(node, network)}/24 dev net{network}");
        }
    }

    /// <summary>Gives every node an IPv6 address.</summary>
    public void AddIPv6()
    {
        for (var node = 1u; node <= _nodes; node++)
            At(node, $"ip addr add {IPv6AddressOf(node)}/64 dev net0 nodad");
    }

    /// <summary>A network carries nothing any more; interfaces stay up.</summary>
    public void Cut(int network) => InSwitch($"ip link set {(network == 0 ? "main" : $"more{network}")} down");

    /// <summary>It carries everything again.</summary>
    public void Mend(int network) => InSwitch($"ip link set {(network == 0 ? "main" : $"more{network}")} up");

    /// <summary>The largest IP packet of the first network.</summary>
    public void SetMtu(int bytes)
    {
        for (var node = 1u; node <= _nodes; node++)
        {
            InSwitch($"ip link set port{node} mtu {bytes}");
            At(node, $"ip link set net0 mtu {bytes}");
        }
    }

    /// <summary>The command that runs another one at a node.</summary>
    public IReadOnlyList<string> WrapperOf(uint node) => ["ip", "netns", "exec", NamespaceOf(node)];

    /// <summary>Opens something on a thread that is at a node: a socket stays where it was made.</summary>
    public T Open<T>(uint node, Func<T> open)
    {
        var opened = default(T);
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var space = File.OpenHandle($"/run/netns/{NamespaceOf(node)}");
                if (SetNamespace((int)space.DangerousGetHandle(), 0) != 0)
                    throw new InvalidOperationException($"setns: {Marshal.GetLastPInvokeErrorMessage()}");
                opened = open();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? opened! : throw failure;
    }

    /// <summary>The command that runs another one where every frame between nodes passes, on the
    /// interfaces <c>main</c> and <c>side</c>.</summary>
    public IReadOnlyList<string> SwitchWrapper => ["ip", "netns", "exec", Switch];

    /// <summary>Cuts the network in two: these nodes, and the others.</summary>
    public void Separate(params ReadOnlySpan<uint> nodes)
    {
        foreach (var node in nodes)
            InSwitch($"ip link set port{node} master side");
    }

    /// <summary>Joins the parts.</summary>
    public void Heal()
    {
        for (var node = 1; node <= _nodes; node++)
            InSwitch($"ip link set port{node} master main");
    }

    /// <summary>From now on a node gets what is sent to a group, and nothing that is sent to it.</summary>
    public void DropUnicasts(uint node) => At(node, $"iptables -A INPUT -i net0 -p udp -d {AddressOf(node)} -j DROP");

    /// <summary>It gets everything again.</summary>
    public void LetUnicastsPass(uint node) =>
        At(node, $"iptables -D INPUT -i net0 -p udp -d {AddressOf(node)} -j DROP");

    /// <summary>From now on every datagram passes alone, as on a wire: between namespaces a burst
    /// is one piece all the way otherwise.</summary>
    public void PassSingly()
    {
        for (var node = 1u; node <= _nodes; node++)
            At(node, "ip link set net0 gso_max_segs 1");
    }

    /// <summary>From now on a node loses this share of the datagrams that reach it.</summary>
    public void Lose(uint node, double share)
    {
        PassSingly();
        var probability = share.ToString(CultureInfo.InvariantCulture);
        At(node, $"iptables -A INPUT -i net0 -p udp -m statistic --mode random --probability {probability} -j DROP");
        _lossy.Add(node);
    }

    /// <summary>Ends all loss, and says how many datagrams it took.</summary>
    public long LoseNothing()
    {
        var lost = 0L;
        foreach (var node in _lossy)
        {
            // The first two lines are headings; then a rule a line, which begins with its packets.
            var rule = At(node, "iptables -L INPUT -v -x -n").Split('\n')[2];
            lost += long.Parse(rule.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
            At(node, "iptables -F INPUT");
        }

        _lossy.Clear();
        return lost;
    }

    private void Build()
    {
        SystemCommand.Run($"ip netns add {Switch}");
        foreach (var bridge in (ReadOnlySpan<string>)["main", "side"])
        {
            // Without snooping a multicast goes to every port, as on a plain switch.
            InSwitch($"ip link add {bridge} type bridge mcast_snooping 0");
            InSwitch($"ip link set {bridge} up");
        }

        for (var node = 1u; node <= _nodes; node++)
        {
            SystemCommand.Run($"ip netns add {NamespaceOf(node)}");
            At(node, "ip link set lo up");
            AddInterface(node);
        }
    }

    /// <summary>Takes a node's interface away: not down, but gone.</summary>
    public void RemoveInterface(uint node) => InSwitch($"ip link del port{node}");

    /// <summary>Makes a node's interface, anew after <see cref="RemoveInterface"/>.</summary>
    public void AddInterface(uint node)
    {
        InSwitch($"ip link add port{node} type veth peer name net0 netns {NamespaceOf(node)}");
        InSwitch($"ip link set port{node} master main up");
        At(node, "ip link set net0 up");
        AddAddress(node);
    }

    /// <summary>Takes a node's address away.</summary>
    public void RemoveAddress(uint node) => At(node, $"ip addr del {AddressOf(node)}/24 dev net0");

    /// <summary>Gives a node its address.</summary>
    public void AddAddress(uint node)
    {
        At(node, $"ip addr add {AddressOf(node)}/24 dev net0");
        At(node, "ip route replace default dev net0"); // Multicast needs a route as well.
    }

    /// <summary>From now on a socket may be in one multicast group, where the default is twenty.</summary>
    public void AllowOneGroup(uint node) => At(node, "sysctl -w net.ipv4.igmp_max_memberships=1");

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int SetNamespace(int descriptor, int kind);

    private string Switch => $"{_name}-switch";

    private string NamespaceOf(uint node) => $"{_name}-{node}";

    private void InSwitch(string command) => SystemCommand.Run($"ip netns exec {Switch} {command}");

    private string At(uint node, string command) => SystemCommand.Run($"ip netns exec {NamespaceOf(node)} {command}");

    private static IEnumerable<string> OurNamespaces()
        => SystemCommand.Run("ip netns list").Split('\n')
            .Select(line => line.Split(' ')[0])
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal));

    private static void RemoveStale()
    {
        foreach (var name in OurNamespaces())
        {
            var owner = name[Prefix.Length..].Split('-')[0];
            if (!Directory.Exists($"/proc/{owner}"))
                SystemCommand.TryRun($"ip netns del {name}");
        }
    }

    /// <summary>Removes the namespaces, and with them their interfaces.</summary>
    public void Dispose()
    {
        foreach (var name in OurNamespaces().Where(x => x.StartsWith(_name + "-", StringComparison.Ordinal)))
            SystemCommand.TryRun($"ip netns del {name}");
    }
}
