using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Totem.Core.Evs;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Internal;

namespace Totem.Transport.Udp;

/// <summary>
/// The sockets of one member: where a frame goes, in which order frames come in, and whose port has closed. It knows the
/// kind of a frame and nothing else of the protocol. Used by the ring's thread; only <see cref="Wake"/> is for all.
/// </summary>
internal sealed class UdpTransport : IDisposable
{
    /// <summary>What Linux charges for a datagram of any size, at the least.</summary>
    private const int SmallestCharge = 2304;

    /// <summary>A link can need a moment until it carries anything.</summary>
    private const int IntroductionCount = 10;
    private static readonly TimeSpan IntroductionInterval = TimeSpan.FromSeconds(0.5);

    private readonly UdpTransportOptions _options;
    private readonly PeerTable _peers;
    private readonly NodeCounters _counters;
    private readonly OpenSockets _sockets;
    private readonly Liveness _liveness;
    private readonly Strangers _strangers;
    private readonly NetAddress _own;
    private readonly SendBatch _batch = new();
    private readonly TokenQueue _self = new();
    private readonly TokenQueue _apart = new();
    private readonly int _groupIndex;
    private readonly ILogger _logger;
    private readonly BusyWait? _busy;
    private bool _isRefusalLogged;
    private int _introductions;
    private Instant _nextIntroduction;

    // What TryReceive hands out next: a batch of one socket, or the frames to ourselves.
    private IDatagramSocket? _reading;
    private int _readingCount;
    private int _readingIndex;
    private int _repeats;
    private int _tokensPending;
    private bool _isPollFresh;

    private UdpTransport(
        UdpTransportOptions options, ProcessorId self, IReadOnlyList<UdpPeer> peers, OpenSockets sockets, NodeCounters counters, ILogger? logger)
    {
        _logger = logger ?? NullLogger.Instance;
        _busy = options.BusyPoll > TimeSpan.Zero ? new BusyWait(options.BusyPoll) : null;
        _options = options;
        Self = self;
        Members = ProcessorSet.Of([.. peers.Select(peer => peer.Id)]);
        _peers = new PeerTable(peers, self, new LocalHost().Owns);
        _groupIndex = peers.Count;
        _sockets = sockets;
        _counters = counters;
        _strangers = new Strangers(_logger, self, options.Cluster, peers);
        _own = NetAddress.Of(_peers.All[_peers.IndexOf(self)].EndPoint);
        _liveness = new Liveness(options, _peers, Self, sockets, options.Kind == UdpTransportKind.Loopback ? _strangers : null);
    }

    /// <summary>This member.</summary>
    public ProcessorId Self { get; }

    /// <summary>Every configured member.</summary>
    public ProcessorSet Members { get; }

    /// <summary>What the sockets are bound to, for people.</summary>
    public string LocalAddress => _peers.All[_peers.IndexOf(Self)].EndPoint.ToString();

    /// <summary>What the kernel granted instead of the buffers that were asked for; null when all is well.</summary>
    public string? SmallBuffers => _sockets.SmallBuffers;

    /// <summary>How many frames of this size a receiver's buffer holds while its process is not scheduled, one datagram each: a larger window
    /// would lose them.</summary>
    public int FramesHeld(int frameBytes) => _sockets.ChargeableBytes / Math.Max(SmallestCharge, frameBytes + (frameBytes / 4));

    /// <summary>Which system calls are in use.</summary>
    public DatagramPath Path => _sockets.Path;

    /// <summary>Opens and binds the sockets.</summary>
    /// <exception cref="TransportException">An address cannot be bound, or no loopback slot is free.</exception>
    public static UdpTransport Open(UdpTransportOptions options, ProcessorId self, NodeCounters counters, ILogger? logger = null)
    {
        if (options.Kind != UdpTransportKind.Loopback)
        {
            options = options with { Peers = HostAddresses.WithScopes(options.Peers, self) };
            return new UdpTransport(options, self, options.Peers, OpenSockets.Open(options, self, counters), counters, logger);
        }

        var (slot, socket) = LoopbackSlots.Take(options.LoopbackPort, options.LoopbackName, self);
        var peers = LoopbackSlots.Peers(options.LoopbackPort, options.LoopbackName);
        return new UdpTransport(options, peers[slot].Id, peers, OpenSockets.Around(options, socket, peers, counters), counters, logger);
    }

    /// <summary>Where the next frame is to be written, with room for the largest.</summary>
    public Span<byte> NextFrame
    {
        get
        {
            if (!_batch.HasRoom(_peers.All.Length))
                Flush();
            return _batch.NextFrame;
        }
    }

