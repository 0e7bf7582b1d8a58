using Totem.Core.Model;

namespace Totem.Core.Wire;

/// <summary>
/// Shows a ring to those outside it (wire.md section 5.3). Ours carries a trailer that says whom the sender has heard of
/// late; corosync accepts and ignores what follows the announced length (wire.md section 4).
/// </summary>
/// <param name="Header">The frame's header; its node is the sender.</param>
/// <param name="System">The sender.</param>
/// <param name="Ring">The sender's ring.</param>
public readonly record struct MergeDetect(FrameHeader Header, ProcessorId System, RingId Ring)
{
    /// <summary>The longest trailer.</summary>
    internal const int TrailerBytesMax = 4 + 2 + 4 * ProcessorSet.CountMax;

    private const uint TrailerMagic = 0x4854_4F54; // "TOTH", little-endian: Totem, heard.

    /// <summary>Reads the frame. Without our trailer, <paramref name="heard"/> is null: the sender does not say.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> frame, out MergeDetect detect, out ProcessorSet? heard)
    {
        detect = default;
        heard = null;
        var result = FrameHeader.TryRead(frame, FrameKind.MergeDetect, out var header);
        if (result != DecodeResult.Ok)
            return result;
        var reader = new WireReader(frame[WireFormat.HeaderBytes..], header.Swapped);
        detect = new MergeDetect(header, reader.ProcessorId(), reader.RingId());
        if (detect.System.IsNone)
            return DecodeResult.InvalidProcessor;
        if (reader.RemainingBytes < 6 || reader.U32() != TrailerMagic)
            return DecodeResult.Ok;
        return ProcessorList.TryRead(ref reader, reader.U16(), out heard);
    }

    internal void Write(ref WireWriter writer)
    {
        Header.Write(ref writer);
        writer.ProcessorId(System);
        writer.RingId(Ring);
    }

    internal static void WriteTrailer(ref WireWriter writer, ProcessorSet heard)
    {
        writer.U32(TrailerMagic);
        writer.U16((ushort)heard.Count);
        ProcessorList.Write(ref writer, heard);
    }
}
