using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Transport.Knet;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Inquiry;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>
/// corosync's transport <c>knet</c>: between the ring and the sockets of the links stands <see cref="KnetMachine"/>,
/// which seals and opens. The machine has a clock of its own here, because it is asked at moments that the ring's host
/// does not know of.
/// </summary>
internal sealed class KnetTransport : IRingTransport, ISleepSource
{
    private const int PacketBytesUsual = 1300;
    private static readonly TimeSpan ReviewInterval = TimeSpan.FromSeconds(1);

    private static readonly long Origin = Stopwatch.GetTimestamp();

    private readonly TimeSpan _tokenTimeout;
    private readonly KnetMachine _machine;
    private readonly LinkSockets _sockets;
    private readonly PacketArena _arena;
    private readonly PacketArrivals _arrivals;
    private readonly LinkNews _news;
    private readonly NodeCounters _counters;
    private readonly RingSleep _sleep;
    private readonly byte[] _frame = GC.AllocateUninitializedArray<byte>(WireFormat.MaxFrameBytes);
    private readonly Queue<ProcessorId> _unreachable = new();
    private readonly RandomPool _random;
    private readonly KeyChange _keyChange;
    private readonly byte[] _announcement = new byte[KeyChange.MessageBytes];
    private UdpTransportOptions _options;
    private KnetReload? _reload;
    private int _announcementBytes;
    private string _keyMark;
    private Instant _nextReview;

    private KnetTransport(
        UdpTransportOptions options, ProcessorId self, TimeSpan tokenTimeout, KnetMachine machine, string keyMark,
        RandomPool random, LinkNews news, LinkSockets sockets, PacketArena arena, NodeCounters counters)
    {
        (_options, _tokenTimeout) = (options, tokenTimeout);
        (_keyMark, _random, _keyChange) = (keyMark, random, new KeyChange(machine));
        Self = self;
        Members = MembersOf(options);
        (_machine, _news, _sockets, _arena, _counters) = (machine, news, sockets, arena, counters);
        _sleep = new RingSleep(this, options.BusyPoll);
        _arrivals = new PacketArrivals(options, machine, sockets, counters);
        arena.Use(sockets.All);
        machine.Start(Now());
        GatherAndFlush();
    }

    /// <inheritdoc />
    public ProcessorId Self { get; }

    /// <inheritdoc />
    public ProcessorSet Members { get; private set; }

    /// <inheritdoc />
    public string LocalAddress => string.Join(" ", _sockets.All.Select(x => x.Peers.Self.EndPoint));

    /// <inheritdoc />
    public string? SmallBuffers => _sockets.SmallBuffers;

    /// <inheritdoc />
    public DatagramPath Path => _sockets.Path;

    /// <inheritdoc />
    public bool KeepsTokensApart
    {
        get => _arrivals.KeepsTokensApart;
        set => _arrivals.KeepsTokensApart = value;
    }

    /// <inheritdoc />
    public TokenForecast Forecast { get; set; } = TokenForecast.None;

    /// <inheritdoc />
    public Func<bool> MayLook { get; set; } = static () => true;

    /// <summary>Questions in clear are not answered here: those who hold the key join the ring.</summary>
    public Func<GroupQuestion, byte[]?>? Answers { get; set; }

    /// <inheritdoc />
    public RingTurns? Turns { get; set; }

    /// <inheritdoc />
    public Span<byte> NextFrame => _frame;

    /// <summary>For tests and measurements.</summary>
    internal KnetMachine Machine => _machine;

