using System.Buffers.Binary;

namespace Totem.Core.Packing;

/// <summary>Walks the pieces of one packet. A packet is checked as a whole before its first piece
/// is looked at.</summary>
internal readonly ref struct PacketReader
{
    private readonly ReadOnlySpan<byte> _packet;
    private readonly bool _swapped;

    private PacketReader(ReadOnlySpan<byte> packet, bool swapped, int pieces)
    {
        _packet = packet;
        _swapped = swapped;
        PieceCount = pieces;
    }

    public int PieceCount { get; }

    /// <summary>Not 0: the last piece goes on in the sender's next packet, which carries this
    /// number as continuation.</summary>
    public byte Fragment => _packet[4];

    /// <summary>Not 0: the first piece goes on where the sender's last packet ended.</summary>
    public byte Continuation => _packet[5];

    public int FirstPieceOffset => PacketFormat.HeaderBytes + 2 * PieceCount;

    /// <summary>False when the counts and lengths do not add up to the packet (WIRE §12.1).</summary>
    public static bool TryOpen(ReadOnlySpan<byte> packet, bool swapped, out PacketReader reader)
    {
        reader = default;
        if (packet.Length < PacketFormat.HeaderBytes || U16(packet, 0, swapped) != 0 || U16(packet, 2, swapped) != 0)
            return false;
        var pieces = U16(packet, 6, swapped);
        if (pieces == 0 || packet.Length < PacketFormat.HeaderBytes + 2 * pieces)
            return false;
        reader = new PacketReader(packet, swapped, pieces);
        var total = reader.FirstPieceOffset;
        for (var i = 0; i < pieces; i++)
            total += reader.PieceLength(i);
        return total == packet.Length;
    }

    public int PieceLength(int index) => U16(_packet, PacketFormat.HeaderBytes + 2 * index, _swapped);

    private static ushort U16(ReadOnlySpan<byte> bytes, int at, bool swapped) => swapped
        ? BinaryPrimitives.ReadUInt16BigEndian(bytes[at..])
        : BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
