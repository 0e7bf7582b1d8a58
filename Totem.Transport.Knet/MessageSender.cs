using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Mtu;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet;

/// <summary>The way out: a message gets a number and destinations, is compressed, cut and sealed, once for all of them
/// (KNET §7).</summary>
internal sealed class MessageSender(
    LiveOptions options, PeerTable peers, LinkKeeper keeper, SendSequence sent, KeyConfigurations keys,
    KnetCounters counters)
{
    private readonly byte[] _message = GC.AllocateUninitializedArray<byte>(KnetFormat.MessageBytesMax);
    private readonly byte[] _packet = GC.AllocateUninitializedArray<byte>(KnetFormat.DatagramBytesMax);
    private readonly DestinationLists _destinations = new(options.Now.Mode);
    private MessageCompression? _compression;
    private int _length;
    private DataHeader _header;
    private bool _isAeadDue;
    private bool _isLibknetDue;
    private bool _wasAead;

    /// <summary>A message waits to be written, for at least some of its destinations.</summary>
    public bool HasMessage => _isAeadDue || _isLibknetDue;

    /// <summary>Where what was written last goes.</summary>
    public ReadOnlySpan<LinkDestination> Destinations => _wasAead ? _destinations.Aead : _destinations.Libknet;

    /// <summary>Takes a message. It is copied.</summary>
    /// <param name="message">Up to 65,536 bytes.</param>
    /// <param name="destination">The peer; null for all that can be reached.</param>
    /// <param name="now">The time.</param>
    /// <returns>False when nobody whom it is for can be reached; it is gone then, and has used no number.</returns>
    public bool Take(ReadOnlySpan<byte> message, KnetPeer? destination, Instant now)
    {
        Invariant.That(!HasMessage, "the host drains what it has sent before it sends more");
        var isReachable = destination?.IsReachable ?? peers.HasReachable;
        if (!isReachable)
            return false;
        var method = Compress(message);
        var seq = sent.Next();
        if (seq % KnetFormat.UntimedPingInterval == 0)
            keeper.SendUntimedPings(now);
        Address(destination, isRepeated: destination?.Repeats(message) == true);
        var broadcast = destination is null ? (byte)1 : (byte)0;
        _header = new DataHeader(
            new PacketHeader(PacketType.Data, options.Now.Self), seq, (byte)method, 0, broadcast, FragmentCount: 1,
            Fragment: 0, Channel: 0)
            .For(destination?.Id ?? 0);
        counters.Sent++;
        return true;
    }

    /// <summary>Cuts and seals the message into the host's buffer, in the one format and then in the other.</summary>
    public KnetBurst Write(Span<byte> buffer)
    {
        Invariant.That(HasMessage, "a message is written when one waits");
        _wasAead = _isAeadDue;
        if (_wasAead)
            _isAeadDue = false;
        else
            _isLibknetDue = false;
        return Write(keys.Sealer(_wasAead), buffer);
    }

    private KnetBurst Write(PacketSealer sealer, Span<byte> buffer)
    {
        var unit = keeper.DataBytes;
        var count = Math.Max(1, (_length + unit - 1) / unit);
        Invariant.That(count <= KnetFormat.FragmentCountMax, "no message has more fragments than a receiver takes");
        int total = 0, packetBytes = 0;
        for (var i = 0; i < count; i++)
        {
            var payload = _message.AsSpan(i * unit, Math.Min(unit, _length - (i * unit)));
            var header = count == 1 ? _header : _header with { FragmentCount = (byte)count, Fragment = (byte)(i + 1) };
            header.Write(_packet);
            payload.CopyTo(_packet.AsSpan(KnetFormat.DataHeaderBytes));
            var bytes = sealer.Seal(_packet.AsSpan(0, KnetFormat.DataHeaderBytes + payload.Length), buffer[total..]);
            packetBytes = i == 0 ? bytes : packetBytes;
            Invariant.That(
                bytes == packetBytes || i == count - 1, "all packets of a message but the last have one length");
            total += bytes;
        }

        counters.PacketsSealed += count;
        if (packetBytes > PacketSizes.FloorIPv4)
            keeper.NoteLargePackets();
        return new KnetBurst(count, packetBytes, total, IsProbe: false);
    }

    private CompressionMethod Compress(ReadOnlySpan<byte> message)
    {
        var method = CompressionMethod.None;
        if (options.Now.Compression != CompressionMethod.None && message.Length > options.Now.CompressionThreshold
            && (_compression ??= new MessageCompression())
            .TryCompress(message, options.Now.CompressionLevel, out var compressed))
        {
            message = compressed;
            method = options.Now.Compression;
        }

        message.CopyTo(_message);
        _length = message.Length;
        return method;
    }

    private void Address(KnetPeer? destination, bool isRepeated)
    {
        _destinations.Clear(peers.All.Length);
        if (destination is not null)
        {
            _destinations.Add(destination, isRepeated);
        }
        else
        {
            foreach (var peer in peers.All)
            {
                if (peer.IsReachable)
                    _destinations.Add(peer, isOnAllLinks: false);
            }
        }

        _isAeadDue = !_destinations.Aead.IsEmpty;
        _isLibknetDue = !_destinations.Libknet.IsEmpty;
        Invariant.That(HasMessage, "a message that is taken has somewhere to go");
    }
}
