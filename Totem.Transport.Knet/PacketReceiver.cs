using Totem.Core.Time;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet;

/// <summary>The way in: the order of the checks (KNET §6). A packet that fails one is counted and dropped.</summary>
internal sealed class PacketReceiver(
    LiveOptions options, PeerTable peers, LinkKeeper keeper, KeyConfigurations keys, KnetCounters counters,
    IKnetObserver? observer)
{
    private readonly MessageCompression _compression = new();

    /// <summary>In which format a packet came, and how far it can be trusted.</summary>
    private enum Trust
    {
        /// <summary>Libknet's format, or clear.</summary>
        Libknet,

        /// <summary>Libknet's format, sealed with a key.</summary>
        LibknetAuthentic,

        /// <summary>The format of our own, of a life that may be over.</summary>
        Unproven,

        /// <summary>The format of our own, of the life that is.</summary>
        Proven,
    }

    /// <summary>Takes a datagram, which may hold anything.</summary>
    /// <returns>True when it completed a message.</returns>
    public bool TryReceive(ReadOnlySpan<byte> datagram, KnetAddress source, Instant now, out KnetMessage message)
    {
        message = default;
        if (datagram.Length is 0 or > KnetFormat.DatagramBytesMax)
            return Drop(KnetDiscard.BadLength);
        var envelope = default(AeadEnvelope);
        if (TryOpen(datagram, source, ref envelope, out var packet, out var trust) is { } failure)
            return Drop(failure);
        var result = PacketHeader.TryRead(packet, out var header);
        if (result is KnetDecode.TooShort or KnetDecode.UnknownVersion)
            return Drop(Reason(result));
        if (header.Node == options.Now.Self)
            return Drop(KnetDiscard.OwnId);
        if (!peers.TryFind(header.Node, out var peer))
            return Drop(KnetDiscard.UnknownPeer);
        if (trust >= Trust.Unproven && envelope.Node != header.Node)
            return Drop(KnetDiscard.WrongSender);
        if (result != KnetDecode.Ok)
            return Drop(Reason(result));
        var arrival = new Arrival(peer, trust, envelope, source, now);
        if (header.Type == PacketType.Data)
            return TryTakeData(in arrival, packet, out message);
        TakeControl(in arrival, header.Type, packet);
        return false;
    }

    /// <returns>Null when it is open; else why it is dropped.</returns>
    private KnetDiscard? TryOpen(
        ReadOnlySpan<byte> datagram, KnetAddress source, scoped ref AeadEnvelope envelope,
        out ReadOnlySpan<byte> packet, out Trust trust)
    {
        packet = default;
        trust = default;
        if (keys.HasAead && AeadEnvelope.TryRead(datagram, out envelope) && peers.TryFind(envelope.Node, out var peer))
        {
            // Before it is opened: its counter counts as come then, and the copy on a link that we
            // have would be a replay.
            if (peer.LinkFrom(source) is null)
                return KnetDiscard.WrongAddress;
            var found = keys.Open(peer.Aead, in envelope, datagram, out packet);
            trust = found == AeadTrust.Proven ? Trust.Proven : Trust.Unproven;
            if (found == AeadTrust.Replayed)
                return KnetDiscard.Replayed;
            if (found != AeadTrust.Forged)
                return null;
        }

        var isOpen = keys.TryOpen(datagram, out packet, out var isAuthentic);
        trust = isAuthentic ? Trust.LibknetAuthentic : Trust.Libknet;
        return isOpen ? null : KnetDiscard.NotAuthentic;
    }

    private void TakeControl(in Arrival arrival, PacketType type, ReadOnlySpan<byte> packet)
    {
        // The number of the link is behind the header in all of them; the header's check has seen that it is there.
        if (arrival.Peer.Link(packet[KnetFormat.HeaderBytes]) is not { } link)
            Drop(KnetDiscard.UnknownLink);
        else if (link.Address != arrival.Source)
            Drop(KnetDiscard.WrongAddress);
        else if (type == PacketType.Ping)
            TakePing(in arrival, link, packet);
        else if (arrival.IsDowngrade)
            Drop(KnetDiscard.Downgraded);
        else if (type == PacketType.Pong)
            TakePong(in arrival, link, packet);
        else if (arrival.Trust == Trust.Unproven)
            Drop(KnetDiscard.UnprovenLife);
        else
            TakeProbe(in arrival, link, packet);
    }

    /// <summary>
    /// Every ping is answered. One that may be recorded says nothing of its sender's numbers: it is of a life that has
    /// not proven itself, or in libknet's format from a peer that speaks ours.
    /// </summary>
    private void TakePing(in Arrival arrival, PeerLink link, ReadOnlySpan<byte> packet)
    {
        var result = PingPacket.TryRead(packet, out var ping);
        if (result != KnetDecode.Ok)
        {
            Drop(Reason(result));
            return;
        }

        if (keys.HasAead && (arrival.IsAead
            || (arrival.Trust == Trust.LibknetAuthentic && ping.Header.Pad == KnetFormat.AeadAnnouncement)))
            arrival.Peer.AnnouncesAead = true;
        var mayBeRecorded = arrival.Trust == Trust.Unproven || arrival.IsDowngrade;
        if (!mayBeRecorded && ping.Timed == 0)
            arrival.Peer.Sequence.HandleUntimedPing(ping.Seq);
        else if (!mayBeRecorded && arrival.Peer.Sequence.HandleTimedPing(ping.Seq, arrival.Now))
            observer?.OnEvent(new KnetEvent(KnetEventKind.PeerRestarted, arrival.Peer.Id));
        keeper.Answer(link, in ping, arrival.IsAead);
    }

    private void TakePong(in Arrival arrival, PeerLink link, ReadOnlySpan<byte> packet)
    {
        var result = PingPacket.TryRead(packet, out var pong);
        if (result != KnetDecode.Ok)
            Drop(Reason(result));
        else if (keeper.HandlePong(arrival.Peer, link, in pong, arrival.Now) && arrival.Trust == Trust.Unproven)
            Prove(in arrival);
    }

    /// <summary>It answers a ping that we have just sent, so its life is the one that is.</summary>
    private void Prove(in Arrival arrival)
    {
        var envelope = arrival.Envelope;
        if (!arrival.Peer.Aead.Prove(in envelope, out var isAnother))
            return;
        if (isAnother)
            arrival.Peer.Sequence.Restart(0);
        observer?.OnEvent(new KnetEvent(KnetEventKind.PeerProven, arrival.Peer.Id));
        keeper.HandleFormat();
    }

    private void TakeProbe(in Arrival arrival, PeerLink link, ReadOnlySpan<byte> packet)
    {
        var result = ProbePacket.TryRead(packet, out var probe);
        if (result != KnetDecode.Ok)
            Drop(Reason(result));
        else if (probe.Header.Type == PacketType.Probe)
            keeper.Answer(link, in probe, arrival.IsAead);
        else
            keeper.HandleProbeReply(arrival.Peer, link, in probe, arrival.Now);
    }

    private bool TryTakeData(scoped in Arrival arrival, ReadOnlySpan<byte> packet, out KnetMessage message)
    {
        message = default;
        var peer = arrival.Peer;
        if (peer.LinkFrom(arrival.Source) is not { } link)
            return Drop(KnetDiscard.WrongAddress);
        if (arrival.IsDowngrade)
            return Drop(KnetDiscard.Downgraded);
        if (arrival.Trust == Trust.Unproven)
            return Drop(KnetDiscard.UnprovenLife);
        var result = DataHeader.TryRead(packet, out var data, out var payload);
        if (result != KnetDecode.Ok)
            return Drop(Reason(result));
        if (data.Channel != 0)
            return Drop(KnetDiscard.UnknownChannel);
        if (data.Destination != 0 && data.Destination != options.Now.Self)
            return Drop(KnetDiscard.Misdirected);
        if (!peer.IsReachable)
            keeper.HandleEarlyData(peer, link, arrival.Now);
        if (!peer.IsReachable)
            return Drop(KnetDiscard.Unreachable);
        if (!peer.Sequence.TryTakeMessage(in data, payload, arrival.Now, out var whole)
            || !TryDecompress(in data, whole, out whole))
            return false;
        peer.Sequence.MarkDelivered(data.Seq);
        counters.Delivered++;
        message = new KnetMessage(peer.Id, link.Number, data.Broadcast != 0, whole);
        return true;
    }

    private bool TryDecompress(scoped in DataHeader data, ReadOnlySpan<byte> whole, out ReadOnlySpan<byte> message)
    {
        message = whole;
        if (data.Compression == (byte)CompressionMethod.None)
            return true;
        if (data.Compression == (byte)CompressionMethod.Zlib)
            return _compression.TryDecompress(whole, out message) || Drop(KnetDiscard.BadCompression);
        observer?.OnEvent(new KnetEvent(KnetEventKind.CompressionUnknown, data.Header.Node, Value: data.Compression));
        return Drop(KnetDiscard.UnknownCompression);
    }

    private bool Drop(KnetDiscard reason)
    {
        counters.Count(reason);
        return false;
    }

    private static KnetDiscard Reason(KnetDecode result) => result switch
    {
        KnetDecode.TooShort => KnetDiscard.TooShort,
        KnetDecode.UnknownVersion => KnetDiscard.UnknownVersion,
        KnetDecode.BadFragment => KnetDiscard.BadFragment,
        _ => KnetDiscard.UnknownType,
    };

    /// <summary>An open packet, and what is known of it.</summary>
    private readonly record struct Arrival(
        KnetPeer Peer, Trust Trust, AeadEnvelope Envelope, KnetAddress Source, Instant Now)
    {
        public bool IsAead => Trust >= Trust.Unproven;

        /// <summary>Libknet's format, from a peer that speaks ours: somebody may have recorded it before that was
        /// so.</summary>
        public bool IsDowngrade => !IsAead && Peer.Aead.IsProven;
    }
}
