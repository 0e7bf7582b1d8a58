using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Inquiry;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Slots;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Plain;

/// <summary>
/// Frames as they are, each in a datagram: corosync's transports <c>udp</c> and <c>udpu</c>, and the loopback. Where a
/// frame goes <see cref="Departures"/> knows, in which order frames come in <see cref="ReadingOrder"/>, and whose port
/// has closed <see cref="Liveness"/>.
/// </summary>
internal sealed class UdpTransport : IRingTransport, ISleepSource
{
    private readonly PeerTable _peers;
    private readonly OpenSockets _sockets;
    private readonly Liveness _liveness;
    private readonly Departures _departures;
    private readonly Arrivals _arrivals;
    private readonly ReadingOrder _reading;
    private readonly GroupInterface _interface;
    private readonly RingSleep _sleep;

    private UdpTransport(
        UdpTransportOptions options, ProcessorId self, IReadOnlyList<UdpPeer> peers, OpenSockets sockets,
        NodeCounters counters, ILogger? logger)
    {
        logger ??= NullLogger.Instance;
        Self = self;
        Members = ProcessorSet.Of([.. peers.Select(peer => peer.Id)]);
        _sleep = new RingSleep(this, options.BusyPoll);
        _peers = new PeerTable(peers, self, new LocalHost().Owns);
        _sockets = sockets;
        var strangers = new Strangers(logger, self, options.Cluster, peers);
        _liveness = new Liveness(
            options, _peers, self, sockets.Sender, sockets.Watch,
            options.Kind == UdpTransportKind.Loopback ? strangers : null);
        _departures = new Departures(options, _peers, sockets, counters, logger);
        _arrivals = new Arrivals(options, _peers, Members, NetAddress.Of(_peers.Self.EndPoint), counters, strangers);
        _reading = new ReadingOrder(sockets, _arrivals, counters);
        _interface = new GroupInterface(options, _peers, sockets, logger);
    }

    /// <inheritdoc />
    public ProcessorId Self { get; }

    /// <inheritdoc />
    public ProcessorSet Members { get; }

    /// <inheritdoc />
    public string LocalAddress => _peers.Self.EndPoint.ToString();

    /// <inheritdoc />
    public string? SmallBuffers => _sockets.SmallBuffers;

    /// <inheritdoc />
    public int FramesHeld(int frameBytes) => _sockets.FramesHeld(frameBytes);

    /// <inheritdoc />
    public DatagramPath Path => _sockets.Path;

    /// <inheritdoc />
    public bool KeepsTokensApart
    {
        get => _reading.KeepsTokensApart;
        set => _reading.KeepsTokensApart = value;
    }

    /// <inheritdoc />
    public TokenForecast Forecast { get; set; } = TokenForecast.None;

    /// <inheritdoc />
    public Func<bool> MayLook { get; set; } = static () => true;

    /// <inheritdoc />
    public Func<GroupQuestion, byte[]?>? Answers
    {
        get => _arrivals.Answers;
        set => _arrivals.Answers = value;
    }

    /// <inheritdoc />
    public RingTurns? Turns { get; set; }

    /// <inheritdoc />
    public Span<byte> NextFrame => _departures.NextFrame;

    /// <summary>Opens and binds the sockets.</summary>
    /// <exception cref="TransportException">An address cannot be bound, or no loopback slot is free.</exception>
    public static UdpTransport Open(
        UdpTransportOptions options, ProcessorId self, NodeCounters counters, ILogger? logger = null)
    {
        if (options.Kind != UdpTransportKind.Loopback)
        {
            options = options with { Peers = PeerScopes.WithScopes(options.Peers, self) };
            return new UdpTransport(
                options, self, options.Peers, OpenSockets.Open(options, self, counters), counters, logger);
        }

        var (slot, socket) = LoopbackSlots.Take(options.LoopbackPort, options.LoopbackName, self);
        var peers = LoopbackSlots.Peers(options.LoopbackPort, options.LoopbackName);
        return new UdpTransport(
            options, peers[slot].Id, peers, OpenSockets.Around(options, socket, peers, counters), counters, logger);
    }

    /// <inheritdoc />
    public void Send(in Transmit transmit, Instant now)
    {
        if (transmit.IsMulticast)
            _departures.Multicast(transmit.LengthBytes, now);
        else if (transmit.Destination == Self)
            _reading.AddOwn(_departures.Take(transmit.LengthBytes));
        else
            _departures.Send(transmit.Destination, transmit.LengthBytes, now);
    }

    /// <inheritdoc />
    public void Flush() => _departures.Flush();

    /// <inheritdoc />
    public bool TryReceive(out ReadOnlySpan<byte> frame, bool isTokenFirst = false) =>
        _reading.TryReceive(out frame, isTokenFirst);

    /// <inheritdoc />
    public void Wait(TimeSpan? timeout)
    {
        if (_sleep.Wait(timeout, Forecast, MayLook, Turns))
            _reading.NotePoll();
    }

    /// <inheritdoc />
    public void Wake() => _sleep.Wake();

    /// <inheritdoc />
    public bool TryTakeUnreachable(Instant now, out ProcessorId unreachable) =>
        _liveness.TryTakeUnreachable(now, out unreachable);

    /// <inheritdoc />
    public Instant? ProbeIfQuiet(ProcessorId successor, ProcessorSet members, Instant now) =>
        _liveness.ProbeIfQuiet(successor, members, now);

    /// <inheritdoc />
    public Instant? CheckInterface(Instant now) => _interface.Check(now);

    /// <inheritdoc />
    public long LastHeard(ProcessorId member) =>
        _peers.IndexOf(member) is >= 0 and var index ? _peers.All[index].LastHeard : 0;

    /// <summary>Tests ask whether the end of a member's process would be noticed at once.</summary>
    internal bool IsWatching(ProcessorId peer) => _liveness.IsWatching(_peers.IndexOf(peer));

    /// <inheritdoc />
    public void Dispose() => _sockets.Dispose();

    bool ISleepSource.IsDrained => _reading.IsDrained;

    bool ISleepSource.HasReports => _liveness.HasReports;

    void ISleepSource.Poll(TimeSpan? timeout) => _liveness.Take(_sockets.Poller.Wait(timeout));

    void ISleepSource.LookAgain() => _reading.LookAgain();

    bool ISleepSource.TryReadBatch() => _reading.TryReadBatch();

    void ISleepSource.WakePoll() => _sockets.Poller.Wake();
}
