namespace Totem.Core.Wire;

/// <summary>
/// Shows a ring to those outside it (WIRE §5.3). Ours carries a <see cref="MergeTrailer"/>; corosync accepts and
/// ignores what follows the announced length (WIRE §4).
/// </summary>
/// <param name="Header">The frame's header; its node is the sender.</param>
/// <param name="System">The sender.</param>
/// <param name="Ring">The sender's ring.</param>
public readonly record struct MergeDetect(FrameHeader Header, ProcessorId System, RingId Ring)
{
    /// <summary>Reads the frame. Without our trailer, <paramref name="trailer"/> is null: the
    /// sender does not say.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> frame, out MergeDetect detect, out MergeTrailer? trailer)
    {
        detect = default;
        trailer = null;
        var result = FrameHeader.TryRead(frame, FrameKind.MergeDetect, out var header);
        if (result != DecodeResult.Ok)
            return result;
        var reader = new WireReader(frame[WireFormat.HeaderBytes..], header.Swapped);
        detect = new MergeDetect(header, reader.ProcessorId(), reader.RingId());
        return detect.System.IsNone ? DecodeResult.InvalidProcessor : MergeTrailer.TryRead(ref reader, out trailer);
    }

    internal void Write(ref WireWriter writer)
    {
        Header.Write(ref writer);
        writer.ProcessorId(System);
        writer.RingId(Ring);
    }
}
