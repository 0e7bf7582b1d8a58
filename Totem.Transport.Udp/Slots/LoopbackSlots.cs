using System.Net;
using System.Net.Sockets;
using System.Text;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Slots;

/// <summary>
/// The rule by which processes of one host find each other without configuration: slot n is UDP port base + n of an
/// address that follows from the ring's name, and processor n + 1. Binding a port for oneself alone is what makes two
/// processes agree on who has it. Rings of different names have nothing in common but the host.
/// </summary>
internal static class LoopbackSlots
{
    public static UdpPeer[] Peers(int basePort, string name)
    {
        var address = AddressOf(name);
        return [.. Enumerable.Range(0, UdpTransportOptions.LoopbackSlotCount)
            .Select(slot => new UdpPeer(new ProcessorId((uint)slot + 1), new IPEndPoint(address, basePort + slot)))];
    }

    /// <summary>
    /// 127.0.0.1 without a name; else an address of the upper half of 127.0.0.0/8, which all belongs to the host on
    /// Linux and Windows. Names that meet in one of its eight million addresses are one ring.
    /// </summary>
    public static IPAddress AddressOf(string name)
    {
        // Elsewhere there is only the one.
        if (name.Length == 0 || !(OperatingSystem.IsLinux() || OperatingSystem.IsWindows()))
            return IPAddress.Loopback;
        var hash = 0x811C9DC5u; // FNV-1a
        foreach (var part in Encoding.UTF8.GetBytes(name))
            hash = unchecked((hash ^ part) * 0x01000193u);
        // The last octet is neither 0 nor 255, which some take for a network and a broadcast.
        return new IPAddress(
            [127, (byte)(128 | (hash >> 24)), (byte)(hash >> 16), (byte)(1 + ((hash & 0xFFFF) % 254))]);
    }

    /// <summary>Takes the slot of a processor, or the lowest free one if it is nobody's.</summary>
    /// <exception cref="TransportException">It is not free.</exception>
    public static (int Slot, Socket Socket) Take(int basePort, string name, ProcessorId wanted)
    {
        var peers = Peers(basePort, name);
        for (var slot = 0; slot < peers.Length; slot++)
        {
            if ((wanted.IsNone || peers[slot].Id == wanted)
                && SocketOpener.TryOpenExclusive(peers[slot].EndPoint) is { } socket)
                return (slot, socket);
        }

        throw new TransportException(wanted.IsNone
            ? $"all loopback slots are taken: ports {basePort} to {basePort + peers.Length - 1} of "
                + $"{peers[0].EndPoint.Address}"
            : $"loopback slot {wanted} is taken: port {basePort + (int)wanted.Value - 1} of "
                + $"{peers[0].EndPoint.Address}");
    }
}
