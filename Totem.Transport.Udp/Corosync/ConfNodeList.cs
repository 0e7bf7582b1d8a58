using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Corosync;

/// <summary>An entry of the node list.</summary>
/// <param name="Id">The node's id.</param>
/// <param name="Name">Its name, if it has one.</param>
/// <param name="AddressText">Its address on the first link, as it is written.</param>
/// <param name="Address">The same.</param>
/// <param name="Votes">Its votes.</param>
/// <param name="Line">Where it stands.</param>
internal sealed record ConfNode(
    ProcessorId Id, string? Name, string AddressText, IPAddress Address, long Votes, int Line)
{
    /// <summary>Its address on each link, by the link's number.</summary>
    public required IReadOnlyDictionary<int, IPAddress> Links { get; init; }
}

/// <summary>The <c>nodelist</c> section: who the members are, and which of them this host is.</summary>
internal sealed class ConfNodeList(ConfMap map, ConfTotem totem, ILocalHost host, ConfProblems problems)
{
    private const int LinkCount = 8;

    private sealed record Entry(ConfReader Reader, SortedList<int, Place> Places)
    {
        public string AddressText => Places.Values[0].Text;

        public IReadOnlyList<IPAddress> Addresses => Places.Values[0].Addresses;
    }

    /// <summary>A node's address on one link, as it is written, and what it can mean.</summary>
    private sealed record Place(string Text, IReadOnlyList<IPAddress> Addresses);

    private bool HasLinks => totem.Kind == UdpTransportKind.Knet;

    /// <summary>Which addresses of a name are taken, best first.</summary>
    public static AddressFamily[] Families(string ipVersion) => ipVersion switch
    {
        "ipv4" => [AddressFamily.InterNetwork],
        "ipv6" => [AddressFamily.InterNetworkV6],
        "ipv4-6" => [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6],
        _ => [AddressFamily.InterNetworkV6, AddressFamily.InterNetwork],
    };

    /// <summary>The first address of the first family that has one.</summary>
    public static IPAddress? Choose(IReadOnlyList<IPAddress> addresses, ReadOnlySpan<AddressFamily> families)
    {
        foreach (var family in families)
        {
            if (addresses.FirstOrDefault(address => address.AddressFamily == family) is { } found)
                return found;
        }

        return null;
    }

