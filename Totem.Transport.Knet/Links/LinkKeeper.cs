using Totem.Core.Time;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Mtu;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Links;

/// <summary>
/// Keeps all links: asks by pings whether they carry packets, by probes how large these may be, and answers what peers
/// ask.
/// </summary>
internal sealed class LinkKeeper(
    LiveOptions options, PeerTable peers, ControlQueue queue, SendSequence sent, KeyConfigurations keys,
    RandomPool random,
    KnetCounters counters, IKnetObserver? observer)
{
    private static readonly TimeSpan ProbeTimeoutMin = TimeSpan.FromMilliseconds(500);

    /// <summary>After this long every copy of a packet has arrived, or is lost.</summary>
    private static readonly TimeSpan PacketLifetime = TimeSpan.FromSeconds(1);

    private bool _hasSentLargePackets;

    /// <summary>Into pieces of this many bytes messages are cut: what the narrowest link carries
    /// (KNET §11.3).</summary>
    public int DataBytes { get; private set; }

    /// <summary>The tick, every 200 ms (KNET §9).</summary>
    public void HandleTick(Instant now)
    {
        foreach (var peer in peers.All)
        {
            foreach (var link in peer.Links)
            {
                if (link is null)
                    continue;
                if (link.Liveness.IsPingDue(now))
                    SendPings(peer, link, now, isTimed: true);
                Note(peer, link, link.Liveness.HandleTick(now), KnetEventKind.LinkTimedOut, now);
                if (_hasSentLargePackets)
                    link.Search.NoteLargePackets();
                SendProbe(peer, link, now);
            }
        }

        _hasSentLargePackets = false;
    }

    /// <summary>Packets have been sent that are longer than any path carries for sure.</summary>
    public void NoteLargePackets() => _hasSentLargePackets = true;

    /// <summary>A ping with the number of the message that follows goes to everybody on every link.</summary>
    public void SendUntimedPings(Instant now)
    {
        foreach (var peer in peers.All)
        {
            foreach (var link in peer.Links)
            {
                if (link is not null)
                    SendPings(peer, link, now, isTimed: false);
            }
        }
    }

    /// <summary>A ping is answered in whatever state the link is, and in the format in which it came.</summary>
    public void Answer(PeerLink link, in PingPacket ping, bool isAead) =>
        queue.Add(new ControlPacket(link, PacketType.Pong, isAead, Ping: ping.Answer(options.Now.Self)));

    /// <summary>Probes are answered even where ours are switched off.</summary>
    public void Answer(PeerLink link, in ProbePacket probe, bool isAead) =>
        queue.Add(new ControlPacket(link, PacketType.ProbeReply, isAead, Probe: probe.Answer(options.Now.Self)));

    /// <returns>True when it answers a ping of ours of late.</returns>
    public bool HandlePong(KnetPeer peer, PeerLink link, in PingPacket pong, Instant now)
    {
        var change = link.Liveness.HandlePong(in pong, now, out var discard);
        if (discard is { } reason)
            counters.Count(reason);
        Note(peer, link, change, KnetEventKind.LinkUp, now);
        return discard != KnetDiscard.UnaskedPong;
    }

    /// <summary>A peer begins to speak another format, or sealing adds another number of bytes.</summary>
    public void HandleFormat() => MeasureLinks();

    public void HandleProbeReply(KnetPeer peer, PeerLink link, in ProbePacket reply, Instant now)
    {
        var isSearching = link.Search.IsSearching;
        if (!link.Search.HandleReply(reply.IpBytes, now, Plan(peer, link)))
            counters.Count(KnetDiscard.UnaskedProbeReply);
        else if (isSearching)
            FollowSearch(peer, link, now);
    }

    /// <summary>Data of a peer that cannot be reached: its link may have had a pong, and is up then.</summary>
    public void HandleEarlyData(KnetPeer peer, PeerLink link, Instant now) =>
        Note(peer, link, link.Liveness.HandleEarlyData(), KnetEventKind.LinkUp, now);

    /// <summary>The system says that nobody listens at the other end.</summary>
    public void HandleRefused(KnetPeer peer, PeerLink link, Instant now) =>
        Note(peer, link, link.Liveness.HandleRefused(), KnetEventKind.LinkRefused, now);

    /// <summary>
    /// A reload: links that the options do not name, or name with another address, are removed, then those are added
    /// that are new. The packets of a member that has another configuration for a moment are dropped, which does no
    /// harm (KNET §17.2).
    /// </summary>
    public void HandleReload(KnetOptions next, Instant now)
    {
        foreach (var peer in peers.All)
        {
            var wanted = next.Peers.FirstOrDefault(x => x.Id == peer.Id)?.Links ?? [];
            for (byte number = 0; number < KnetFormat.LinkCountMax; number++)
            {
                if (peer.Link(number) is { } link && !wanted.Any(x => x.Number == number && x.Address == link.Address))
                    Remove(peer, link, now);
            }

            if (wanted.Count == 0)
                peers.Remove(peer);
        }

        peers.Add(next);
        MeasureLinks();
    }

    /// <summary>The system refused a packet for its size.</summary>
    public void HandleTooBig(KnetPeer peer, PeerLink link, int sentIpBytes, int interfaceIpBytes, Instant now)
    {
        if (options.Now.FixedIpBytes != 0)
        {
            // The user vouches for the path, but an interface that is narrower carries nothing of that length.
            link.InterfaceIpBytes = interfaceIpBytes == 0 ? PacketSizes.FloorIpBytes(link.IsIPv6)
                : Math.Min(interfaceIpBytes, PacketSizes.IpBytesMax);
            MeasureLinks();
            return;
        }

        if (!link.Liveness.IsUp)
            return;
        link.Search.HandleTooBig(sentIpBytes, interfaceIpBytes, now, Plan(peer, link));
        FollowSearch(peer, link, now);
    }

    /// <summary>
    /// In the format that the peer speaks. To one that has said that it speaks ours, and has not proven that it is
    /// there, in both: the announcement may be a recorded one.
    /// </summary>
    private void SendPings(KnetPeer peer, PeerLink link, Instant now, bool isTimed)
    {
        if (!keys.RequiresAead && !peer.Aead.IsProven)
            SendPing(link, now, isTimed, isAead: false);
        if (keys.RequiresAead || peer.Aead.IsProven || (keys.HasAead && peer.AnnouncesAead))
            SendPing(link, now, isTimed, isAead: true);
    }

    private void SendPing(PeerLink link, Instant now, bool isTimed, bool isAead)
    {
        var challenge = random.TakeU64();
        link.Liveness.NotePing(challenge, now, isTimed);
        var header = new PacketHeader(
            PacketType.Ping, options.Now.Self, Pad: keys.HasAead ? KnetFormat.AeadAnnouncement : (byte)0);
        var ping = new PingPacket(
            header, link.Number, (ulong)now.Ticks, challenge, sent.Last, isTimed ? (byte)1 : (byte)0);
        queue.Add(new ControlPacket(link, PacketType.Ping, isAead, Ping: ping));
    }

    private void Remove(KnetPeer peer, PeerLink link, Instant now)
    {
        peer.Remove(link.Number);
        if (!link.Liveness.IsUp)
            return;
        observer?.OnEvent(new KnetEvent(KnetEventKind.LinkRemoved, peer.Id, link.Number));
        NoteReach(peer, now);
    }

    private void SendProbe(KnetPeer peer, PeerLink link, Instant now)
    {
        var known = link.Search.IpBytes;
        var isDue = link.Search.TryTakeProbe(now, Plan(peer, link), out var ipBytes);
        if (link.Search.IpBytes != known)
            MeasureLinks();
        if (!isDue)
            return;
        var probe = new ProbePacket(new PacketHeader(PacketType.Probe, options.Now.Self), link.Number, (ushort)ipBytes);
        queue.Add(new ControlPacket(link, PacketType.Probe, peer.Aead.IsProven, Probe: probe));
    }

    private void FollowSearch(KnetPeer peer, PeerLink link, Instant now)
    {
        if (link.Search.IsSearching)
            SendProbe(peer, link, now);
        else
            observer?.OnEvent(new KnetEvent(KnetEventKind.PathMtuFound, link.Peer, link.Number, link.Search.IpBytes));
        MeasureLinks();
    }

    private void Note(KnetPeer peer, PeerLink link, LinkChange change, KnetEventKind cause, Instant now)
    {
        if (change == LinkChange.None)
            return;
        observer?.OnEvent(new KnetEvent(cause, peer.Id, link.Number));
        if (change == LinkChange.Down)
            link.Forget();
        else if (options.Now.FixedIpBytes == 0)
            link.Search.Begin(now);
        NoteReach(peer, now);
        MeasureLinks();
        SendProbe(peer, link, now);
    }

    /// <summary>
    /// A peer's numbers are forgotten when it can be reached again, since it may be another process, and not when it
    /// cannot: a copy of what was delivered before may still be under way. A new process takes longer than such a copy.
    /// </summary>
    private void NoteReach(KnetPeer peer, Instant now)
    {
        var isReachable = peer.HasLinkUp;
        if (peer.IsReachable == isReachable)
            return;
        peer.IsReachable = isReachable;
        if (!isReachable)
        {
            peer.UnreachableAt = now;
            peer.Aead.Forget();
            peer.AnnouncesAead = false;
        }
        else if (peer.UnreachableAt is { } since && now - since >= PacketLifetime)
        {
            peer.Sequence.Restart(0);
        }

        observer?.OnEvent(
            new KnetEvent(isReachable ? KnetEventKind.PeerReachable : KnetEventKind.PeerUnreachable, peer.Id));
    }

    private void MeasureLinks()
    {
        var smallest = int.MaxValue;
        foreach (var peer in peers.All)
        {
            foreach (var link in peer.Links)
            {
                if (link is { Liveness.IsUp: true })
                    smallest = Math.Min(smallest, DataBytesOf(peer, link));
            }
        }

        var bytes = smallest == int.MaxValue ? PacketSizes.DataBytesMin(keys.Shape(isAead: false)) : smallest;
        if (bytes == DataBytes)
            return;
        DataBytes = bytes;
        observer?.OnEvent(new KnetEvent(KnetEventKind.DataSizeChanged, 0, Value: bytes));
    }

    private int DataBytesOf(KnetPeer peer, PeerLink link)
    {
        var shape = keys.Shape(peer.Aead.IsProven);
        var ipBytes = options.Now.FixedIpBytes == 0 ? link.Search.IpBytes
            : link.InterfaceIpBytes == 0 ? options.Now.FixedIpBytes
            : Math.Min(options.Now.FixedIpBytes, link.InterfaceIpBytes);
        return ipBytes <= PacketSizes.FloorIpBytes(link.IsIPv6)
            ? PacketSizes.DataBytesMin(shape)
            : PacketSizes.DataBytes(ipBytes, link.IsIPv6, shape);
    }

    private ProbePlan Plan(KnetPeer peer, PeerLink link)
    {
        var timeout = 4 * link.Liveness.AverageLatency;
        return new ProbePlan(
            keys.Shape(peer.Aead.IsProven), link.InterfaceIpBytes == 0 ? PacketSizes.IpBytesMax : link.InterfaceIpBytes,
            timeout < ProbeTimeoutMin ? ProbeTimeoutMin : timeout, options.Now.MtuInterval);
    }
}
