using Totem.Core.Groups;
using Totem.Core.Recovery;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Core;
using Totem.Tests.Core.Wire;
using Totem.Tests.Requirements;

namespace Totem.Tests.Wireshark;

/// <summary>The additions to corosync's frames (EXT §2), both byte orders, and the frames of whole rings of
/// ours.</summary>
public sealed class DissectorExtensionTests
{
    private static readonly string[] Fields =
    [
        "totem.byte_order", "totem.seq", "totem.guarantee", "totem.msg.kind", "totem.msg.group", "totem.data",
        "totem.join.proposed",
        "totem.join.failed", "totem.trailer.silent", "totem.trailer.heard", "totem.trailer.broken.listener",
        "totem.trailer.broken.speaker", "totem.note.ring", "totem.note.obligation", "totem.cpg.group", "totem.cpg.pid",
        "totem.cpg.len", "totem.cpg.payload", "totem.ring", "totem.encapsulated", "totem.trailing", "totem.sync.ring",
        "totem.fragment",
    ];

    private static readonly RingId Ring = new(new ProcessorId(1), 20);
    private static readonly BrokenLink[] Links = [new(new ProcessorId(2), new ProcessorId(3))];

    [PackageFact("tshark")]
    public async Task Our_trailers_are_read_in_both_byte_orders()
    {
        var join = new JoinFrame(new JoinMessage(Header(FrameKind.Join), new ProcessorId(1), 9, Set(1, 2, 3), Set(3))
        {
            Trailer = new JoinTrailer(Set(3), Links, Set(1, 2)),
        }).Encode();
        var merge = new MergeFrame(
            new MergeDetect(Header(FrameKind.MergeDetect), new ProcessorId(1), Ring),
            new MergeTrailer(Set(1, 2, 4), Links)).Encode();
        var frames = await Tshark.DissectAsync(
            [join, FrameLayout.ToBigEndian(join), merge, FrameLayout.ToBigEndian(merge)], Fields);

        AssertWellFormed(frames, count: 4);
        Assert.Equal([false, true, false, true], frames.Select(x => x["totem.byte_order"] == "big-endian"));
        Assert.All(frames, x =>
            Assert.Equal(("2", "3"), (x["totem.trailer.broken.listener"], x["totem.trailer.broken.speaker"])));
        Assert.All(frames.Take(2), x => Assert.Equal(
            ("1,2,3", "3"), (x.Joined("totem.join.proposed"), x.Joined("totem.join.failed"))));
        Assert.All(frames.Take(2), x => Assert.Equal(
            ("3", "1,2"), (x.Joined("totem.trailer.silent"), x.Joined("totem.trailer.heard"))));
        Assert.All(frames.Skip(2), x => Assert.Equal("1,2,4", x.Joined("totem.trailer.heard")));
        Assert.All(frames, x => Assert.False(x.Has("totem.trailing")));
    }

    [PackageFact("tshark")]
    public async Task A_promise_of_an_earlier_recovery_is_read()
    {
        var note = new byte[RecoveryNote.BytesMax];
        var writer = new WireWriter(note);
        new RecoveryNote(Ring, Set(1, 3)).Write(ref writer, new ProcessorId(1));
        var frames = await Tshark.DissectAsync(
            [TestPacket.Encapsulate(note[..writer.WrittenBytes], new RingId(new ProcessorId(1), 24), sender: 1,
                seq: 1)], Fields);

        AssertWellFormed(frames, count: 1);
        Assert.Equal(("1.20", "1,3"), (frames[0]["totem.note.ring"], frames[0].Joined("totem.note.obligation")));
        Assert.Equal("Recovery 1.24 #1 from 1: promise from 1.20 to {1,3}", frames[0].Info);
    }

    [PackageFact("tshark")]
    public async Task Messages_to_the_ring_and_to_groups_nobody_knows_are_data()
    {
        byte[][] pieces = [.. new[] { "t", "other", "" }.Select(x => TestPacket.ForGroup(x, [1, 2, 3]))];
        var frames = await Tshark.DissectAsync([new TestPacket(1, 1, 1, pieces) { Guarantee = 1 }.Encode()], Fields);

        AssertWellFormed(frames, count: 1);
        Assert.Equal("1", frames[0]["totem.guarantee"]);
        Assert.Equal(["totem data", "data for group other", "nothing"], frames[0].All("totem.msg.kind"));
        Assert.Equal(["010203", "010203", "010203"], frames[0].All("totem.data"));
        Assert.StartsWith("1.20 #1 from 1 safe: totem data 3 bytes; ", frames[0].Info, StringComparison.Ordinal);
    }

