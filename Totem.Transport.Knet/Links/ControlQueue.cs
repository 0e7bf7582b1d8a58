using Totem.Core.Diagnostics;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Links;

/// <summary>A ping, a pong, a probe or its answer that is to be sent: which of the two packets counts is what
/// <paramref name="Type"/> says.</summary>
/// <param name="Link">Where it goes.</param>
/// <param name="Type">Its kind.</param>
/// <param name="IsAead">It is sealed in the format of our own.</param>
/// <param name="Ping">A ping or a pong.</param>
/// <param name="Probe">A probe or its answer.</param>
internal readonly record struct ControlPacket(
    PeerLink Link, PacketType Type, bool IsAead, PingPacket Ping = default, ProbePacket Probe = default);

/// <summary>Control packets that wait for the host, in order.</summary>
internal sealed class ControlQueue(KnetCounters counters)
{
    /// <summary>The host drains after every input; a tick of 500 peers with 8 links fills this.</summary>
    private const int CountMax = 4096;

    private readonly Queue<ControlPacket> _packets = new(64);

    public bool IsEmpty => _packets.Count == 0;

    public void Add(in ControlPacket packet)
    {
        if (_packets.Count == CountMax)
        {
            counters.Count(KnetDiscard.OutboxFull);
            return;
        }

        _packets.Enqueue(packet);
        Invariant.That(_packets.Count <= CountMax, "no more packets wait than the limit");
    }

    public bool TryTake(out ControlPacket packet) => _packets.TryDequeue(out packet);
}
