using FsCheck;
using FsCheck.Fluent;
using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Tests.Core.Model;

namespace Totem.Tests.Core.Packing;

/// <summary>Messages through packets and out again.</summary>
public sealed class PackingRoundTripTests
{
    private const int MaxMessageBytes = 1 << 20;
    private static readonly ProcessorId Sender = new(3);

    private static readonly Gen<(int NetMtu, int[] Lengths)> Runs =
        from netMtu in Gen.Elements(576, 1500, 9000)
        from lengths in Gen.Frequency((12, Gen.Choose(1, 200)), (6, Gen.Choose(200, 4_000)),
            (1, Gen.Choose(4_000, 30_000))).ArrayOf(12)
        select (netMtu, lengths);

    [Fact]
    public void Messages_of_any_size_come_out_whole_in_order_and_with_their_guarantee() => ModelGen.Holds(Runs, run =>
        AssertRoundTrip(run.NetMtu, run.Lengths));

    [Theory]
    [InlineData(576)]
    [InlineData(1500)]
    [InlineData(9000)]
    public void One_byte_and_one_mebibyte_come_out_whole(int netMtu) =>
        AssertRoundTrip(netMtu, [1, MaxMessageBytes - Envelopes.BytesMax, 1, 1]);

    [Fact]
    public void Fragment_numbers_run_to_255_and_begin_again_at_1()
    {
        var packets = Pack(576, Messages([200_000]));
        var fragments = packets.Select(x => x.Bytes[4]).ToArray();
        Assert.Equal(Enumerable.Range(0, packets.Count - 1).Select(x => (byte)(1 + x % 255)), fragments[..^1]);
        Assert.Equal(0, fragments[^1]);
        Assert.Equal(fragments[..^1], packets.Skip(1).Select(x => x.Bytes[5]));
    }

    [Fact]
    public void A_receiver_that_starts_in_the_middle_of_a_message_misses_its_tail_and_nothing_else()
    {
        var messages = Messages([4_000, 20, 4_000, 30]);
        var packets = Pack(1500, messages);
        for (var start = 1; start < packets.Count; start++)
        {
            var got = Unpack(packets.Skip(start), out var discarded);
            Assert.Equal(messages.TakeLast(got.Count).Select(x => x.Payload), got);
            Assert.All(discarded, x => Assert.Equal(DiscardReason.FragmentWithoutStart, x));
            Assert.Equal(packets[start].Bytes[5] != 0, discarded.Count > 0);
        }
    }

    [Fact]
    public void Members_that_start_at_different_packets_number_the_messages_alike()
    {
        var packets = Pack(1500, Messages([2_000, 20, 20, 2_000, 30]));
        var whole = new Unpacker(MaxMessageBytes);
        var expected = packets.Select(x => Indices(whole, x.Bytes)).ToList();
        for (var start = 1; start < packets.Count; start++)
        {
            var late = new Unpacker(MaxMessageBytes);
            for (var i = start; i < packets.Count; i++)
            {
                var got = Indices(late, packets[i].Bytes);
                Assert.Equal(expected[i].TakeLast(got.Count), got);
            }
        }
    }

    [Fact]
    public void A_message_that_grows_over_the_limit_is_dropped_and_the_next_one_is_not()
    {
        var packets = Pack(1500, Messages([10_000, 20]));
        var unpacker = new Unpacker(messageBytesMax: 5_000);
        var got = Unpack(packets, unpacker, out var discarded);
        Assert.Equal([20], got.Select(x => x.Length));
        Assert.Contains(DiscardReason.MessageTooLong, discarded);
    }

    [Fact]
    public void A_message_that_starts_again_on_a_new_ring_comes_out_whole()
    {
        var (queue, packer) = (new SendQueue(8 << 20, 100, new AddressOnly()), new Packer(1500));
        var message = Messages([5_000])[0];
        queue.TryEnqueue(new Envelope(MessageChannel.Ring), message.Payload, message.Guarantee);
        packer.Pack(queue, new byte[packer.PacketBytesMax]);
        queue.Rewind();
        packer.Reset();
        Assert.Equal([message.Payload], Unpack(Pack(queue, packer), out _));
    }

    private static void AssertRoundTrip(int netMtu, int[] lengths)
    {
        var messages = Messages(lengths);
        var packets = Pack(netMtu, messages);
        Assert.Equal(messages.Select(x => x.Payload), Unpack(packets, out var discarded));
        Assert.Empty(discarded);
        Assert.All(packets, x => Assert.InRange(x.Bytes.Length, 1, netMtu - 90));
        // The k-th message ends in a packet of its own guarantee: packets never mix them.
        Assert.Equal(messages.Select(x => x.Guarantee),
            packets.SelectMany(x => Enumerable.Repeat(x.Packed.Guarantee, x.Packed.Completed)));
    }

    private static List<(byte[] Payload, Guarantee Guarantee)> Messages(int[] lengths) =>
        [.. lengths.Select((length, i) =>
            (Enumerable.Range(0, length).Select(x => (byte)(x * 31 + i)).ToArray(), (Guarantee)(i / 3 % 2)))];

    private static List<(byte[] Bytes, PackedPacket Packed)> Pack(
        int netMtu, List<(byte[] Payload, Guarantee Guarantee)> messages)
    {
        var queue = new SendQueue(8 << 20, messages.Count, new AddressOnly());
        foreach (var (payload, guarantee) in messages)
            Assert.True(queue.TryEnqueue(new Envelope(MessageChannel.Ring), payload, guarantee));
        return Pack(queue, new Packer(netMtu));
    }

    private static List<(byte[] Bytes, PackedPacket Packed)> Pack(SendQueue queue, Packer packer)
    {
        var packets = new List<(byte[], PackedPacket)>();
        while (queue.Count > 0)
        {
            var buffer = new byte[packer.PacketBytesMax];
            var packed = packer.Pack(queue, buffer);
            packets.Add((buffer[..packed.Bytes], packed));
        }

        return packets;
    }

    private static List<byte[]> Unpack(
        IEnumerable<(byte[] Bytes, PackedPacket Packed)> packets, out List<DiscardReason> discarded) =>
        Unpack(packets, new Unpacker(MaxMessageBytes), out discarded);

    private static List<byte[]> Unpack(
        IEnumerable<(byte[] Bytes, PackedPacket Packed)> packets, Unpacker unpacker, out List<DiscardReason> discarded)
    {
        var messages = new List<byte[]>();
        discarded = [];
        foreach (var (packet, _) in packets)
        {
            Assert.True(unpacker.TryOpen(Sender, packet, swapped: false));
            bool found;
            do
            {
                found = unpacker.TryNext(packet, out var message, out _);
                if (unpacker.Discarded is { } reason)
                    discarded.Add(reason);
                if (found && MessageAddress.Strip(message, swapped: false, out var payload) == MessageChannel.Ring)
                    messages.Add(payload.ToArray());
            }
            while (found);
        }

        return messages;
    }

    private static List<int> Indices(Unpacker unpacker, byte[] packet)
    {
        Assert.True(unpacker.TryOpen(Sender, packet, swapped: false));
        var indices = new List<int>();
        while (unpacker.TryNext(packet, out _, out var index))
            indices.Add(index);
        return indices;
    }
}
