using System.Net;
using System.Net.Sockets;
using Totem.Transport.Udp.Host;

namespace Totem;

/// <summary>
/// Several processes of one host with one configuration: every node of the list has places, slots, for processes. Slot
/// 0 is the node itself, as a corosync there would be; slot n has the node's address, the port n above, and an id that
/// follows from the list alone. So all hosts know the same table, and binding a port for oneself alone decides who has
/// a slot.
/// </summary>
public sealed class ProcessSlots
{
    /// <summary>Slots of a node, as many as the zero-configuration loopback has.</summary>
    public const int MaxCount = UdpTransportOptions.LoopbackSlotCount;

    /// <summary>
    /// How far apart the ids of a node's slots are. Node ids below it, which are those that people write, never meet,
    /// stay readable (slot 3 of node 2 is 12002), and stay below 2^16: there are programs that keep an array by node id
    /// (corosync's cpghum, of 65,537).
    /// </summary>
    private const uint SlotStep = 4000;

    /// <summary>A member that starts has its port a moment before its neighbours can connect; one
    /// that ends, the other way round.</summary>
    private const int StartingMilliseconds = 2000;
    private const int RetryMilliseconds = 20;

    private readonly TotemNodeOptions _node;
    private readonly UdpPeer[][] _slots;
    private readonly int _self;

    /// <param name="node">The configuration of this host's node; unicast or kronosnet.</param>
    /// <param name="countMax">At most so many slots; 1 for a ring that a real corosync is in, which
    /// knows its node list only.</param>
    /// <exception cref="ArgumentException">The options are those of another transport.</exception>
    public ProcessSlots(TotemNodeOptions node, int countMax = MaxCount)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentOutOfRangeException.ThrowIfLessThan(countMax, 1);
        if (node.Transport.Kind is not (UdpTransportKind.Unicast or UdpTransportKind.Knet))
        {
            throw new ArgumentException(
                $"{node.Transport.Kind} rings have no slots, expected {UdpTransportKind.Unicast} or "
                    + $"{UdpTransportKind.Knet}", nameof(node));
        }

        _node = node;
        var nodes = node.Transport.Peers.OrderBy(peer => peer.Id.Value).ToArray();
        _self = Array.FindIndex(nodes, peer => peer.Id == node.Ring.Self);
        Count = Math.Clamp(ProcessorSet.MaxCount / nodes.Length, 1, Math.Min(countMax, MaxCount));
        Count = Math.Min(
            Count, IPEndPoint.MaxPort - Links(node.Transport).SelectMany(x => x).Max(peer => peer.EndPoint.Port) + 1);
        _slots = Table(nodes, Count);
        // The ids of kronosnet have 16 bits, and a slot's ids never depend on higher slots.
        if (node.Transport.Kind == UdpTransportKind.Knet)
            Count = Math.Max(1, _slots.TakeWhile(slot => slot.All(peer => peer.Id.Value <= ushort.MaxValue)).Count());
        _slots = _slots[..Count];
    }

    /// <summary>How many processes of one host there can be: 14, or fewer when the nodes are so
    /// many that a ring could not hold them.</summary>
    public int Count { get; }

    /// <summary>Every slot of every node.</summary>
    public IEnumerable<UdpPeer> All => _slots.SelectMany(slot => slot);

    /// <summary>This host's slot of that number, from 0.</summary>
    public UdpPeer this[int slot] => _slots[slot][_self];

    /// <summary>How to run as the process in a slot of this host.</summary>
    public TotemNodeOptions Options(int slot) => _node with
    {
        Ring = _node.Ring with { Self = this[slot].Id, Allowed = ProcessorSet.Of([.. All.Select(peer => peer.Id)]) },
        Transport = _node.Transport with { Peers = [.. All], HasSparsePeers = Count > 1,
            Knet = _node.Transport.Knet with { Links = LinksOfAll() } },
        // The vote of the node list's entry belongs to who is that entry.
        Groups = slot == 0 ? _node.Groups : _node.Groups with { Votes = null },
    };

    /// <summary>Runs in the lowest slot of this host that is free.</summary>
    /// <param name="cancellationToken">Ends the start, not the node.</param>
    /// <returns>The node; <see cref="TotemNode.Options"/> says in which slot.</returns>
    /// <exception cref="TransportException">No slot is free, or none can be opened; or the node's own place, slot 0, is
    /// a stranger's, such as the host's corosync daemon: beside it a second node of this host would be a stranger to
    /// all others.</exception>
    public async Task<TotemNode> StartAsync(CancellationToken cancellationToken = default)
    {
        var patience = Environment.TickCount64 + StartingMilliseconds;
        for (var slot = 0; ; slot++)
        {
            try
            {
                return await TotemNode.StartAsync(Options(slot), cancellationToken).ConfigureAwait(false);
            }
            catch (TransportException exception)
                when (exception.InnerException is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
                    && slot + 1 < Count)
            {
                var holder = slot == 0 ? PortHolder.KindOf(this[0].EndPoint) : PortHolderKind.Member;
                if (holder == PortHolderKind.Daemon
                    || (holder == PortHolderKind.Unknown && Environment.TickCount64 >= patience))
                    throw;
                if (holder == PortHolderKind.Unknown)
                {
                    slot--;
                    await Task.Delay(RetryMilliseconds, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private static IEnumerable<IReadOnlyList<UdpPeer>> Links(UdpTransportOptions transport) =>
        [transport.Peers, .. transport.Knet.Links.Where(x => x.Peers.Count > 0).Select(x => x.Peers)];

    /// <summary>On each link of kronosnet a slot has the address of its node there, and its own port.</summary>
    private KnetLink[] LinksOfAll() =>
    [
        .. _node.Transport.Knet.Links.Select(link => link.Peers.Count == 0 ? link : link with
        {
            Peers = [.. from slot in Enumerable.Range(0, Count)
                        from place in link.Peers
                        let index = Array.FindIndex(_slots[0], x => x.Id == place.Id)
                        where index >= 0
                        select new UdpPeer(_slots[slot][index].Id, EndPoint(place, slot))],
        }),
    ];

    /// <summary>By slot, then by node in the order of ids: a slot's ids never depend on higher slots.</summary>
    private static UdpPeer[][] Table(UdpPeer[] nodes, int count)
    {
        var taken = nodes.Select(peer => peer.Id.Value).ToHashSet();
        var table = new UdpPeer[count][];
        table[0] = nodes;
        for (var slot = 1; slot < count; slot++)
            table[slot] = [.. nodes.Select(
                peer => new UdpPeer(new ProcessorId(Claim(peer.Id.Value, slot, taken)), EndPoint(peer, slot)))];
        return table;
    }

    /// <summary>The slot's id of a node; where ids are so spread that somebody has it, the next free one.</summary>
    private static uint Claim(uint node, int slot, HashSet<uint> taken)
    {
        var id = unchecked(node + ((uint)slot * SlotStep));
        while (id == 0 || !taken.Add(id))
            id = unchecked(id + 1);
        return id;
    }

    private static IPEndPoint EndPoint(UdpPeer node, int slot) => new(node.EndPoint.Address, node.EndPoint.Port + slot);
}
