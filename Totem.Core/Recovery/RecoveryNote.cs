using Totem.Core.Wire;

namespace Totem.Core.Recovery;

/// <summary>
/// A promise made in an earlier recovery that came to nothing: "I have told the others of my obligation set that I have
/// everything, so I must deliver what they may have delivered." The commit token has no room for it, and all members of
/// the next ring must honour it alike, so it is multicast there first (EVS94, obligation sets of the transitional
/// members are united). On the wire it is an encapsulated message of a ring that does not exist; corosync skips it.
/// </summary>
internal sealed record RecoveryNote(RingId OldRing, ProcessorSet Obligation)
{
    public const int BytesMax = WireFormat.RegularMessageHeaderBytes + 4 + 12 + 2 + 4 * ProcessorSet.MaxCount;

    private const uint Magic = 0x4F54_4F54; // "TOTO", little-endian: Totem, obligation.

    public void Write(ref WireWriter writer, ProcessorId self)
    {
        new RegularMessage(
            new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, self),
            self, default, 0, default, 0, 0).Write(ref writer);
        writer.U32(Magic);
        writer.RingId(OldRing);
        writer.U16((ushort)Obligation.Count);
        ProcessorList.Write(ref writer, Obligation);
    }

    /// <summary>Reads the note inside an encapsulated message; null when it is something else.</summary>
    public static RecoveryNote? TryRead(ReadOnlySpan<byte> inner, in RegularMessage header)
    {
        if (header.Ring != default)
            return null;
        var reader = new WireReader(inner[WireFormat.RegularMessageHeaderBytes..], header.Header.Swapped);
        if (reader.U32() != Magic)
            return null;
        var ring = reader.RingId();
        var result = ProcessorList.TryRead(ref reader, reader.U16(), out var obligation);
        return result == DecodeResult.Ok && !reader.Failed ? new RecoveryNote(ring, obligation!) : null;
    }
}
