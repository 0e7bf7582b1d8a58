using Totem.Tests.Requirements;

namespace Totem.Tests.Wireshark;

/// <summary>Messages cut over several packets, in every order in which a capture may hold them.</summary>
public sealed class DissectorReassemblyTests
{
    private static readonly string[] Fields =
        ["totem.msg.kind", "totem.data", "totem.copy_of", "totem.fragment.frame", "totem.reassembled_in",
            "totem.msg.group"];

    private static readonly RingId NextRing = new(new ProcessorId(1), 24);
    private static readonly byte[] Long = TestPacket.ForGroup("t", [.. Enumerable.Range(0, 90).Select(x => (byte)x)]);
    private static readonly byte[] Short = TestPacket.ForGroup("t", [0xAA]);
    private static readonly byte[] LongData = Long[5..];

    private static TestPacket First => new(Sender: 2, Seq: 5, Origin: 10, Long[..30]) { Fragment = 1 };

    private static TestPacket Middle =>
        new(Sender: 2, Seq: 6, Origin: 11, Long[30..60]) { Continuation = 1, Fragment = 2 };

    private static TestPacket Last => new(Sender: 2, Seq: 8, Origin: 12, Long[60..], Short) { Continuation = 2 };

    private static TestPacket OfAnother => new(Sender: 3, Seq: 7, Origin: 40, Short);

    [PackageFact("tshark")]
    public async Task A_message_is_shown_where_its_last_fragment_comes()
    {
        var frames = await DissectAsync(First, Middle, OfAnother, Last);

        Assert.Equal([[], [], [Hex([0xAA])], [Hex(LongData), Hex([0xAA])]], Data(frames));
        Assert.Equal(["1", "2", "4"], frames[3].All("totem.fragment.frame"));
    }

    [PackageFact("tshark")]
    public async Task A_fragment_that_was_lost_and_comes_late_completes_the_message()
    {
        var frames = await DissectAsync(Last, First, OfAnother, Middle);

        Assert.Equal([[Hex([0xAA])], [], [Hex([0xAA])], [Hex(LongData)]], Data(frames));
        Assert.Equal(["2", "4", "1"], frames[3].All("totem.fragment.frame"));
    }

    [PackageFact("tshark")]
    public async Task Copies_and_retransmissions_neither_complete_nor_disturb_a_message()
    {
        var frames = await DissectAsync(First, First, Middle, First, Middle, Last, Last, Middle);

        Assert.Equal(["", "1", "", "1", "3", "", "6", "3"], frames.Select(x => x.Joined("totem.copy_of")),
            StringComparer.Ordinal);
        Assert.Equal([Hex(LongData), Hex([0xAA])], Data(frames)[5]);
        Assert.Equal([Hex([0xAA])], Data(frames)[6]);
    }

    [PackageFact("tshark")]
    public async Task A_recovered_fragment_counts_for_the_ring_it_was_sent_on()
    {
        var frames = await Tshark.DissectAsync(
            [First.Encode(), Last.Encode(), TestPacket.Encapsulate(Middle.Encode(), NextRing, sender: 3, seq: 1)],
            Fields);

        Assert.Equal([[], [Hex([0xAA])], [Hex(LongData)]], Data(frames));
    }

    [PackageFact("tshark")]
    public async Task Synchronisation_on_a_new_ring_does_not_break_into_a_message_that_spans_it()
    {
        var downlist = TestPacket.ForGroup("x", [.. Enumerable.Repeat((byte)0x55, 60)]);
        var frames = await DissectAsync(
            First,
            Middle,
            new TestPacket(2, 1, 13, Short) { Ring = NextRing },
            new TestPacket(2, 2, 14, downlist[..40]) { Ring = NextRing, Fragment = 1 },
            new TestPacket(2, 4, 15, downlist[40..]) { Ring = NextRing, Continuation = 1 },
            Last with { Ring = NextRing, Seq = 6, Origin = 16 });

        Assert.Equal([Hex([.. Enumerable.Repeat((byte)0x55, 60)])], Data(frames)[4]);
        Assert.Equal([Hex(LongData), Hex([0xAA])], Data(frames)[5]);
        Assert.Equal(["1", "2", "6"], frames[5].All("totem.fragment.frame"));
    }

    [PackageFact("tshark")]
    public async Task Synchronisation_that_is_cut_short_goes_on_before_the_message_it_interrupted()
    {
        var downlist = TestPacket.ForGroup("x", [.. Enumerable.Repeat((byte)0x55, 60)]);
        var third = new RingId(new ProcessorId(1), 28);
        var frames = await DissectAsync(
            First,
            new TestPacket(2, 1, 11, downlist[..40]) { Ring = NextRing, Fragment = 1 },
            new TestPacket(2, 1, 12, downlist[40..]) { Ring = third, Continuation = 1 },
            Middle with { Ring = third, Seq = 2, Origin = 13 },
            Last with { Ring = third, Seq = 3, Origin = 14 });

        Assert.Equal([Hex([.. Enumerable.Repeat((byte)0x55, 60)])], Data(frames)[2]);
        Assert.Equal([Hex(LongData), Hex([0xAA])], Data(frames)[4]);
    }

    [PackageFact("tshark")]
    public async Task Where_the_beginning_is_missing_the_rest_is_shown_and_nothing_is_put_together_wrongly()
    {
        // The end of one message and the beginning of the next were not captured; the numbers of
        // the fragments match all the same.
        var frames = await DissectAsync(First, Last with { Continuation = 1, Origin = 14, Seq = 9 });

        Assert.Equal([[], [Hex([0xAA])]], Data(frames));
        Assert.True(frames[1].Has("totem.incomplete"));
        Assert.All(frames, x => Assert.False(x.IsMalformed, $"{x}"));
    }

    [PackageFact("tshark")]
    public async Task A_recovered_message_does_not_continue_one_of_the_new_ring()
    {
        byte[][] frames =
        [
            First.Encode(),
            TestPacket.Encapsulate(
                (Middle with { Ring = new RingId(new ProcessorId(1), 16), Seq = 90, Origin = 9 }).Encode(), First.Ring,
                sender: 3, seq: 2),
            Middle.Encode(),
            Last.Encode(),
        ];
        var dissected = await Tshark.DissectAsync(frames, Fields);

        Assert.True(dissected[1].Has("totem.incomplete"));
        Assert.Equal(["1", "3", "4"], dissected[3].All("totem.fragment.frame"));
    }

    [PackageFact("tshark")]
    public async Task Numbers_that_wrap_keep_their_order()
    {
        var frames = await DissectAsync(
            Last with { Seq = 1, Origin = 1 }, First with { Seq = 0xFFFF_FFFF, Origin = 0xFFFF_FFFF },
            Middle with { Seq = 0, Origin = 0 });

        Assert.Equal([Hex(LongData)], Data(frames)[2]);
    }

    private static Task<IReadOnlyList<DissectedFrame>> DissectAsync(params TestPacket[] packets) =>
        Tshark.DissectAsync(packets.Select(x => x.Encode()), Fields);

    private static List<IReadOnlyList<string>> Data(IReadOnlyList<DissectedFrame> frames) =>
        [.. frames.Select(x => x.All("totem.data"))];

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
