using System.Runtime.InteropServices;

namespace Totem.Transport.Udp.Sockets;

/// <summary>
/// The kernel's words about a datagram beside its bytes: control messages of 64-bit Linux (cmsg(3)), a header of 16
/// bytes and its data, each aligned to 8. A message that is not known, cut off or contradicts itself is passed over.
/// </summary>
internal static class ControlMessages
{
    public const int SolUdp = 17;

    /// <summary>UDP_SEGMENT, to the kernel: the datagram is to be cut into datagrams of that size (udp(7)).</summary>
    public const int UdpSegment = 103;

    /// <summary>UDP_GRO, from the kernel: it has put together datagrams of that size, the last one
    /// perhaps shorter (udp(7)).</summary>
    public const int UdpGro = 104;

    /// <summary>SO_RXQ_OVFL, from the kernel: how many datagrams the socket has dropped since it
    /// was made (socket(7)).</summary>
    public const int ReceiveQueueOverflow = 40;

    private const int SolSocket = 1;
    private const int HeaderBytes = 16;
    private const int Alignment = 8;

    /// <summary>Reads what there is, and leaves alone what there is not.</summary>
    public static void Read(ReadOnlySpan<byte> control, ref int segmentBytes, ref uint dropped)
    {
        while (TryTake(ref control, out var kind, out var data))
        {
            if (kind == (SolUdp, UdpGro) && data.Length >= sizeof(int))
                segmentBytes = MemoryMarshal.Read<int>(data);
            else if (kind == (SolSocket, ReceiveQueueOverflow) && data.Length >= sizeof(uint))
                dropped = MemoryMarshal.Read<uint>(data);
        }
    }

    /// <summary>Takes the first message off.</summary>
    /// <returns>False when there is none, or what stands there is none.</returns>
    public static bool TryTake(
        ref ReadOnlySpan<byte> control, out (int Level, int Type) kind, out ReadOnlySpan<byte> data)
    {
        kind = default;
        data = default;
        if (control.Length < HeaderBytes)
            return false;
        var length = MemoryMarshal.Read<ulong>(control);
        if (length < HeaderBytes || length > (ulong)control.Length)
            return false;
        kind = (MemoryMarshal.Read<int>(control[8..]), MemoryMarshal.Read<int>(control[12..]));
        data = control[HeaderBytes..(int)length];
        control = control[Math.Min(control.Length, ((int)length + Alignment - 1) / Alignment * Alignment)..];
        return true;
    }
}
