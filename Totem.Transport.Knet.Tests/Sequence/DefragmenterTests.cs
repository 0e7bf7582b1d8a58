using Totem.Simulation.Model;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Tests.Sequence;

public sealed class DefragmenterTests
{
    private readonly KnetCounters _counters = new();
    private readonly PeerSequence _peer;

    public DefragmenterTests() => _peer = new PeerSequence(new PartialMessages(), _counters);

    [Theory]
    [InlineData(2, 1)]
    [InlineData(254, 258)]
    [InlineData(255, 257)]
    [InlineData(47, 1397)]
    public void Fragments_in_any_order_become_the_message(int count, int unit)
    {
        var random = new SimulationRandom((ulong)count);
        for (ushort seq = 1; seq <= 40; seq++)
        {
            var message = Message(
                seq, Math.Min(KnetFormat.MessageBytesMax, ((count - 1) * unit) + 1 + random.Below(unit)));
            var order = Enumerable.Range(1, count).OrderBy(_ => random.Next()).ToArray();
            foreach (var fragment in order[..^1])
            {
                Assert.False(Give(seq, fragment, count, unit, message));
                Assert.False(Give(seq, fragment, count, unit, message));
            }

            Assert.True(Give(seq, order[^1], count, unit, message));
        }

        Assert.Equal(0, _peer.PartialCount);
    }

    /// <summary>KNET §8.3: 32 newer messages, it is delivered; 33, it is not.</summary>
    [Theory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void A_message_is_given_up_when_33_newer_ones_have_passed(int newer, bool isDelivered)
    {
        var message = Message(7, 200);
        Assert.False(Give(7, 1, 2, 100, message));
        for (var i = 1; i <= newer; i++)
            Assert.True(Give((ushort)(7 + i), 0, 1, 10, Message(i, 10)));
        Assert.Equal(isDelivered, Give(7, 2, 2, 100, message));
        Assert.Equal(isDelivered ? 0 : 1, _counters[KnetDiscard.AbandonedMessage]);
    }

    [Fact]
    public void No_more_than_32_messages_are_in_pieces()
    {
        for (ushort seq = 1; seq <= 33; seq++)
            Assert.False(Give(seq, 1, 2, 100, Message(seq, 200)));
        Assert.Equal(Defragmenter.PartialCountMax, _peer.PartialCount);
        Assert.Equal(1, _counters[KnetDiscard.AbandonedMessage]);
    }

    [Fact]
    public void Fragments_that_contradict_each_other_are_dropped()
    {
        var message = Message(1, 300);
        Assert.False(Give(1, 1, 3, 100, message));
        Assert.False(Give(1, 2, 4, 100, message));
        Assert.False(Give(1, 2, 3, 90, message));
        Assert.False(_peer.TryTakeMessage(Header(1, 2, 3), [], default, out _));
        Assert.Equal(3, _counters[KnetDiscard.BadFragment]);
        Assert.False(Give(1, 2, 3, 100, message));
        Assert.True(Give(1, 3, 3, 100, message));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Fragments_that_exceed_the_largest_message_are_dropped(bool isLastFirst)
    {
        var large = new byte[60_000];
        var first = Header(1, 1, 2);
        var last = Header(1, 2, 2);
        Assert.False(_peer.TryTakeMessage(isLastFirst ? last : first, large, default, out _));
        Assert.False(_peer.TryTakeMessage(isLastFirst ? first : last, large, default, out _));
        Assert.Equal(1, _counters[KnetDiscard.BadFragment]);
    }

    private bool Give(ushort seq, int fragment, int count, int unit, byte[] message)
    {
        var start = count == 1 ? 0 : (fragment - 1) * unit;
        var payload = message.AsSpan(start, Math.Min(unit, message.Length - start));
        if (!_peer.TryTakeMessage(Header(seq, fragment, count), payload, default, out var whole))
            return false;
        Assert.Equal(message, whole.ToArray());
        _peer.MarkDelivered(seq);
        return true;
    }

    private static DataHeader Header(ushort seq, int fragment, int count) =>
        new(new PacketHeader(PacketType.Data, 2), seq, 0, 0, 1, (byte)count, (byte)fragment, 0);

    private static byte[] Message(int seed, int bytes) =>
        [.. Enumerable.Range(0, bytes).Select(x => (byte)((31 * x) + seed))];
}
