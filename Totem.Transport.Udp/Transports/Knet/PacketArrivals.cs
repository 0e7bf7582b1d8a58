using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Transport.Knet;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Wire;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>
/// The way in: from the sockets of all links through the machine to the ring. A token that is to be kept apart waits
/// until nothing else is left in the sockets (as on a ring in clear); one that is to be first is handed out where it
/// stands, since what it is shows only when it is open.
/// </summary>
internal sealed class PacketArrivals(
    UdpTransportOptions options, KnetMachine machine, LinkSockets sockets, NodeCounters counters)
{
    private readonly byte[] _marked = GC.AllocateUninitializedArray<byte>(KnetFormat.MessageBytesMax);
    private readonly TokenQueue _self = new();
    private readonly TokenQueue _apart = new();
    private LinkSocket? _reading;
    private int _count;
    private int _index;
    private int _nextLink;

    /// <summary>Regular tokens are kept apart from what came with them.</summary>
    public bool KeepsTokensApart { get; set; }

    /// <summary>Datagrams of addresses that are no member's.</summary>
    public long Ignored { get; private set; }

    /// <summary>Nothing that was read waits to be handed out.</summary>
    public bool IsDrained => _self.IsEmpty && _apart.IsEmpty && _index == _count;

    /// <summary>Keeps a frame to ourselves until what is in the sockets has been read.</summary>
    public void AddOwn(ReadOnlySpan<byte> frame) => counters.DatagramsLostBySystem += _self.TryAdd(frame) ? 0 : 1;

    /// <summary>Links have come and gone. A batch whose link is closed is not read to its end: the network may lose
    /// packets, and the ring asks for them.</summary>
    public void HandleLinks()
    {
        _nextLink = 0;
        if (_reading is { } reading && Array.IndexOf(sockets.All, reading) < 0)
            (_reading, _count, _index) = (null, 0, 0);
    }

    /// <summary>No socket is taken for empty.</summary>
    public void LookAgain()
    {
        foreach (var link in sockets.All)
            link.Socket.MayHaveMore = true;
    }

    /// <summary>Reads what one socket has, when nothing is left of the batch before.</summary>
    public bool TryReadBatch()
    {
        for (var i = 0; i < sockets.All.Length; i++)
        {
            var link = sockets.All[_nextLink];
            _nextLink = (_nextLink + 1) % sockets.All.Length;
            var count = link.Socket.Receive();
            if (count == 0)
                continue;
            (_reading, _count, _index) = (link, count, 0);
            return true;
        }

        return false;
    }

    /// <summary>Takes the next frame. It is valid until the next call.</summary>
    /// <param name="clock">The machine's time.</param>
    /// <param name="isTokenFirst">Of a token kept apart and other frames that both wait: the token,
    /// or else the token last.</param>
    /// <param name="frame">The frame.</param>
    public bool TryReceive(Func<Instant> clock, bool isTokenFirst, out ReadOnlySpan<byte> frame)
    {
        var now = _index < _count ? clock() : default;
        while (true)
        {
            if (isTokenFirst && _apart.TryTake(out frame))
                return true;
            if (_index < _count)
            {
                if (TryOpen(_reading!, _index++, now, out frame) && !IsSetApart(frame, isTokenFirst))
                    return true;
            }
            else if (TryReadBatch())
            {
                now = clock();
            }
            else
            {
                if (_apart.TryTake(out frame) || _self.TryTake(out frame))
                    return true;
                // A caller that asks again without having waited wants to know: nothing is taken for empty.
                LookAgain();
                return false;
            }
        }
    }

    private bool IsSetApart(ReadOnlySpan<byte> frame, bool isTokenFirst)
    {
        if (!KeepsTokensApart || isTokenFirst || frame is not [_, _, _, (byte)FrameKind.RegularToken, ..])
            return false;
        counters.DatagramsLostBySystem += _apart.TryAdd(frame) ? 0 : 1;
        return true;
    }

    private bool TryOpen(LinkSocket link, int index, Instant now, out ReadOnlySpan<byte> frame)
    {
        frame = default;
        var source = link.Socket.Source(index);
        if (!link.Peers.Accepts(source, out var peer))
        {
            Ignored++;
            return false;
        }

        var datagram = link.Socket.Datagram(index);
        if (peer >= 0)
            link.Peers.All[peer].Heard(counters.Now);
        // A probe: it only asked whether anybody listens here.
        if (datagram.IsEmpty)
            return false;
        counters.DatagramsReceived++;
        counters.BytesReceived += datagram.Length;
        var copies = options.ReceiveFilter is { } filter ? filter(datagram) : 1;
        if (copies == 0
            || !machine.HandleDatagram(datagram, new KnetAddress(source.High, source.Low), now, out var message))
            return false;
        frame = message.Bytes;
        if (!FrameTarget.IsMarked(frame))
            return true;
        // A frame for one node is a token or smaller; the machine's memory is its own.
        frame.CopyTo(_marked);
        var unmarked = _marked.AsSpan(0, frame.Length);
        FrameTarget.Unmark(unmarked);
        frame = unmarked;
        return true;
    }
}
