using System.Buffers.Binary;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Inquiry;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Plain;

/// <summary>Judges each datagram by where it came from: whether it is for the ring, and how often.
/// Questions it answers itself.</summary>
internal sealed class Arrivals(UdpTransportOptions options, PeerTable peers, ProcessorSet members, NetAddress own,
    NodeCounters counters, Strangers strangers)
{
    /// <summary>Answers those who ask from a configured address; null when this question is to be dropped.</summary>
    public Func<GroupQuestion, byte[]?>? Answers { get; set; }

    /// <returns>How often the datagram is to be handed out.</returns>
    public int CopiesOf(IDatagramSocket socket, int index)
    {
        var datagram = socket.Datagram(index);
        var listed = peers.Accepts(socket.Source(index), out var peerIndex);
        if (!listed && options.Kind != UdpTransportKind.Multicast && !options.AcceptUnlistedSources)
        {
            counters.DatagramsIgnored++;
            strangers.Ignored(socket.Source(index), datagram);
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
        if (peerIndex >= 0 && peers.All[peerIndex].IsSelf
            && (options.Kind == UdpTransportKind.Multicast || socket.Source(index) == own))
        {
            counters.DatagramsIgnored++;
            strangers.ClaimedToBeUs(socket.Source(index));
            return 0;
        }

        if (peerIndex >= 0)
            peers.All[peerIndex].Heard(counters.Now);
        if (!options.AcceptUnlistedSources && (peerIndex < 0 || !IsFrom(datagram, peers.All[peerIndex].Id)))
            NoteUnlisted(socket.Source(index), datagram);

        // A probe: it only asked whether anybody listens here.
        if (datagram.IsEmpty)
            return 0;
        counters.DatagramsReceived++;
        counters.BytesReceived += datagram.Length;
        return options.ReceiveFilter is { } filter ? filter(datagram) : 1;
    }

    /// <summary>The sender of nearly every frame, at the cost of one comparison.</summary>
    private static bool IsFrom(ReadOnlySpan<byte> datagram, ProcessorId peer)
        => datagram.Length < 9 || BinaryPrimitives.ReadUInt32LittleEndian(datagram[5..]) == peer.Value;

    /// <summary>The engine drops frames of processors that are not in the list; it does not know
    /// where they came from.</summary>
    private void NoteUnlisted(NetAddress source, ReadOnlySpan<byte> datagram)
    {
        var claimed = Strangers.ClaimedBy(datagram);
        if (!claimed.IsNone && !members.Contains(claimed))
            strangers.Ignored(source, datagram);
    }
}
