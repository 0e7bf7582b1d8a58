using System.Net;
using System.Net.Sockets;
using Totem.Core.Model;

namespace Totem.Transport.Udp.Internal;

/// <summary>
/// The rule by which processes of one host find each other without configuration: slot n is UDP port base + n of
/// 127.0.0.1 and processor n + 1. Binding a port for oneself alone is what makes two processes agree on who has it.
/// </summary>
internal static class LoopbackSlots
{
    public static UdpPeer[] Peers(int basePort)
        => [.. Enumerable.Range(0, UdpTransportOptions.LoopbackSlotCount)
            .Select(slot => new UdpPeer(new ProcessorId((uint)slot + 1), new IPEndPoint(IPAddress.Loopback, basePort + slot)))];

    /// <summary>Takes the slot of a processor, or the lowest free one if it is nobody's.</summary>
    /// <exception cref="TransportException">It is not free.</exception>
    public static (int Slot, Socket Socket) Take(int basePort, ProcessorId wanted)
    {
        var peers = Peers(basePort);
        for (var slot = 0; slot < peers.Length; slot++)
        {
            if ((wanted.IsNone || peers[slot].Id == wanted) && SocketOpener.TryOpenExclusive(peers[slot].EndPoint) is { } socket)
                return (slot, socket);
        }

        throw new TransportException(wanted.IsNone
            ? $"all loopback slots are taken: ports {basePort} to {basePort + peers.Length - 1} of 127.0.0.1"
            : $"loopback slot {wanted} is taken: port {basePort + (int)wanted.Value - 1} of 127.0.0.1");
    }
}