    public List<ConfNode> Read()
    {
        var entries = new List<Entry>();
        foreach (var index in map.Indices("nodelist.node"))
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"nodelist.node.{index}");
            if (ReadEntry(new ConfReader(map, problems, path, "node"), path) is { } entry)
                entries.Add(entry);
        }

        if (!map.Indices("nodelist.node").Any())
            problems.Add(0, "nodelist is missing, expected 'nodelist { node { ring0_addr: … nodeid: … } … }': every "
                + "transport needs it");
        var families = entries.SelectMany(x => x.Places.Keys).Distinct()
            .ToDictionary(x => x, x => CommonFamilies(entries, x));
        var nodes = new List<ConfNode>();
        foreach (var entry in entries)
        {
            if (ReadNode(entry, families) is { } node)
                nodes.Add(node);
        }

        CheckTogether(nodes);
        return nodes;
    }

    /// <summary>
    /// This host's entry: the one that was asked for, else the one with this host's name, else the one with an address
    /// of an interface (WIRE §3.1; a mere match of the network is not enough for us: it finds neighbours).
    /// </summary>
    public ConfNode? FindLocal(List<ConfNode> nodes, ProcessorId? self)
    {
        if (self is { } id)
        {
            var chosen = nodes.Find(node => node.Id == id);
            if (chosen is null)
                problems.Add(0, $"the node list has no node {id}, expected one of "
                    + $"{string.Join(", ", nodes.Select(node => node.Id))}");
            return chosen;
        }

        foreach (var isLocal in Rules())
        {
            var matches = nodes.FindAll(node => isLocal(node));
            if (matches.Count == 1)
                return matches[0];
            if (matches.Count == 0)
                continue;
            problems.Add(0, $"nodes {string.Join(", ", matches.Select(node => node.Id))} all are this host; say "
                + "explicitly which node this is");
            return null;
        }

        problems.Add(0, $"no node of the list has the name ({host.Name}) or an address of this host; add it, or say "
            + "explicitly which node this is");
        return null;
    }

    /// <summary>A name of this host alone cannot be reached by others.</summary>
    public static IEnumerable<(int Line, string Text)> FindLonely(List<ConfNode> nodes)
    {
        var loopback = nodes.FindAll(node => IPAddress.IsLoopback(node.Address));
        if (loopback.Count == nodes.Count)
            return [];
        return loopback.Select(node => (node.Line, $"node.ring0_addr {Described(node)} is an address of this host "
            + $"alone: node {node.Id} and the other nodes "
            + "will not hear each other; expected an address of the network, in /etc/hosts or here"));
    }

    private static string Described(ConfNode node) => node.AddressText == node.Address.ToString() ? node.AddressText
        : $"{node.AddressText}, which is {node.Address},";

    /// <summary>How corosync looks for its own entry, step by step (totemconfig.c: find_local_node).</summary>
    private IEnumerable<Func<ConfNode, bool>> Rules()
    {
        var name = host.Name;
        yield return node => node.Name == name || node.AddressText == name;
        while (name.LastIndexOf('.') is > 0 and var dot)
        {
            name = name[..dot];
            var shorter = name;
            yield return node => node.Name == shorter || node.AddressText == shorter;
        }

        yield return node => WithoutDomain(node.Name) == name || WithoutDomain(node.AddressText) == name;
        yield return node => node.Links.Values.Any(host.HasInterfaceOf);
        yield return node =>
            host.Resolve(node.Name ?? node.AddressText).Concat(host.Resolve(node.AddressText)).Any(host.HasInterfaceOf);
    }

    private static string? WithoutDomain(string? name)
        => name is null || IPAddress.TryParse(name, out _) ? null : name.Split('.')[0];

    private Entry? ReadEntry(ConfReader reader, string path)
    {
        foreach (var entry in map.Entries.Where(entry => entry.Path.StartsWith(path + ".", StringComparison.Ordinal)
            && IsFurtherLink(entry.Path, HasLinks)))
            problems.Add(entry.Line, HasLinks ? $"{entry.Name}: expected ring0_addr to ring7_addr" : $"{entry.Name}: "
                + "udp and udpu have one link, expected only ring0_addr");
        var places = new SortedList<int, Place>();
        var isGood = true;
        for (var link = 0; link < (HasLinks ? LinkCount : 1); link++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"ring{link}_addr");
            if (reader.Text(key) is not { Length: > 0 } text)
                continue;
            if (ReadPlace(reader, key, text) is { } place)
                places.Add(link, place);
            else
                isGood = false;
        }

        if (isGood && places.Count == 0)
            reader.Wrong("ring0_addr", "an address or a host name");
        return isGood && places.Count > 0 ? new Entry(reader, places) : null;
    }

    private Place? ReadPlace(ConfReader reader, string key, string text)
    {
        var addresses = host.Resolve(text);
        if (Choose(addresses, Families(totem.IpVersion)) is { } address)
        {
            if (!address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
                return new Place(text, addresses);
            reader.Wrong(key, "an address that the others can send to");
            return null;
        }

        reader.Wrong(key, $"an address, or a name that has one (ip_version {totem.IpVersion})");
        return null;
    }

    private ConfNode? ReadNode(Entry entry, Dictionary<int, AddressFamily[]> families)
    {
        var reader = entry.Reader;
        var links = entry.Places.ToDictionary(x => x.Key, x => Choose(x.Value.Addresses, families[x.Key])!);
        var votes = reader.Number("quorum_votes") ?? 1;
        if (votes > int.MaxValue)
            reader.Wrong("quorum_votes", $"a number from 0 to {int.MaxValue}");
        var id = (uint)(reader.Number("nodeid") ?? 0);
        if (id == 0 && HasLinks)
            reader.Wrong("nodeid", $"a number from 1 to {ushort.MaxValue}: kronosnet derives none");
        else if (id > ushort.MaxValue && HasLinks)
            reader.Wrong("nodeid", $"a number from 1 to {ushort.MaxValue}: kronosnet has no larger ones");
        else if (id == 0)
            id = DeriveId(entry) ?? 0;
        if (entry.Places.Count > 1 && string.IsNullOrEmpty(reader.Text("name")))
            reader.Wrong("name", "the node's name: nodes with more than one link need one, as in corosync");
        return id == 0 ? null : new ConfNode(new ProcessorId(id), reader.Text("name"), entry.AddressText,
            links[entry.Places.Keys[0]], votes, reader.Line)
        {
            Links = links,
        };
    }

    /// <summary>
    /// The families to choose from. Members talk in one, so one that every node has comes first: a host whose own name
    /// has an IPv6 address too would otherwise stand alone.
    /// </summary>
    private AddressFamily[] CommonFamilies(List<Entry> entries, int link)
    {
        var families = Families(totem.IpVersion);
        foreach (var family in families)
        {
            if (entries.TrueForAll(entry => !entry.Places.TryGetValue(link, out var place)
                || place.Addresses.Any(address => address.AddressFamily == family)))
                return [family];
        }

        return families;
    }

    private static bool IsFurtherLink(string path, bool hasLinks)
    {
        var key = path.AsSpan(path.LastIndexOf('.') + 1);
        return key is not "ring0_addr" && !(hasLinks && key.Length == 10 && key[4] is >= '1' and <= '7')
            && key.StartsWith("ring", StringComparison.Ordinal) && key.EndsWith("_addr", StringComparison.Ordinal)
            && key.Length > 9 && !key[4..^5].ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>The IPv4 address as a number, also where the ring uses another.</summary>
    private uint? DeriveId(Entry entry)
    {
        if (Choose(entry.Addresses, [AddressFamily.InterNetwork]) is not { } address)
        {
            problems.Add(
                entry.Reader.Line, "node.nodeid is missing, expected one: only an IPv4 address can stand for the id");
            return null;
        }

        var id = BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
        return totem.ClearHighBit ? id & 0x7FFF_FFFF : id;
    }

    private void CheckTogether(List<ConfNode> nodes)
    {
        var seen = new Dictionary<ProcessorId, ConfNode>();
        var addresses = new Dictionary<IPAddress, ConfNode>();
        foreach (var node in nodes)
        {
            if (!seen.TryAdd(node.Id, node))
                problems.Add(node.Line, $"node.nodeid {node.Id} stands in line {seen[node.Id].Line} too, expected a "
                    + "different one for each node");
            else if (!addresses.TryAdd(node.Address, node))
                problems.Add(node.Line, $"node.ring0_addr {node.Address} stands in line {addresses[node.Address].Line} "
                    + "too, expected a different one for each node");
            if (node.Address.AddressFamily != nodes[0].Address.AddressFamily)
                problems.Add(node.Line, $"node.ring0_addr {Described(node)} is of another address family than "
                    + $"{nodes[0].Address} in line {nodes[0].Line}");
        }

        if (HasLinks && nodes.Count > 0)
            CheckLinks(nodes);
        if (nodes.Count > ProcessorSet.MaxCount)
            problems.Add(0, $"the node list has {nodes.Count} nodes, expected at most {ProcessorSet.MaxCount}");
    }

    /// <summary>Further links, as the first one; and all nodes have the same.</summary>
    private void CheckLinks(List<ConfNode> nodes)
    {
        foreach (var node in nodes)
        {
            if (!node.Links.Keys.Order().SequenceEqual(nodes[0].Links.Keys.Order()))
                problems.Add(node.Line, $"the node's links are {Names(node)}, expected {Names(nodes[0])} as in line "
                    + $"{nodes[0].Line}: all nodes have the same links");
            if (node.Links.Values.Distinct().Count() != node.Links.Count)
                problems.Add(node.Line, "the node has one address on two links, expected different ones");
        }

        foreach (var link in nodes[0].Links.Keys.Skip(1))
        {
            var seen = new Dictionary<IPAddress, int>();
            foreach (var node in nodes.Where(x => x.Links.ContainsKey(link)))
            {
                if (!seen.TryAdd(node.Links[link], node.Line))
                    problems.Add(node.Line, $"node.ring{link}_addr {node.Links[link]} stands in line "
                        + $"{seen[node.Links[link]]} too, expected a different one for each node");
                if (nodes[0].Links.TryGetValue(link, out var first)
                    && first.AddressFamily != node.Links[link].AddressFamily)
                    problems.Add(node.Line, $"node.ring{link}_addr {node.Links[link]} is of another address family "
                        + $"than {first} in line {nodes[0].Line}");
            }
        }

        static string Names(ConfNode node) => string.Join(", ", node.Links.Keys.Order().Select(x => $"ring{x}_addr"));
    }
}
