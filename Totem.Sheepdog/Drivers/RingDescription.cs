using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Totem.Platform.Network;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers;

/// <summary>The operator's lines about the ring that a sheep is on: where it lives, who is
/// expected, and what looks wrong about it.</summary>
/// <param name="driver">The driver's options.</param>
/// <param name="configured">The ring as the configuration has it, without the slots of more processes.</param>
/// <param name="running">The ring as it runs.</param>
/// <param name="self">This node.</param>
internal sealed class RingDescription(
    TotemDriverOptions driver, TotemNodeOptions configured, TotemNodeOptions running, ProcessorId self)
{
    private const int AddressBytes = 16;

    private bool IsLoopback => running.Transport.Kind == UdpTransportKind.Loopback;

    private IEnumerable<UdpPeer> Peers => running.GetPeers();

    private IPEndPoint? Own => Peers.FirstOrDefault(x => x.Id == self)?.EndPoint;

    /// <summary>Nodes of the file that are another host than this one, or another entry.</summary>
    private IEnumerable<UdpPeer> Others => configured.Transport.Peers.Where(x => x.Id != configured.Ring.Self);

    /// <summary>Where the ring lives, and who is expected on it.</summary>
    public string Place
    {
        get
        {
            var node = string.Create(CultureInfo.InvariantCulture, $"this is node {self} at {Own}");
            if (IsLoopback)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"the ring is on the loopback of this host, {node}; expected on it: other processes of this host "
                        + $"with port={running.Transport.LoopbackPort}, name={running.Transport.LoopbackName}");
            }

            var kind = running.Transport.Kind switch
            {
                UdpTransportKind.Unicast => "udpu",
                UdpTransportKind.Knet => "knet, "
                    + $"{(running.Transport.Knet is { Cipher: PacketCipher.None } ? "not encrypted" : "encrypted")}",
                _ => $"udp, group {running.Transport.Group}:{running.Transport.GroupPort}",
            };
            return $"the ring is that of {driver.Config} ({kind}), {node}; expected on it: {Names(Others)}";
        }
    }

    /// <summary>Which cluster on it, and the rules by which it begins and goes on.</summary>
    public string Rules => string.Create(
        CultureInfo.InvariantCulture,
        $"the cluster is '{driver.Cluster}'; it begins with {driver.Session.Quorum} or more sheep, and of a cut "
            + $"{(driver.Session.Rule == PartitionRule.Majority ? "the majority goes on" : "each side goes on")}");

    /// <summary>The fault of the address that others shall reach this sheep at; null when it has none.</summary>
    public string? AddressProblem(SheepNode sheep)
    {
        if (AddressOf(sheep) is not { } address || IsLoopback == IPAddress.IsLoopback(address))
            return null;
        if (IsLoopback)
        {
            return $"this sheep is {NodeString.Short(sheep)} to the others, but its ring is on the loopback, where no "
                + "other host can come: "
                + $"sheep of other hosts make clusters of their own. {Advice}";
        }

        return Own is { Address: var own } && !IPAddress.IsLoopback(own)
            ? $"this sheep is {NodeString.Short(sheep)} to the others, which those of other hosts cannot reach, but "
                + $"its ring is at {own}: start sheep with -y {own}"
            : null;
    }

    /// <summary>Those of the expected who are on the ring when it has settled.</summary>
    public ClusterNote Attendance(ProcessorSet members, SheepNode? sheep)
    {
        if (!IsLoopback)
        {
            var here = Peers.Where(x => members.Contains(x.Id)).Select(x => x.EndPoint.Address).ToHashSet();
            var missing = Others.Where(x => !here.Contains(x.EndPoint.Address)).ToArray();
            return missing.Length == 0
                ? new ClusterNote(ClusterLogLevel.Information, "every node of the configuration is on the ring")
                : new ClusterNote(ClusterLogLevel.Warning, $"not on the ring yet: {Names(missing)}");
        }

        var others = string.Create(
            CultureInfo.InvariantCulture, $"{members.Count - 1} other processes of this host are on the ring");
        if (members.Count > 1)
            return new ClusterNote(ClusterLogLevel.Information, others);
        var why = WhyHosts(sheep);
        return why is null
            ? new ClusterNote(ClusterLogLevel.Information, "this node is alone on the loopback")
            : new ClusterNote(
                ClusterLogLevel.Warning,
                $"this node is alone on the loopback, and {why}: sheep of other hosts cannot come to it, and make "
                    + $"clusters of their own. {Advice}");
    }

    private static string Advice =>
        "For a cluster of several hosts give the driver config=FILE, a corosync.conf with a node for each, as "
            + "totem:config=/etc/corosync/corosync.conf";

    /// <summary>Why somebody may have meant a cluster of hosts.</summary>
    private static string? WhyHosts(SheepNode? sheep)
    {
        if (sheep is not null && AddressOf(sheep) is { } address && !IPAddress.IsLoopback(address))
            return $"this sheep is {NodeString.Short(sheep)} to the others";
        if (File.Exists(TotemDriverOptions.SystemConfiguration))
            return $"there is {TotemDriverOptions.SystemConfiguration}, which it does not read";
        return HostAddress() is { } host ? $"this host has the address {host}" : null;
    }

    /// <summary>An address of this host on a network; null when there is none, or a sandbox does
    /// not let us look.</summary>
    private static IPAddress? HostAddress() => HostAddresses.TryList()?
        .Where(x => x.Interface.OperationalStatus == OperationalStatus.Up
            && x.Interface.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .Select(x => x.Address)
        .FirstOrDefault(x => !IPAddress.IsLoopback(x) && !x.IsIPv6LinkLocal);

    /// <summary>Of a node that is described as sheep describes it, and has an address.</summary>
    private static IPAddress? AddressOf(SheepNode sheep)
    {
        if (sheep.IdentityLength != AddressBytes + sizeof(ushort)
            || BinaryPrimitives.ReadUInt128BigEndian(sheep.Identity) == 0)
            return null;
        var address = sheep.Identity[..AddressBytes];
        return new IPAddress(NodeString.IsVersion4(address) ? address[12..] : address);
    }

    private static string Names(IEnumerable<UdpPeer> peers)
    {
        var names = string.Join(", ",
            peers.Select(x => string.Create(CultureInfo.InvariantCulture, $"node {x.Id} at {x.EndPoint}")));
        return names.Length > 0 ? names : "nobody else";
    }
}
