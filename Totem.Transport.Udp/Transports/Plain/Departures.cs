using Microsoft.Extensions.Logging;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Plain;

/// <summary>Where each frame goes, and the batch in which it waits to go there.</summary>
internal sealed class Departures(
    UdpTransportOptions options, PeerTable peers, OpenSockets sockets, NodeCounters counters, ILogger logger)
{
    private readonly SendBatch _batch = new();
    private bool _isRefusalLogged;

    /// <summary>Where the next frame is to be written, with room for the largest.</summary>
    public Span<byte> NextFrame
    {
        get
        {
            if (!_batch.HasRoom(peers.All.Length))
                Flush();
            return _batch.NextFrame;
        }
    }

    /// <summary>The frame that was written goes to this member, which is another one.</summary>
    public void Send(ProcessorId destination, int lengthBytes, Instant now)
    {
        if (peers.IndexOf(destination) is >= 0 and var index)
            Add(index, now);
        else
            CountLost(1);
        _batch.EndFrame(lengthBytes);
    }

    /// <summary>The frame that was written goes to all others.</summary>
    public void Multicast(int lengthBytes, Instant now)
    {
        if (options.Kind == UdpTransportKind.Multicast)
            _batch.Add(peers.All.Length); // The group stands behind the peers.
        else
            AddCopies(_batch.NextFrame[..lengthBytes], now);
        _batch.EndFrame(lengthBytes);
    }

    /// <summary>The frame that was written does not leave: it is for ourselves.</summary>
    /// <returns>The frame, until the next is written.</returns>
    public ReadOnlySpan<byte> Take(int lengthBytes) => _batch.NextFrame[..lengthBytes];

    /// <summary>Hands the system everything that waits to be sent.</summary>
    public void Flush()
    {
        if (_batch.IsEmpty)
            return;
        HandOver();
        _batch.Clear();
    }

    private void HandOver()
    {
        foreach (ref readonly var burst in _batch.Bursts)
        {
            counters.DatagramsSent += (long)burst.FrameCount * burst.DestinationCount;
            foreach (var frame in _batch.FramesOf(in burst))
                counters.BytesSent += (long)frame.LengthBytes * burst.DestinationCount;
        }

        CountLost(sockets.Sender.Send(_batch));
        if (counters.SegmentationRefused == 0 || _isRefusalLogged)
            return;
        _isRefusalLogged = true;
        Log.SegmentationRefused(logger, peers.Self.EndPoint.ToString());
    }

    /// <summary>
    /// corosync sends a copy to every configured node, running or not, and so do we. Of the loopback slots most are
    /// empty: who was not heard gets only what introduces us to it.
    /// </summary>
    private void AddCopies(ReadOnlySpan<byte> frame, Instant now)
    {
        var toAll = options is { Kind: UdpTransportKind.Unicast, HasSparsePeers: false } || Introduces(frame);
        for (var i = 0; i < peers.All.Length; i++)
        {
            if (!peers.All[i].IsSelf && (toAll || peers.All[i].IsHeard))
                Add(i, now);
        }
    }

    private static bool Introduces(ReadOnlySpan<byte> frame)
        => frame.Length > 3 && (FrameKind)frame[3] is FrameKind.Join or FrameKind.MergeDetect;

    private void Add(int index, Instant now)
    {
        _batch.Add(index);
        peers.All[index].LastSent = now;
    }

    private void CountLost(int count) => counters.DatagramsLostBySystem += count;
}
