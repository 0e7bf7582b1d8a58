using Totem.Core.Time;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Tests.Sequence;

/// <summary>The news of a peer's numbers that its pings bring (KNET §8.2).</summary>
public sealed class PeerSequenceTests
{
    private readonly PeerSequence _peer = new(new PartialMessages(), new KnetCounters());
    private Instant _now = new(TimeSpan.TicksPerSecond);

    [Fact]
    public void A_timed_ping_of_zero_after_another_number_is_a_restart()
    {
        Assert.False(_peer.HandleTimedPing(0, _now));
        Assert.True(Deliver(5));
        Assert.False(_peer.HandleTimedPing(5, _now));
        Assert.False(Deliver(5));
        Assert.True(_peer.HandleTimedPing(0, _now));
        Assert.True(Deliver(5));
    }

    /// <summary>A peer whose pings carried 0 all the time has sent nothing that they could tell; the first copies of
    /// them change nothing.</summary>
    [Fact]
    public void Zero_again_is_no_restart()
    {
        Assert.True(Deliver(1));
        Assert.False(_peer.HandleTimedPing(0, _now));
        Assert.False(Deliver(1));
    }

    /// <summary>A process that lived too shortly for a ping with a number of its own: what it sent
    /// must not hide the next one's messages.</summary>
    [Fact]
    public void Zero_when_data_has_come_for_a_while_is_a_restart()
    {
        Assert.False(_peer.HandleTimedPing(0, _now));
        Assert.True(Deliver(1));
        _now += TimeSpan.FromMilliseconds(999);
        Assert.False(_peer.HandleTimedPing(0, _now));
        Assert.False(Deliver(1));
        _now += TimeSpan.FromMilliseconds(1);
        Assert.True(_peer.HandleTimedPing(0, _now));
        Assert.True(Deliver(1));
        Assert.False(_peer.HandleTimedPing(0, _now));
    }

    [Fact]
    public void An_untimed_ping_after_no_data_begins_a_window_at_its_number()
    {
        Assert.True(Deliver(1));
        _peer.HandleUntimedPing(8191);
        Assert.True(Deliver(8191));
        Assert.False(Deliver(8191));
        _peer.HandleUntimedPing(16_382);
        Assert.True(Deliver(16_382));
        _peer.HandleUntimedPing(24_573);
        _peer.HandleUntimedPing(32_764);
        Assert.True(Deliver(32_764));
    }

    private bool Deliver(ushort seq)
    {
        var header = new DataHeader(new PacketHeader(PacketType.Data, 2), seq, 0, 0, 1, 1, 0, 0);
        if (!_peer.TryTakeMessage(in header, [1], _now, out _))
            return false;
        _peer.MarkDelivered(seq);
        return true;
    }
}