    [PackageFact("tshark")]
    public async Task Group_messages_among_ourselves_are_shown_field_by_field()
    {
        var member = new GroupMembership(new GroupName("sheepdog"), 4711, 300, null);
        byte[] Written(GroupMessageKind kind, byte detail, uint whole, params byte[] payload)
        {
            var head = new byte[CompactEncoding.BytesOf(kind, member)];
            CompactEncoding.Write(head, kind, member, detail, whole);
            return TestPacket.ForGroup("g", [.. head, .. payload]);
        }

        var ring = new RingId(new ProcessorId(1), 20);
        byte[][] pieces =
        [
            TestPacket.ForGroup("sync", SyncMessage.ServiceBuild(ring, [2], isOurs: true)),
            TestPacket.ForGroup("g", CompactEncoding.State(
                ring, [(new GroupName("sheepdog"), new GroupEntry(new GroupMember(new ProcessorId(1), 4711), 300))])),
            Written(GroupMessageKind.Join, 0, 0), Written(GroupMessageKind.Message, 0, 0, 7, 8),
            Written(GroupMessageKind.Part, 1, 3_000_000, 9), Written(GroupMessageKind.Leave, 5, 0),
        ];
        var frames = await Tshark.DissectAsync(
            [.. pieces.Select((x, i) => new TestPacket(1, (uint)i + 1, (uint)i + 1, x).Encode())], Fields);

        AssertWellFormed(frames, pieces.Length);
        Assert.Equal(
            [
                "1.20 #1 from 1: sync service build 1.20 cpg+ours", "1.20 #2 from 1: group state 1.20 sheepdog process "
                    + "4711 as #300",
                "1.20 #3 from 1: group join sheepdog process 4711 as #300", "1.20 #4 from 1: group message #300, "
                    + "2 bytes",
                "1.20 #5 from 1: group part #300, first, 1 of 3000000 bytes", "1.20 #6 from 1: group leave #300 "
                    + "(process gone)",
            ],
            frames.Select(x => x.Info));
    }

    [PackageFact("tshark")]
    public async Task Messages_of_a_big_endian_machine_mean_the_same()
    {
        byte[] Mcast(bool big) => TestPacket.ForService(
            "a", 0x0002_0003,
            [
                .. TestPacket.Name("group", big), .. TestPacket.U32(2, big), .. new byte[4],
                .. TestPacket.U32(4711, big), .. new byte[4],
                .. TestPacket.U32(1, big), .. new byte[12], 7, 8,
            ],
            big);
        byte[] Packet(bool big) =>
            new TestPacket(1, 1, 1, Mcast(big), TestPacket.ForGroup("t", [9], big)) { BigEndian = big }.Encode();
        var frames = await Tshark.DissectAsync([Packet(big: false)], Fields);
        var swapped = await Tshark.DissectAsync([Packet(big: true)], Fields);

        AssertWellFormed(swapped, count: 1);
        Assert.Equal(("group", "4711", "2", "0708"), (
            swapped[0]["totem.cpg.group"], swapped[0]["totem.cpg.pid"], swapped[0]["totem.cpg.len"],
            swapped[0]["totem.cpg.payload"]));
        Assert.Equal(frames[0].Info, swapped[0].Info);
    }

    [PackageFact("tshark")]
    public async Task No_frame_of_a_ring_of_ours_is_malformed_not_even_when_members_come_and_go()
    {
        var sent = new List<byte[]>();
        var isCut = false;
        var ring = new InMemoryRing(3);
        ring.Passes = (from, to, frame) =>
        {
            sent.Add(frame.ToArray());
            return !isCut || (from.Value != 3 && to.Value != 3);
        };
        ring.StartAll().RunUntilOneRing();
        for (var id = 1; id <= 3; id++)
        {
            ring.Submit(id, new byte[10], Guarantee.Safe);
            ring.Submit(id, new byte[5000]);
        }

        ring.RunFor(TimeSpan.FromMilliseconds(20));
        isCut = true;
        ring.Submit(1, new byte[3000]);
        ring.RunFor(TimeSpan.FromSeconds(1));
        isCut = false;
        ring.RunUntilOneRing();
        var frames = await Tshark.DissectAsync(sent, Fields);

        AssertWellFormed(frames, sent.Count);
        Assert.All(frames, x => Assert.False(x.Has("totem.incomplete"), $"{x}"));
        var kinds = frames.Select(x => x["totem.kind"]).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(kinds, new HashSet<string>(["0", "1", "2", "3", "4"], StringComparer.Ordinal));
        Assert.Contains(frames, x => x.Has("totem.trailer.heard"));
        Assert.Contains(frames, x => x.Has("totem.guarantee") && x["totem.guarantee"] == "1");
        Assert.Contains(frames, x => x.All("totem.data").Any(y => y.Length == 2 * 5000));
    }

    private static void AssertWellFormed(IReadOnlyList<DissectedFrame> frames, int count)
    {
        Assert.Equal(count, frames.Count);
        Assert.All(frames, x => Assert.True(x.IsTotem && !x.IsMalformed && !x.Has("totem.cut"), $"{x}"));
    }

    private static FrameHeader Header(FrameKind kind) => new(kind, Encapsulation.None, new ProcessorId(1));

    private static ProcessorSet Set(params uint[] ids) => ProcessorSet.Of([.. ids.Select(x => new ProcessorId(x))]);
}
