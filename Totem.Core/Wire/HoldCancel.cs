namespace Totem.Core.Wire;

/// <summary>Asks the representative of a ring to release the token it holds (WIRE §5.6).</summary>
/// <param name="Header">The frame's header; its node is who asks.</param>
/// <param name="Ring">The ring whose token is meant.</param>
public readonly record struct HoldCancel(FrameHeader Header, RingId Ring)
{
    /// <summary>Reads the frame.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> frame, out HoldCancel cancel)
    {
        cancel = default;
        var result = FrameHeader.TryRead(frame, FrameKind.HoldCancel, out var header);
        if (result != DecodeResult.Ok)
            return result;
        var reader = new WireReader(frame[WireFormat.HeaderBytes..], header.Swapped);
        cancel = new HoldCancel(header, reader.RingId());
        return reader.Failed ? DecodeResult.TooShort : DecodeResult.Ok;
    }

    internal void Write(ref WireWriter writer)
    {
        Header.Write(ref writer);
        writer.RingId(Ring);
    }
}
