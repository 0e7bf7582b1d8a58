using Totem.Core.Groups;
using Totem.Core.Ordering;
using Totem.Core.Packing;

namespace Totem.Tests.Groups;

/// <summary>Group messages in our own encoding: EXT §4.</summary>
public sealed class CompactEncodingTests
{
    private static readonly ProcessorId Node = new(3);

    public static TheoryData<ushort> Tags => [1, 127, 128, 16_383, 16_384, ushort.MaxValue];

    [Theory]
    [MemberData(nameof(Tags))]
    public void A_trace_that_is_written_is_read_again(ushort tag)
    {
        var member = new GroupMembership(new GroupName("sheepdog"), 4711, tag, null);
        var join = Written(GroupMessageKind.Join, member, 0, 0);
        Assert.True(CompactEncoding.TryRead(join, out var read));
        Assert.Equal((GroupMessageKind.Join, tag, 4711u), (read.Kind, read.Tag, read.Pid));
        Assert.Equal("sheepdog"u8.ToArray(), read.Name.ToArray());

        Assert.True(CompactEncoding.TryRead(Written(GroupMessageKind.Leave, member, 5, 0), out read));
        Assert.Equal((GroupMessageKind.Leave, tag, GroupChangeReason.ProcessDown), (read.Kind, read.Tag, read.Reason));

        byte[] part = [.. Written(GroupMessageKind.Part, member, 2, 3_000_000), 7, 8];
        Assert.True(CompactEncoding.TryRead(part, out read));
        Assert.Equal((tag, MessagePart.Middle, 3_000_000u), (read.Tag, read.Part, read.WholeBytes));
        Assert.Equal([7, 8], read.Payload.ToArray());

        byte[] message = [.. Written(GroupMessageKind.Message, member, 0, 0), 9];
        Assert.True(CompactEncoding.TryRead(message, out read));
        Assert.Equal((GroupMessageKind.Message, tag), (read.Kind, read.Tag));
        Assert.Equal([9], read.Payload.ToArray());
    }

    [Fact]
    public void Every_prefix_of_a_message_is_refused_or_shorter_and_nothing_throws()
    {
        var member = new GroupMembership(new GroupName("sheepdog"), 4711, 300, null);
        byte[][] messages =
        [
            Written(GroupMessageKind.Join, member, 0, 0), Written(GroupMessageKind.Leave, member, 2, 0),
            CompactEncoding.State(new RingId(Node, 8), [(new GroupName("a"), new GroupEntry(new GroupMember(Node, 1),
                1)), (new GroupName("b"), new GroupEntry(new GroupMember(Node, 2), 2))]),
        ];
        foreach (var message in messages)
        {
            for (var length = 0; length < message.Length; length++)
            {
                if (!CompactEncoding.TryRead(message.AsSpan(0, length), out var read))
                    continue;
                Assert.Equal(GroupMessageKind.State, read.Kind);
                Assert.Null(CompactEncoding.ReadState(read.Payload, Node));
            }
        }
    }

    [Fact]
    public void A_state_is_read_again()
    {
        var ring = new RingId(new ProcessorId(1), 12);
        List<(GroupName, GroupEntry)> list =
            [(new GroupName("a"), new GroupEntry(new GroupMember(Node, 1), 1)), (new GroupName(new string('x', 128)),
                new GroupEntry(new GroupMember(Node, uint.MaxValue), ushort.MaxValue))];
        var read = CompactEncoding.ReadState(CompactEncoding.State(ring, list).AsSpan(1), Node);
        Assert.Equal(ring, read!.Value.Ring);
        Assert.Equal(list, read.Value.List);
    }

    [Fact]
    public void A_small_message_costs_at_most_16_bytes_and_corosyncs_189()
    {
        var envelopes = new GroupEnvelopes(Node);
        envelopes.Add(new GroupMembership(new GroupName("sheepdog"), 4711, ushort.MaxValue, null));
        var envelope = new Envelope(MessageChannel.Groups, (byte)GroupMessageKind.Message, Tag: ushort.MaxValue);
        const int PieceLengthBytes = 2;
        Assert.InRange(PieceLengthBytes + envelopes.BytesOf(envelope), 1, 16);
        envelopes.IsCompact = false;
        Assert.Equal(189, envelopes.BytesOf(envelope));

        // On the wire, with everything but the packet's own header: one byte of payload.
        var queue = new SendQueue(1 << 20, 10, envelopes);
        envelopes.IsCompact = true;
        queue.TryEnqueue(envelope, [1], Guarantee.Agreed);
        var packed = new Packer(1500).Pack(queue, new byte[1500]);
        Assert.InRange(packed.Bytes - PacketFormat.HeaderBytes - 1, 1, 16);
    }

    private static byte[] Written(GroupMessageKind kind, GroupMembership member, byte detail, uint wholeBytes)
    {
        var bytes = new byte[CompactEncoding.BytesOf(kind, member)];
        CompactEncoding.Write(bytes, kind, member, detail, wholeBytes);
        return bytes;
    }
}