    /// <summary>Sends the frame in <see cref="NextFrame"/>, at the latest with the next <see cref="Flush"/>.</summary>
    public void Send(in Transmit transmit, Instant now)
    {
        var frame = _batch.NextFrame[..transmit.LengthBytes];
        if (transmit.IsMulticast)
            AddMulticast(frame, now);
        else if (transmit.Destination == Self)
            CountLost(_self.TryAdd(frame) ? 0 : 1);
        else if (_peers.IndexOf(transmit.Destination) is >= 0 and var index)
            Add(index, now);
        else
            CountLost(1);
        _batch.EndFrame(frame.Length);
    }

    /// <summary>Hands the system everything that waits to be sent.</summary>
    public void Flush()
    {
        if (_batch.IsEmpty)
            return;
        HandOver();
        _batch.Clear();
    }

    /// <summary>
    /// Regular tokens are kept apart from what came with them, and <see cref="TryReceive"/> says which goes first. Else frames come in
    /// the order in which each socket had them.
    /// </summary>
    public bool KeepsTokensApart { get; set; }

    /// <summary>What is known of the token's way, at the next <see cref="Wait"/>.</summary>
    public TokenForecast Forecast { get; set; } = TokenForecast.None;

    /// <summary>Asked by <see cref="Wait"/> where it would look for the token before it sleeps; an idle ring does not ask.</summary>
    public Func<bool> MayLook { get; set; } = static () => true;

    /// <summary>Answers those who ask from a configured address; null when this question is to be dropped.</summary>
    public Func<GroupQuestion, byte[]?>? Answers { get; set; }

    /// <summary>Told how long the thread slept; null when nobody wants to know.</summary>
    public RingTurns? Turns { get; set; }