    /// <summary>Reads the key and opens the sockets.</summary>
    /// <exception cref="TransportException">The key cannot be read, or an address cannot be bound.</exception>
    public static KnetTransport Open(
        UdpTransportOptions options, ProcessorId self, TimeSpan tokenTimeout, NodeCounters counters,
        ILogger? logger = null)
    {
        options = KnetReload.WithScopes(options, self);
        var random = new RandomPool(RandomNumberGenerator.Fill);
        var arena = new PacketArena(counters);
        var keys = KnetSetup.Keys(options.Knet, options.Cluster, random, out var mark);
        LinkSockets? sockets = null;
        try
        {
            sockets = LinkSockets.Open(options, self, arena.Bytes, counters);
            var news = new LinkNews(logger ?? NullLogger.Instance, self);
            var machine = new KnetMachine(KnetSetup.Machine(options, self, tokenTimeout), keys, random, news);
            news.Counters = machine.Counters;
            return new KnetTransport(
                options, self, tokenTimeout, machine, mark, random, news, sockets, arena, counters);
        }
        catch
        {
            keys.Dispose();
            sockets?.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public int FramesHeld(int frameBytes)
    {
        var packets = 1 + (frameBytes / PacketBytesUsual);
        var charge = packets * OpenSockets.ChargeOf(Math.Min(frameBytes, PacketBytesUsual));
        return _sockets.All.Min(x => x.ChargeableBytes) / charge;
    }

    /// <inheritdoc />
    public void Send(in Transmit transmit, Instant now)
    {
        var frame = _frame.AsSpan(0, transmit.LengthBytes);
        if (!transmit.IsMulticast && transmit.Destination == Self)
        {
            _arrivals.AddOwn(frame);
            return;
        }

        if (!transmit.IsMulticast)
            FrameTarget.Mark(frame, transmit.Destination);
        var own = Now();
        _machine.Send(frame, (ushort)transmit.Destination.Value, own);
        _arena.Gather(_machine, own);
    }

    /// <inheritdoc />
    public void Flush() => GatherAndFlush();

    /// <inheritdoc />
    public bool TryReceive(out ReadOnlySpan<byte> frame, bool isTokenFirst = false)
    {
        var found = _arrivals.TryReceive(Now, isTokenFirst, out frame);
        // Answers of links wait no longer than until the batch has been read.
        if (!found && _machine.HasOutput)
            GatherAndFlush();
        return found;
    }

    /// <inheritdoc />
    public void Wait(TimeSpan? timeout) => _sleep.Wait(timeout, Forecast, MayLook, Turns);

    /// <inheritdoc />
    public void Wake() => _sleep.Wake();

    /// <inheritdoc />
    public bool TryTakeUnreachable(Instant now, out ProcessorId unreachable)
    {
        foreach (var link in _sockets.All)
        {
            while (link.Liveness.HasReports && link.Liveness.TryTakeUnreachable(Now(), out var peer))
                TakeRefused(link, peer);
        }

        return _unreachable.TryDequeue(out unreachable);
    }

    /// <inheritdoc />
    public Instant? ProbeIfQuiet(ProcessorId successor, ProcessorSet members, Instant now)
    {
        Instant? next = null;
        var own = Now();
        foreach (var link in _sockets.All)
        {
            if (link.Liveness.ProbeIfQuiet(successor, members, own) is { } due && (next is null || due < next))
                next = due;
        }

        return next is { } instant ? now + (instant - own) : null;
    }

    /// <summary>The machine's turn: pings, timeouts, searches.</summary>
    public Instant? CheckInterface(Instant now)
    {
        var own = Now();
        _machine.HandleDeadline(own);
        if (own >= _nextReview)
        {
            _nextReview = own + ReviewInterval;
            _counters.DatagramsIgnored = _arrivals.Ignored + _machine.Counters.Discarded;
            _news.TellForgeries(own);
            _keyChange.HandleDeadline(own);
        }

        if (_machine.HasOutput)
            GatherAndFlush();
        return now + (_machine.NextDeadline!.Value - own);
    }

    /// <inheritdoc />
    public ReadOnlySpan<byte> ComposeAnnouncement()
    {
        _keyChange.Follow();
        if (_announcementBytes == 0 && _keyChange.HasMessage)
        {
            _keyChange.TakeMessage(_announcement);
            _announcementBytes = KeyChange.MessageBytes;
        }

        return _announcement.AsSpan(0, _announcementBytes);
    }

    /// <inheritdoc />
    public void HandleAnnounced() => _announcementBytes = 0;

    /// <inheritdoc />
    public ITransportReload PrepareReload(UdpTransportOptions next) =>
        KnetReload.Prepare(_options, next, Self, _tokenTimeout, _random);

    /// <inheritdoc />
    public string? HandleReload(ITransportReload reload, bool isLate)
    {
        var next = (KnetReload)reload;
        CompleteReload();
        _reload = next;
        List<string> changes = [.. next.Changes()];
        if (next.KeyMark == _keyMark)
        {
            next.Keys.Dispose();
            _keyChange.HandleKnownReload();
        }
        else
        {
            _keyMark = next.KeyMark;
            _keyChange.HandleReload(next.Keys, isLate);
            changes.Insert(0, "packets are sealed with another key, cipher or hash");
        }

        return changes.Count == 0 ? null : string.Join("; ", changes);
    }

    /// <inheritdoc />
    public void CompleteReload()
    {
        if (_reload is not { } reload)
            return;
        _reload = null;
        GatherAndFlush();
        _machine.HandleReload(reload.Machine, Now());
        _sockets.Use(reload.Links);
        _arrivals.HandleLinks();
        _arena.Use(_sockets.All);
        _options = reload.Options;
        Members = MembersOf(_options);
        GatherAndFlush();
    }

    /// <inheritdoc />
    public void HandleKeyStep(ProcessorId node, int phase)
    {
        if (phase > 0 && node.Value <= ushort.MaxValue)
            _keyChange.HandleStep((uint)phase, (ushort)node.Value);
    }

    /// <inheritdoc />
    public void HandleMembers(ProcessorSet members) => _keyChange.HandleMembers(members.Select(x => (ushort)x.Value));

    /// <inheritdoc />
    public long LastHeard(ProcessorId member)
    {
        var last = 0L;
        foreach (var link in _sockets.All)
        {
            if (link.Peers.IndexOf(member) is >= 0 and var index)
                last = Math.Max(last, link.Peers.All[index].LastHeard);
        }

        return last;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _sockets.Dispose();
        // Its keys are the key change's.
        _reload?.Links.Dispose();
        _keyChange.Dispose();
        _machine.Dispose();
    }

    bool ISleepSource.IsDrained => _arrivals.IsDrained;

    bool ISleepSource.HasReports
    {
        get
        {
            foreach (var link in _sockets.All)
            {
                if (link.Liveness.HasReports)
                    return true;
            }

            return false;
        }
    }

    void ISleepSource.Poll(TimeSpan? timeout)
    {
        var reports = _sockets.Poller.Wait(timeout);
        foreach (var link in _sockets.All)
        {
            link.Liveness.Take(reports);
            // The watch is the first link's.
            reports &= ~PollReports.NeighbourWatch;
        }
    }

    void ISleepSource.LookAgain() => _arrivals.LookAgain();

    bool ISleepSource.TryReadBatch() => _arrivals.TryReadBatch();

    void ISleepSource.WakePoll() => _sockets.Poller.Wake();

    private static Instant Now() => new(Stopwatch.GetElapsedTime(Origin).Ticks + TimeSpan.TicksPerSecond);

    private static ProcessorSet MembersOf(UdpTransportOptions options) =>
        ProcessorSet.Of([.. options.Peers.Select(x => x.Id)]);

    /// <summary>
    /// Nobody listens at a member's port on one link. Then nobody most likely listens on the others either, which they
    /// are asked; when none is left, its process has ended.
    /// </summary>
    private void TakeRefused(LinkSocket link, ProcessorId peer)
    {
        var own = Now();
        _machine.HandleRefused((ushort)peer.Value, link.Number, own);
        if (!_machine.IsReachable((ushort)peer.Value))
        {
            _unreachable.Enqueue(peer);
            return;
        }

        foreach (var other in _sockets.All)
        {
            if (other != link && _machine.IsLinkUp((ushort)peer.Value, other.Number))
                other.Liveness.Ask(peer, own);
        }
    }

    private void GatherAndFlush()
    {
        var own = Now();
        // A packet that the system refuses for its size makes the machine ask with another.
        do
        {
            _arena.Gather(_machine, own);
            _arena.Flush(_machine, own);
        }
        while (_machine.HasOutput);
    }
}
