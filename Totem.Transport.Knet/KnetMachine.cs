using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Mtu;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet;

/// <summary>
/// One member's kronosnet: links to every peer, messages to and from them. It has no clock, socket, thread or random
/// source. One thread owns it, and after every input the host calls <see cref="TryTransmit"/> until there is nothing
/// left.
/// </summary>
internal sealed class KnetMachine : IDisposable
{
    /// <summary>Room for the packets of the largest message, sealed by any seal.</summary>
    public const int BurstBytesMax = KnetFormat.MessageBytesMax
        + (KnetFormat.FragmentCountMax * (KnetFormat.DataHeaderBytes + SealShape.AddedBytesMax));

    /// <summary>libknet's tick: of everything that is waited for.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    private readonly LiveOptions _options;
    private readonly PeerTable _peers;
    private readonly KeyConfigurations _keys;
    private readonly ControlQueue _queue;
    private readonly LinkKeeper _keeper;
    private readonly MessageSender _sender;
    private readonly PacketReceiver _receiver;
    private readonly byte[] _control = GC.AllocateUninitializedArray<byte>(KnetFormat.DatagramBytesMax);
    private readonly LinkDestination[] _controlDestination = new LinkDestination[1];
    private bool _isControlLast;

    /// <param name="options">This node and the others.</param>
    /// <param name="keys">The keys that seal packets. The machine disposes it.</param>
    /// <param name="random">Where randomness comes from.</param>
    /// <param name="observer">Told of what happens to links.</param>
    /// <param name="lastSeq">The number of the last message sent; tests begin elsewhere than at 0.</param>
    /// <exception cref="ArgumentException">The options contradict themselves.</exception>
    public KnetMachine(
        KnetOptions options, KeySet keys, RandomPool random, IKnetObserver? observer = null, ushort lastSeq = 0)
    {
        if (options.Problems() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        var sent = new SendSequence(lastSeq);
        Self = options.Self;
        _options = new LiveOptions(options);
        var life = new AeadLife(options.Self, random.TakeU64());
        _keys = new KeyConfigurations(keys, life, options.Algorithm);
        _peers = new PeerTable(options, Counters);
        _queue = new ControlQueue(Counters);
        _keeper = new LinkKeeper(_options, _peers, _queue, sent, _keys, random, Counters, observer);
        _sender = new MessageSender(_options, _peers, _keeper, sent, _keys, Counters);
        _receiver = new PacketReceiver(_options, _peers, _keeper, _keys, Counters, observer);
        _keeper.HandleFormat();
    }

    public KnetCounters Counters { get; } = new();

    /// <summary>This member.</summary>
    public ushort Self { get; }

    /// <summary>When to call <see cref="HandleDeadline"/>; null before the start.</summary>
    public Instant? NextDeadline { get; private set; }

    /// <summary><see cref="TryTransmit"/> has something.</summary>
    public bool HasOutput => !_queue.IsEmpty || _sender.HasMessage;

    /// <summary>Bytes of a message in a full packet.</summary>
    public int DataBytes => _keeper.DataBytes;

    /// <summary>How far a change of keys has come.</summary>
    public RekeyPhase RekeyPhase => _keys.Phase;

    /// <summary>While the next keys are loaded and not in use: a peer seals with them already.</summary>
    public bool HearsLoadedKeys => _keys.HearsLoaded;

    /// <summary>Begins to ping. Once.</summary>
    public void Start(Instant now)
    {
        Invariant.That(NextDeadline is null, "a machine starts once");
        NextDeadline = now;
        HandleDeadline(now);
    }

    /// <summary>Time has passed. Too early is a no-op.</summary>
    public void HandleDeadline(Instant now)
    {
        if (NextDeadline is not { } due || now < due)
            return;
        NextDeadline = now + Tick;
        _keeper.HandleTick(now);
    }

    /// <summary>A datagram came. It may hold anything.</summary>
    /// <param name="datagram">Its bytes.</param>
    /// <param name="source">The address it came from; the port does not count.</param>
    /// <param name="now">The time.</param>
    /// <param name="message">The message that it completed.</param>
    /// <returns>True when it completed a message.</returns>
    public bool HandleDatagram(ReadOnlySpan<byte> datagram, KnetAddress source, Instant now, out KnetMessage message) =>
        _receiver.TryReceive(datagram, source, now, out message);

    /// <summary>The system reports that nobody listens at the other end of a link.</summary>
    public void HandleRefused(ushort peer, byte link, Instant now)
    {
        if (Find(peer, link) is var (found, foundLink))
            _keeper.HandleRefused(found, foundLink, now);
    }

    /// <summary>The system refused a packet for its size.</summary>
    /// <param name="destination">Where it was to go.</param>
    /// <param name="sentIpBytes">The length of its IP packet.</param>
    /// <param name="interfaceIpBytes">The most that the interface takes; 0 when it is not known.</param>
    /// <param name="now">The time.</param>
    public void HandleTooBig(LinkDestination destination, int sentIpBytes, int interfaceIpBytes, Instant now)
    {
        if (Find(destination.Peer, destination.Link) is var (peer, link))
            _keeper.HandleTooBig(peer, link, sentIpBytes, interfaceIpBytes, now);
    }

    /// <summary>Sends a message to all peers that can be reached, or to one. It is copied.</summary>
    /// <param name="message">0 to 65,536 bytes.</param>
    /// <param name="destination">The peer; 0 for all.</param>
    /// <param name="now">The time.</param>
    /// <returns>False when nobody whom it is for can be reached.</returns>
    /// <exception cref="ArgumentException">The message is longer.</exception>
    public bool Send(ReadOnlySpan<byte> message, ushort destination, Instant now)
    {
        if (message.Length > KnetFormat.MessageBytesMax)
            throw new ArgumentException(
                $"{message.Length} bytes, expected at most {KnetFormat.MessageBytesMax}", nameof(message));
        if (destination == 0)
            return _sender.Take(message, null, now);
        return _peers.TryFind(destination, out var peer) && _sender.Take(message, peer, now);
    }

    /// <summary>Takes the next packets to send: pings and the like first, then the message.</summary>
    /// <param name="buffer">Room for <see cref="BurstBytesMax"/>.</param>
    /// <param name="burst">The run that was written into it.</param>
    /// <returns>False when there is nothing to send.</returns>
    public bool TryTransmit(Span<byte> buffer, out KnetBurst burst)
    {
        if (_queue.TryTake(out var control))
        {
            burst = Write(in control, buffer);
            _isControlLast = true;
            return true;
        }

        _isControlLast = false;
        burst = _sender.HasMessage ? _sender.Write(buffer) : default;
        return burst.PacketCount > 0;
    }

    /// <summary>Where what <see cref="TryTransmit"/> wrote last goes. Valid until the next call.</summary>
    public ReadOnlySpan<LinkDestination> Destinations => _isControlLast ? _controlDestination : _sender.Destinations;

    public bool IsReachable(ushort peer) => _peers.TryFind(peer, out var found) && found.IsReachable;

    public bool IsLinkUp(ushort peer, byte link) => Find(peer, link) is var (_, found) && found.Liveness.IsUp;

    /// <summary>
    /// A reload: peers and links come and go, priorities and timers change in place. A link with another address is
    /// another link, which comes up as a new one does.
    /// </summary>
    /// <exception cref="ArgumentException">The options contradict themselves, or would change what
    /// a running member keeps.</exception>
    public void HandleReload(KnetOptions next, Instant now)
    {
        Invariant.That(_queue.IsEmpty && !_sender.HasMessage, "the host drains before it changes where packets go");
        if (next.Problems() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(next));
        if (_options.Obstacle(next) is { } obstacle)
            throw new ArgumentException(obstacle, nameof(next));
        _options.Use(next);
        _keeper.HandleReload(next, now);
    }

    /// <summary>The peer has proven that it speaks the format of our own.</summary>
    public bool SpeaksAead(ushort peer) => _peers.TryFind(peer, out var found) && found.Aead.IsProven;

    /// <summary>A change of keys begins: what these seal is read from now on (KNET §17.3).</summary>
    /// <param name="next">The machine disposes it.</param>
    public void LoadKeys(KeySet next)
    {
        _keys.Load(next);
        _keeper.HandleFormat();
    }

    /// <summary>The loaded keys seal from now on: our own message of phase 1 was delivered.</summary>
    public void UseLoadedKeys()
    {
        _keys.Switch();
        _keeper.HandleFormat();
    }

    /// <summary>The old keys are forgotten: our own message of phase 2 was delivered.</summary>
    public void ForgetOldKeys()
    {
        if (_keys.Finish() is not { } master)
            return;
        foreach (var peer in _peers.All)
            peer.Aead.Forget(master);
    }

    public void Dispose()
    {
        foreach (var peer in _peers.All)
            peer.Aead.Forget();
        _keys.Dispose();
    }

    private KnetBurst Write(in ControlPacket control, Span<byte> buffer)
    {
        var seal = _keys.Sealer(control.IsAead && _keys.HasAead);
        int plain;
        if (control.Type is PacketType.Ping or PacketType.Pong)
        {
            plain = KnetFormat.PingBytes;
            control.Ping.Write(_control);
        }
        else
        {
            plain = control.Type == PacketType.ProbeReply ? KnetFormat.ProbeHeaderBytes
                : seal.Shape.PlainBytes(control.Probe.IpBytes - PacketSizes.IpHeaderBytes(control.Link.IsIPv6));
            control.Probe.Write(_control.AsSpan(0, plain));
        }

        var bytes = seal.Seal(_control.AsSpan(0, plain), buffer);
        _controlDestination[0] = new LinkDestination(control.Link.Peer, control.Link.Number);
        Counters.PacketsSealed++;
        return new KnetBurst(1, bytes, bytes, control.Type == PacketType.Probe);
    }

    private (KnetPeer Peer, PeerLink Link)? Find(ushort id, byte number) =>
        _peers.TryFind(id, out var peer) && peer.Link(number) is { } link ? (peer, link) : null;
}