    /// <summary>Takes the next frame that came in. The frame is valid until the next call.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="isTokenFirst">Of a token kept apart and other frames that both wait: the token, or else the token last.</param>
    public bool TryReceive(out ReadOnlySpan<byte> frame, bool isTokenFirst = false)
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
                _repeats = IsApart(_reading!, _readingIndex++) ? 0 : Examine(_reading!, _readingIndex - 1);
            else if (!TryReadBatch())
            {
                if (_apart.TryTake(out frame) || _self.TryTake(out frame))
                    return true;
                LookEverywhere();
                return false;
            }
        }
    }

    /// <summary>Sleeps until something can be received, somebody wakes us, or the time is over.</summary>
    public void Wait(TimeSpan? timeout)
    {
        if (!IsDrained)
            timeout = TimeSpan.Zero;
        else if (_busy is { } busy && busy.Pays(Forecast) && MayLook() && Look(busy, ref timeout))
            return;
        var began = Turns is not null && timeout != TimeSpan.Zero ? Stopwatch.GetTimestamp() : 0;
        _liveness.Take(_sockets.Poller.Wait(timeout));
        if (began != 0)
            Turns!.Rested(Stopwatch.GetElapsedTime(began));
        _isPollFresh = true;
    }

    /// <summary>Ends the present or next <see cref="Wait"/>. Any thread, also after <see cref="Dispose"/>.</summary>
    public void Wake()
    {
        if (_busy is null || !_busy.TryWake())
            _sockets.Poller.Wake();
    }

    /// <summary>Takes the next member at whose port nobody listens any more.</summary>
    public bool TryTakeUnreachable(Instant now, out ProcessorId unreachable) => _liveness.TryTakeUnreachable(now, out unreachable);

    /// <summary>
    /// Probes the successor, or everybody who was heard while there is none, where they run on this host and nothing was
    /// sent to them for a while: an idle ring sends so little that a closed port would be noticed late. And who was heard and is no member.
    /// </summary>
    /// <returns>When to call again; null when nobody is to be probed.</returns>
    public Instant? ProbeIfQuiet(ProcessorId successor, ProcessorSet members, Instant now) => _liveness.ProbeIfQuiet(successor, members, now);

    /// <summary>Sees to it that a multicast ring's sockets are in their group, whatever has become of the interface.</summary>
    /// <returns>When to call again; null when there is nothing to see to.</returns>
    public Instant? CheckInterface(Instant now)
    {
        if (!OperatingSystem.IsLinux() || _sockets.Multicast is not { } multicast)
            return null;
        var change = multicast.Check(now, out var next);
        if (change == MulticastChange.Gone)
        {
            Log.InterfaceGone(_logger, Self, LocalAddress, _options.Group!);
        }
        else if (change != MulticastChange.None)
        {
            Log.InterfaceBack(_logger, Self, LocalAddress, _options.Group!, change == MulticastChange.JoinedAgain ? "joined" : "heard");
            _introductions = IntroductionCount;
        }

        IntroduceInterface(now);
        return next;
    }

    /// <summary>
    /// The others still have the hardware address of the interface that was, and would send their tokens there for half a minute. Our multicasts
    /// tell them nothing new, but what is meant for one of them makes the kernel ask who has its address, and whoever hears that learns ours.
    /// </summary>
    private void IntroduceInterface(Instant now)
    {
        if (_introductions == 0 || now < _nextIntroduction)
            return;
        _introductions--;
        _nextIntroduction = now + IntroductionInterval;
        for (var i = 0; i < _peers.All.Length; i++)
        {
            if (!_peers.All[i].IsSelf)
                _sockets.Sender.Probe(i);
        }
    }

    /// <summary>Tests ask whether the end of a member's process would be noticed at once.</summary>
    internal bool IsWatching(ProcessorId peer) => _liveness.IsWatching(_peers.IndexOf(peer));

    /// <inheritdoc />
    public void Dispose() => _sockets.Dispose();

    /// <summary>Whoever stops reading in the middle must not sleep on what has left the sockets already.</summary>
    private bool IsDrained => _self.IsEmpty && _apart.IsEmpty && _repeats == 0 && _readingIndex == _readingCount && _tokensPending == 0;

    /// <summary>Looks for datagrams until one has come, we are woken, or the time to do so is over.</summary>
    /// <returns>False when it is time to sleep, for what is left of the timeout.</returns>
    private bool Look(BusyWait busy, ref TimeSpan? timeout)
    {
        var began = Stopwatch.GetTimestamp();
        busy.Begin(began);
        var deadline = timeout is { } limit ? began + (long)(limit.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
        bool found;
        do
        {
            _sockets.Receiver.MayHaveMore = true;
            if (_sockets.GroupReceiver is { } group)
                group.MayHaveMore = true;
            // It knows better than we which sockets are worth a look.
            if (busy.IsPollerDue())
                _liveness.Take(_sockets.Poller.Wait(TimeSpan.Zero));
            found = TryReadBatch();
            // Whoever else wants the core has it first: the token it has to send is what we wait for.
            if (!found)
                Thread.Yield();
        }
        while (!found && !_liveness.HasReports && busy.GoesOn(deadline));

        var woken = busy.End();
        if (timeout is { } whole)
            timeout = whole - Stopwatch.GetElapsedTime(began);
        return found || woken || _liveness.HasReports || timeout <= TimeSpan.Zero;
    }

    private void HandOver()
    {
        foreach (ref readonly var burst in _batch.Bursts)
        {
            _counters.DatagramsSent += (long)burst.FrameCount * burst.DestinationCount;
            foreach (var frame in _batch.FramesOf(in burst))
                _counters.BytesSent += (long)frame.LengthBytes * burst.DestinationCount;
        }

        CountLost(_sockets.Sender.Send(_batch));
        if (_counters.SegmentationRefused == 0 || _isRefusalLogged)
            return;
        _isRefusalLogged = true;
        Log.SegmentationRefused(_logger, LocalAddress);
    }

    private void AddMulticast(ReadOnlySpan<byte> frame, Instant now)
    {
        if (_options.Kind == UdpTransportKind.Multicast)
        {
            _batch.Add(_groupIndex);
            return;
        }

        // corosync sends a copy to every configured node, running or not, and so do we. Of the loopback slots most are
        // empty: who was not heard gets only what introduces us to it.
        var toAll = _options is { Kind: UdpTransportKind.Unicast, HasSparsePeers: false } || Introduces(frame);
        for (var i = 0; i < _peers.All.Length; i++)
        {
            if (!_peers.All[i].IsSelf && (toAll || _peers.All[i].IsHeard))
                Add(i, now);
        }
    }

    private static bool Introduces(ReadOnlySpan<byte> frame)
        => frame.Length > 3 && (FrameKind)frame[3] is FrameKind.Join or FrameKind.MergeDetect;

    private void Add(int index, Instant now)
    {
        _batch.Add(index);
        _peers.All[index].LastSent = now;
    }

    /// <summary>
    /// The order of reading (wire.md section 3.2): tokens are taken from their socket first and wait until the multicast
    /// socket is empty, because what was sent before a token must be read before it, or it looks lost.
    /// </summary>
    private bool TryReadBatch()
    {
        if (_tokensPending == 0)
            ReceiveTokens();
        _isPollFresh = false;
        if (_sockets.GroupReceiver is { } group && group.Receive() is > 0 and var count)
        {
            (_reading, _readingCount) = (group, count);
            // While so much was read a token can have come, though the last look or the poller saw none.
            _sockets.Receiver.MayHaveMore |= group.MayHaveMore;
        }
        else if (_tokensPending > 0)
            (_reading, _readingCount, _tokensPending) = (_sockets.Receiver, _tokensPending, 0);
        else if (_sockets.Sender != _sockets.Receiver && _sockets.Sender.Receive() is > 0 and var stray)
            (_reading, _readingCount) = (_sockets.Sender, stray);
        else
            return false;
        _readingIndex = 0;
        return true;
    }

    private void ReceiveTokens()
    {
        _tokensPending = _sockets.Receiver.Receive();
        for (var i = 0; i < _tokensPending; i++)
            SetApart(_sockets.Receiver, i);
        // The poller looks at the token socket first: what was sent before the token that it saw, it saw too. Any further one is younger.
        var isKnown = _isPollFresh && _tokensPending == 1;
        if (_tokensPending > 0 && !isKnown && _sockets.GroupReceiver is { } group)
            group.MayHaveMore = true;
    }

    /// <summary>Whoever asks again without having waited wants to know: nothing is taken for empty.</summary>
    private void LookEverywhere()
    {
        _sockets.Sender.MayHaveMore = true;
        _sockets.Receiver.MayHaveMore = true;
        if (_sockets.GroupReceiver is { } group)
            group.MayHaveMore = true;
    }

    private bool IsApart(IDatagramSocket socket, int index) =>
        KeepsTokensApart && socket == _sockets.Receiver && socket.Datagram(index) is [_, _, _, (byte)FrameKind.RegularToken, ..];

    private void SetApart(IDatagramSocket socket, int index)
    {
        for (var copies = IsApart(socket, index) ? Examine(socket, index) : 0; copies > 0; copies--)
            CountLost(_apart.TryAdd(socket.Datagram(index)) ? 0 : 1);
    }

    /// <returns>How often the datagram is to be handed out.</returns>
    private int Examine(IDatagramSocket socket, int index)
    {
        var datagram = socket.Datagram(index);
        var listed = _peers.Accepts(socket.Source(index), out var peerIndex);
        if (!listed && _options.Kind != UdpTransportKind.Multicast && !_options.AcceptUnlistedSources)
        {
            _counters.DatagramsIgnored++;
            _strangers.Ignored(socket.Source(index), datagram);
            return 0;
        }

        // Before anything else is made of it: whoever asks is no member, has any port, and may be on this host.
        if (listed && GroupQuestion.TryRead(datagram, out var question))
        {
            if (Answers?.Invoke(question) is { } answer)
                socket.Answer(answer, socket.Source(index));
            return 0;
        }

        // Frames that we send to ourselves take no socket, and a group's copies are not looped back.
        if (peerIndex >= 0 && _peers.All[peerIndex].IsSelf && (_options.Kind == UdpTransportKind.Multicast || socket.Source(index) == _own))
        {
            _counters.DatagramsIgnored++;
            _strangers.ClaimedToBeUs(socket.Source(index));
            return 0;
        }

        if (peerIndex >= 0)
            _peers.All[peerIndex].Heard();
        if (!_options.AcceptUnlistedSources && (peerIndex < 0 || !IsFrom(datagram, _peers.All[peerIndex].Id)))
            NoteUnlisted(socket.Source(index), datagram);

        // A probe: it only asked whether anybody listens here.
        if (datagram.IsEmpty)
            return 0;
        _counters.DatagramsReceived++;
        _counters.BytesReceived += datagram.Length;
        return _options.ReceiveFilter is { } filter ? filter(datagram) : 1;
    }

    /// <summary>The sender of nearly every frame, at the cost of one comparison.</summary>
    private static bool IsFrom(ReadOnlySpan<byte> datagram, ProcessorId peer)
        => datagram.Length < 9 || BinaryPrimitives.ReadUInt32LittleEndian(datagram[5..]) == peer.Value;

    /// <summary>The engine drops frames of processors that are not in the list; it does not know where they came from.</summary>
    private void NoteUnlisted(NetAddress source, ReadOnlySpan<byte> datagram)
    {
        var claimed = Strangers.ClaimedBy(datagram);
        if (!claimed.IsNone && !Members.Contains(claimed))
            _strangers.Ignored(source, datagram);
    }

    private void CountLost(int count) => _counters.DatagramsLostBySystem += count;
}
