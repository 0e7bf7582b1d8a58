using Totem.Core.Time;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Sequence;

/// <summary>
/// The numbers of one peer: what of it was delivered, what is in pieces, and what its pings say of them (KNET §8).
/// </summary>
internal sealed class PeerSequence
{
    /// <summary>A ping that was sent before the first data has arrived by then.</summary>
    private static readonly TimeSpan PacketLifetime = TimeSpan.FromSeconds(1);

    private readonly SequenceWindow _window = new();
    private readonly Defragmenter _defragmenter;
    private readonly KnetCounters _counters;
    private ushort _lastTimed;
    private ushort _lastUntimed;
    private bool _hasDataSinceUntimed;
    private Instant? _firstDataAt;

    public PeerSequence(PartialMessages pool, KnetCounters counters)
    {
        _counters = counters;
        _defragmenter = new Defragmenter(_window, pool, counters);
    }

    /// <summary>Messages that are not whole.</summary>
    public int PartialCount => _defragmenter.PartialCount;

    /// <summary>
    /// A periodic ping. One with 0, where another number was known, comes from a process that has sent nothing yet. So
    /// does one with 0 when data has come for a while, which libknet does not notice: a process that ended before a
    /// ping of it told a number would else leave its numbers behind, and the next one's first messages would be taken
    /// for copies.
    /// </summary>
    /// <returns>True when the peer has started anew.</returns>
    public bool HandleTimedPing(ushort seq, Instant now)
    {
        var hasOldData = _firstDataAt is { } at && now - at >= PacketLifetime;
        var isRestart = seq == 0 && (_lastTimed != 0 || hasOldData);
        _lastTimed = seq;
        if (isRestart)
            Restart(0);
        return isRestart;
    }

    /// <summary>A ping that stands before every 8,191st message: it keeps the window of a peer in place that gets few
    /// of them.</summary>
    public void HandleUntimedPing(ushort seq)
    {
        if (seq != _lastUntimed)
        {
            _lastUntimed = seq;
            if (!_hasDataSinceUntimed)
                Restart(seq);
            _hasDataSinceUntimed = false;
        }

        _defragmenter.AbandonOld();
        _window.IsUndelivered(seq);
    }

    /// <summary>A packet of data, whose header the decoder has checked.</summary>
    /// <param name="data">The header.</param>
    /// <param name="payload">The bytes that follow it.</param>
    /// <param name="now">The time.</param>
    /// <param name="message">The message, valid until the next call; marked as delivered by
    /// <see cref="MarkDelivered"/>.</param>
    /// <returns>False for a duplicate, and for a fragment that leaves others missing.</returns>
    public bool TryTakeMessage(
        scoped in DataHeader data, ReadOnlySpan<byte> payload, Instant now, out ReadOnlySpan<byte> message)
    {
        message = default;
        _hasDataSinceUntimed = true;
        _firstDataAt ??= now;
        _defragmenter.AbandonOld();
        if (!_window.IsUndelivered(data.Seq))
        {
            _counters.Count(KnetDiscard.Duplicate);
            return false;
        }

        if (!data.IsFragment)
        {
            message = payload;
            return true;
        }

        return _defragmenter.TryComplete(in data, payload, out message);
    }

    /// <summary>The message was handed up. One that was not may come again.</summary>
    public void MarkDelivered(ushort seq) => _window.MarkDelivered(seq);

    /// <summary>Nothing is known of the peer any more: it cannot be reached, or is another process.</summary>
    public void Restart(ushort reference)
    {
        _window.Restart(reference);
        _defragmenter.AbandonAll();
        _firstDataAt = null;
    }
}
