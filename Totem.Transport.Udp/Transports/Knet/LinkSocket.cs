using System.Net;
using System.Net.Sockets;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>A link's socket, bound to this member's address on it, and what waits to be sent by it. A reload may change
/// who is at the other ends.</summary>
internal sealed class LinkSocket(KnetLink link, PeerTable peers, Socket bound, IDatagramSocket socket, SendBatch batch,
    Liveness liveness) : IDisposable
{
    /// <summary>IPv4's or IPv6's header, and UDP's.</summary>
    private readonly int _headerBytes = bound.AddressFamily == AddressFamily.InterNetwork ? 28 : 48;

    public byte Number => (byte)link.Number;

    public PeerTable Peers { get; private set; } = peers;

    public Socket Bound => bound;

    public IDatagramSocket Socket => socket;

    public SendBatch Batch => batch;

    public Liveness Liveness { get; private set; } = liveness;

    /// <summary>The room of its receive buffer, the kernel's bookkeeping among it.</summary>
    public int ChargeableBytes { get; } = SocketOpener.ChargeableBytes(bound);

    /// <summary>The length of the IP packet that carries so many bytes.</summary>
    public int IpBytes(int bytes) => bytes + _headerBytes;

    /// <summary>The socket stays, and from now on these are at the other ends. Nothing waits to be sent.</summary>
    public void Use(PeerTable next, Liveness nextLiveness)
    {
        next.Follow(Peers);
        (Peers, Liveness) = (next, nextLiveness);
        socket.Retarget(EndPointsOf(next));
    }

    /// <summary>The table of destinations that the indexes of these peers refer to.</summary>
    public static IPEndPoint[] EndPointsOf(PeerTable peers)
    {
        var endPoints = new IPEndPoint[peers.All.Length];
        for (var i = 0; i < endPoints.Length; i++)
            endPoints[i] = peers.All[i].EndPoint;
        return endPoints;
    }

    /// <summary>Names a run of packets that lies in the arena, for some of its destinations.</summary>
    public void Add(int offset, int packetBytes, int totalBytes, ReadOnlySpan<int> destinations, Instant now)
    {
        for (var at = 0; at < totalBytes; at += packetBytes)
        {
            foreach (var destination in destinations)
                batch.Add(destination);
            batch.EndFrame(offset + at, Math.Min(packetBytes, totalBytes - at));
        }

        foreach (var destination in destinations)
            Peers.All[destination].LastSent = now;
    }

    /// <summary>Hands the system what waits.</summary>
    public void Flush(NodeCounters counters)
    {
        if (batch.IsEmpty)
            return;
        foreach (ref readonly var burst in batch.Bursts)
        {
            counters.DatagramsSent += (long)burst.FrameCount * burst.DestinationCount;
            foreach (var frame in batch.FramesOf(in burst))
                counters.BytesSent += (long)frame.LengthBytes * burst.DestinationCount;
        }

        counters.DatagramsLostBySystem += socket.Send(batch);
        batch.Clear();
    }

    public void Dispose() => socket.Dispose();
}
