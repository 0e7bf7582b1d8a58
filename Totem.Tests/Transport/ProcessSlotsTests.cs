using System.Net;

namespace Totem.Tests.Transport;

/// <summary>Which port and id the processes of a host get: the rule of docs/how-to/libcpg.md.</summary>
public sealed class ProcessSlotsTests
{
    [Fact]
    public void Slot_0_is_the_node_of_the_list()
    {
        var slots = new ProcessSlots(Node(2, (1, "10.0.0.1"), (2, "10.0.0.2")));
        Assert.Equal(new UdpPeer(new ProcessorId(2), IPEndPoint.Parse("10.0.0.2:5405")), slots[0]);
        Assert.Equal(14, slots.Count);
    }

    [Fact]
    public void Slot_n_has_the_port_n_above_and_an_id_n_times_4000_above()
    {
        var slots = new ProcessSlots(Node(2, (1, "10.0.0.1"), (2, "10.0.0.2")));
        Assert.Equal(new UdpPeer(new ProcessorId(52002), IPEndPoint.Parse("10.0.0.2:5418")), slots[13]);
    }

    [Theory]
    [InlineData(1, 2, 3)]
    [InlineData(1, 700, 3999)]
    public void Ids_that_people_write_stay_small_and_do_not_hang_on_who_else_is_in_the_list(params int[] ids)
    {
        var slots = Table(ids);
        Assert.All(slots, peer => Assert.InRange(peer.Id.Value, 1u, 65_535u));
        foreach (var id in ids)
            Assert.Subset(slots.ToHashSet(), Table(id).ToHashSet());

        UdpPeer[] Table(params int[] nodes) =>
            [.. new ProcessSlots(
                Node((uint)nodes[0], [.. nodes.Select(x => ((uint)x, $"10.0.{x >> 8}.{x & 0xFF}"))])).All];
    }

    [Fact]
    public void Every_host_computes_the_same_table()
    {
        (uint, string)[] nodes = [(0x0A000001, "10.0.0.1"), (7, "10.0.0.2"), (0x0B000001, "10.0.0.3")];
        var table = new ProcessSlots(Node(7, nodes)).All.ToArray();
        Assert.Equal(table, new ProcessSlots(Node(0x0A000001, [.. nodes.Reverse()])).All);
    }

    [Fact]
    public void Ids_never_meet_not_even_those_of_addresses()
    {
        // 10.0.0.1 and 11.0.0.1 as ids, and one at the end of the range.
        var slots = new ProcessSlots(
            Node(0x0A000001, (0x0A000001, "10.0.0.1"), (0x0B000001, "10.0.0.2"), (0xFFFFFFFF, "10.0.0.3")));
        var ids = slots.All.Select(peer => peer.Id.Value).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.DoesNotContain(0u, ids);
        Assert.Equal(slots.All.Count(), slots.All.Select(peer => peer.EndPoint).Distinct().Count());
    }

    [Fact]
    public void More_nodes_have_fewer_slots_so_that_a_ring_can_hold_them()
    {
        var nodes = Enumerable.Range(1, 20).Select(i => ((uint)i, $"10.0.0.{i}")).ToArray();
        var slots = new ProcessSlots(Node(1, nodes));
        Assert.Equal(ProcessorSet.MaxCount / 20, slots.Count);
        Assert.InRange(slots.All.Count(), 1, ProcessorSet.MaxCount);
    }

    [Fact]
    public void A_ring_with_real_daemons_has_slot_0_only()
    {
        var slots = new ProcessSlots(Node(1, (1, "10.0.0.1"), (2, "10.0.0.2")), countMax: 1);
        Assert.Equal([1u, 2u], slots.All.Select(peer => peer.Id.Value));
        Assert.False(slots.Options(0).Transport.HasSparsePeers);
    }

    [Fact]
    public void The_options_of_each_slot_are_valid_and_allow_every_slot()
    {
        var slots = new ProcessSlots(Node(2, (1, "10.0.0.1"), (2, "10.0.0.2")));
        for (var slot = 0; slot < slots.Count; slot++)
        {
            var options = slots.Options(slot);
            Assert.Empty(options.Validate());
            Assert.Equal(slots[slot].Id, options.Ring.Self);
            Assert.Equal(28, options.Ring.Allowed!.Count);
            Assert.Equal(slot == 0 ? 3 : null, options.Groups.Votes);
        }
    }

    [Fact]
    public void A_multicast_ring_has_no_slots()
        => Assert.Throws<ArgumentException>(() => new ProcessSlots(
            Node(1, (1, "10.0.0.1")) with { Transport =
                new UdpTransportOptions { Kind = UdpTransportKind.Multicast } }));

    private static TotemNodeOptions Node(uint self, params (uint Id, string Address)[] nodes) => new()
    {
        Ring = new RingOptions { Self = new ProcessorId(self) },
        Transport = new UdpTransportOptions
        {
            Kind = UdpTransportKind.Unicast,
            Peers = [.. nodes.Select(
                node => new UdpPeer(new ProcessorId(node.Id), new IPEndPoint(IPAddress.Parse(node.Address), 5405)))],
        },
        StateDirectory = "/nowhere",
        Groups = new GroupOptions { Votes = 3 },
    };
}
