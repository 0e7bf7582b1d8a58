using Totem.Core.Wire;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Plain;

/// <summary>
/// The order of reading (WIRE §3.2): tokens are taken from their socket first and wait until the multicast
/// socket is empty, because what was sent before a token must be read before it, or it looks lost.
/// </summary>
internal sealed class ReadingOrder(OpenSockets sockets, Arrivals arrivals, NodeCounters counters)
{
    private readonly TokenQueue _self = new();
    private readonly TokenQueue _apart = new();

    // The source of the next datagram of TryReceive: a batch of one socket, or the frames to ourselves.
    private IDatagramSocket? _reading;
    private int _readingCount;
    private int _readingIndex;
    private int _repeats;
    private int _tokensPending;
    private bool _isPollFresh;

    /// <summary>Regular tokens are kept apart from what came with them.</summary>
    public bool KeepsTokensApart { get; set; }

    /// <summary>A caller that stops reading in the middle must not sleep on what has left the sockets
    /// already.</summary>
    public bool IsDrained =>
        _self.IsEmpty && _apart.IsEmpty && _repeats == 0 && _readingIndex == _readingCount && _tokensPending == 0;

    /// <summary>The poller has just been asked which sockets have something.</summary>
    public void NotePoll() => _isPollFresh = true;

    /// <summary>Keeps a frame to ourselves until what is in the sockets has been read.</summary>
    public void AddOwn(ReadOnlySpan<byte> frame) => CountLost(_self.TryAdd(frame) ? 0 : 1);

    /// <summary>Takes the next frame. It is valid until the next call.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="isTokenFirst">Of a token kept apart and other frames that both wait: the token,
    /// or else the token last.</param>
    public bool TryReceive(out ReadOnlySpan<byte> frame, bool isTokenFirst)
    {
        while (true)
        {
            if (_repeats > 0)
            {
                _repeats--;
                frame = _reading!.Datagram(_readingIndex - 1);
                return true;
            }

            if (isTokenFirst && _apart.TryTake(out frame))
                return true;
            if (_readingIndex < _readingCount)
                _repeats = IsApart(_reading!, _readingIndex++) ? 0 : arrivals.CopiesOf(_reading!, _readingIndex - 1);
            else if (!TryReadBatch())
            {
                if (_apart.TryTake(out frame) || _self.TryTake(out frame))
                    return true;
                // A caller that asks again without having waited wants to know: nothing is taken for empty.
                sockets.Sender.MayHaveMore = true;
                LookAgain();
                return false;
            }
        }
    }

    /// <summary>The sockets that frames come in by are not taken for empty.</summary>
    public void LookAgain()
    {
        sockets.Receiver.MayHaveMore = true;
        if (sockets.GroupReceiver is { } group)
            group.MayHaveMore = true;
    }

    /// <summary>Reads what one socket has, when nothing is left of the batch before.</summary>
    public bool TryReadBatch()
    {
        if (_tokensPending == 0)
            ReceiveTokens();
        _isPollFresh = false;
        if (sockets.GroupReceiver is { } group && group.Receive() is > 0 and var count)
        {
            (_reading, _readingCount) = (group, count);
            // While so much was read a token can have come, though the last look or the poller saw none.
            sockets.Receiver.MayHaveMore |= group.MayHaveMore;
        }
        else if (_tokensPending > 0)
            (_reading, _readingCount, _tokensPending) = (sockets.Receiver, _tokensPending, 0);
        else if (sockets.Sender != sockets.Receiver && sockets.Sender.Receive() is > 0 and var stray)
            (_reading, _readingCount) = (sockets.Sender, stray);
        else
            return false;
        _readingIndex = 0;
        return true;
    }

    private void ReceiveTokens()
    {
        _tokensPending = sockets.Receiver.Receive();
        for (var i = 0; i < _tokensPending; i++)
            SetApart(sockets.Receiver, i);
        // The poller looks at the token socket first: what was sent before the token that it saw,
        // it saw too. Any further one is younger.
        var isKnown = _isPollFresh && _tokensPending == 1;
        if (_tokensPending > 0 && !isKnown && sockets.GroupReceiver is { } group)
            group.MayHaveMore = true;
    }

    private bool IsApart(IDatagramSocket socket, int index) =>
        KeepsTokensApart && socket == sockets.Receiver
            && socket.Datagram(index) is [_, _, _, (byte)FrameKind.RegularToken, ..];

    private void SetApart(IDatagramSocket socket, int index)
    {
        for (var copies = IsApart(socket, index) ? arrivals.CopiesOf(socket, index) : 0; copies > 0; copies--)
            CountLost(_apart.TryAdd(socket.Datagram(index)) ? 0 : 1);
    }

    private void CountLost(int count) => counters.DatagramsLostBySystem += count;
}
