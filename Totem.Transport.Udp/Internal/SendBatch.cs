using Totem.Core.Wire;

namespace Totem.Transport.Udp.Internal;

/// <summary>One datagram of a batch: bytes of the arena, and the index of its destination.</summary>
internal readonly record struct Outgoing(int Offset, int LengthBytes, int Destination);

/// <summary>
/// Datagrams that wait for one system call. Frames lie one behind the other in a pinned arena; the copies of a frame for
/// several destinations share its bytes. Rented once, for good.
/// </summary>
internal sealed class SendBatch
{
    /// <summary>Two token visits' worth of copies at 14 members.</summary>
    public const int CountMax = 512;

    /// <summary>Room for about 130 frames of 1500 bytes in front of the place that one of the largest needs.</summary>
    private const int ArenaBytes = 4 * 65_536;

    private readonly byte[] _arena = GC.AllocateUninitializedArray<byte>(ArenaBytes, pinned: true);
    private readonly Outgoing[] _outgoing = new Outgoing[CountMax];
    private int _usedBytes;
    private int _count;

    public ReadOnlySpan<byte> Arena => _arena;

    public ReadOnlySpan<Outgoing> Outgoing => _outgoing.AsSpan(0, _count);

    public bool IsEmpty => _count == 0;

    /// <summary>False when the next frame, for that many destinations, would not fit: flush first.</summary>
    public bool HasRoom(int destinations) => _usedBytes + WireFormat.FrameBytesMax <= ArenaBytes && _count + destinations <= CountMax;

    /// <summary>Where the next frame is written.</summary>
    public Span<byte> NextFrame => _arena.AsSpan(_usedBytes, WireFormat.FrameBytesMax);

    /// <summary>Adds a copy of the frame that was just written.</summary>
    public void Add(int lengthBytes, int destination) => _outgoing[_count++] = new Outgoing(_usedBytes, lengthBytes, destination);

    /// <summary>The frame has all its destinations; the next one lies behind it.</summary>
    public void EndFrame(int lengthBytes) => _usedBytes += lengthBytes;

    public void Clear()
    {
        _usedBytes = 0;
        _count = 0;
    }
}
