using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Totem.Core.Model;

namespace Totem.Transport.Udp.Corosync;

/// <summary>An entry of the node list.</summary>
internal sealed record ConfNode(ProcessorId Id, string? Name, string AddressText, IPAddress Address, int Votes, int Line);

/// <summary>The <c>nodelist</c> section: who the members are, and which of them this host is.</summary>
internal static class ConfNodeList
{
    /// <summary>Which addresses of a name are taken, best first.</summary>
    public static ReadOnlySpan<AddressFamily> Families(string ipVersion) => ipVersion switch
    {
        "ipv4" => [AddressFamily.InterNetwork],
        "ipv6" => [AddressFamily.InterNetworkV6],
        "ipv4-6" => [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6],
        _ => [AddressFamily.InterNetworkV6, AddressFamily.InterNetwork],
    };

    public static List<ConfNode> Read(
        ConfSection root, string ipVersion, bool clearHighBit, ILocalHost host, List<ConfReader> readers, ConfProblems problems)
    {
        var nodes = new List<ConfNode>();
        foreach (var list in root.Named("nodelist"))
        {
            readers.Add(new ConfReader(list, problems));
            foreach (var section in list.Named("node"))
            {
                var reader = new ConfReader(section, problems);
                readers.Add(reader);
                if (ReadNode(reader, ipVersion, clearHighBit, host, problems) is { } node)
                    nodes.Add(node);
            }
        }

        if (!root.Named("nodelist").SelectMany(list => list.Named("node")).Any())
            problems.Add(0, "nodelist is missing, expected 'nodelist { node { ring0_addr: … nodeid: … } … }': both udp and udpu need it");
        CheckTogether(nodes, problems);
        return nodes;
    }

    /// <summary>
    /// This host's entry: the one that was asked for, else the one with this host's name, else the only one with an
    /// address of this host (wire.md section 3.1; a mere match of the network is not enough for us: it finds neighbours).
    /// </summary>
    public static ConfNode? FindLocal(List<ConfNode> nodes, ProcessorId? self, ILocalHost host, ConfProblems problems)
    {
        if (self is { } id)
        {
            var chosen = nodes.Find(node => node.Id == id);
            if (chosen is null)
                problems.Add(0, $"the node list has no node {id}, expected one of {string.Join(", ", nodes.Select(node => node.Id))}");
            return chosen;
        }

        var byName = nodes.FindAll(node => IsNameOf(node.Name, host.Name) || IsNameOf(node.AddressText, host.Name));
        var byAddress = nodes.FindAll(node => host.Owns(node.Address));
        var matches = byName.Count > 0 ? byName : byAddress;
        if (matches.Count == 1)
            return matches[0];
        problems.Add(0, matches.Count == 0
            ? $"no node of the list has the name ({host.Name}) or an address of this host; add it, or say explicitly which node this is"
            : $"nodes {string.Join(", ", matches.Select(node => node.Id))} all are this host; say explicitly which node this is");
        return null;
    }

    private static bool IsNameOf(string? name, string hostName)
    {
        if (name is null || IPAddress.TryParse(name, out _))
            return false;
        return string.Equals(name, hostName, StringComparison.OrdinalIgnoreCase)
            || string.Equals(name, hostName.Split('.')[0], StringComparison.OrdinalIgnoreCase);
    }

    private static ConfNode? ReadNode(
        ConfReader reader, string ipVersion, bool clearHighBit, ILocalHost host, ConfProblems problems)
    {
        var votes = reader.Number("quorum_votes", 0, ushort.MaxValue) ?? 1;
        var name = reader.Text("name");
        var id = reader.NodeId("nodeid");
        foreach (var entry in reader.Section.Entries.Where(entry => IsFurtherLink(entry.Key)))
        {
            reader.Accept(entry.Key);
            problems.Add(entry.Line, $"node.{entry.Key}: udp and udpu have one link, expected only ring0_addr");
        }

        if (reader.Text("ring0_addr") is not { Length: > 0 } text)
        {
            reader.Wrong("ring0_addr", "an address or a host name");
            return null;
        }

        if (Resolve(text, ipVersion, host) is not { } address)
        {
            reader.Wrong("ring0_addr", $"an address, or a name that has one (ip_version {ipVersion})");
            return null;
        }

        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            reader.Wrong("ring0_addr", "an address that the others can send to");
            return null;
        }

        if (id is null && reader.Text("nodeid") is null)
            id = DeriveId(reader, address, clearHighBit, problems);
        return id is { } value ? new ConfNode(new ProcessorId(value), name, text, address, votes, reader.Section.Line) : null;
    }

    private static bool IsFurtherLink(string key)
        => key.Length == 10 && key.StartsWith("ring", StringComparison.Ordinal)
            && key.EndsWith("_addr", StringComparison.Ordinal) && key[4] is >= '1' and <= '9';

    private static IPAddress? Resolve(string text, string ipVersion, ILocalHost host)
    {
        var addresses = host.Resolve(text);
        foreach (var family in Families(ipVersion))
        {
            if (addresses.FirstOrDefault(address => address.AddressFamily == family) is { } found)
                return found;
        }

        return null;
    }

    private static uint? DeriveId(ConfReader reader, IPAddress address, bool clearHighBit, ConfProblems problems)
    {
        if (address.AddressFamily != AddressFamily.InterNetwork)
        {
            problems.Add(reader.Section.Line, "node.nodeid is missing, expected one: only an IPv4 address can stand for the id");
            return null;
        }

        var id = BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
        return clearHighBit ? id & 0x7FFF_FFFF : id;
    }

    private static void CheckTogether(List<ConfNode> nodes, ConfProblems problems)
    {
        var seen = new Dictionary<ProcessorId, ConfNode>();
        var addresses = new Dictionary<IPAddress, ConfNode>();
        foreach (var node in nodes)
        {
            if (!seen.TryAdd(node.Id, node))
                problems.Add(node.Line, $"node.nodeid {node.Id} stands in line {seen[node.Id].Line} too, expected a different one for each node");
            else if (!addresses.TryAdd(node.Address, node))
                problems.Add(node.Line, $"node.ring0_addr {node.Address} stands in line {addresses[node.Address].Line} too, expected a different one for each node");
            if (node.Address.AddressFamily != nodes[0].Address.AddressFamily)
                problems.Add(node.Line, $"node.ring0_addr {node.Address} is of another address family than {nodes[0].Address} in line {nodes[0].Line}");
        }

        if (nodes.Count > ProcessorSet.CountMax)
            problems.Add(0, $"the node list has {nodes.Count} nodes, expected at most {ProcessorSet.CountMax}");
    }
}
