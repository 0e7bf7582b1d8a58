namespace Totem.Core.Wire;

/// <summary>The header of a multicast message; what follows is a packet of messages, or a whole message of an old ring
/// (WIRE §5.2).</summary>
/// <param name="Header">The frame's header; its node is the originator, also when somebody else
/// sends the frame again.</param>
/// <param name="System">The originator.</param>
/// <param name="Seq">The message's number on its ring.</param>
/// <param name="OriginCount">A running number of everything this process originated; informative.</param>
/// <param name="Ring">The ring the message was sent on.</param>
/// <param name="NodeIdField">Always 0 on the wire; kept so that a frame re-encodes.</param>
/// <param name="Guarantee">0 agreed, 1 safe. corosync sends 0 and ignores it; other values are read as agreed.</param>
public readonly record struct RegularMessage(
    FrameHeader Header,
    ProcessorId System,
    Seq Seq,
    uint OriginCount,
    RingId Ring,
    uint NodeIdField,
    uint Guarantee)
{
    /// <summary>Reads the header; the payload is the rest of the frame and starts at
    /// <see cref="WireFormat.RegularMessageHeaderBytes"/>.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> frame, out RegularMessage message)
    {
        message = default;
        var result = FrameHeader.TryRead(frame, FrameKind.RegularMessage, out var header);
        if (result != DecodeResult.Ok)
            return result;
        var reader = new WireReader(frame[WireFormat.HeaderBytes..], header.Swapped);
        message = new RegularMessage(
            header, reader.ProcessorId(), reader.Seq(), reader.U32(), reader.RingId(), reader.U32(), reader.U32());
        if (reader.Failed)
            return DecodeResult.TooShort;
        return header.Node.IsNone || message.System.IsNone ? DecodeResult.InvalidProcessor : DecodeResult.Ok;
    }

    internal void Write(ref WireWriter writer)
    {
        Header.Write(ref writer);
        writer.ProcessorId(System);
        writer.Seq(Seq);
        writer.U32(OriginCount);
        writer.RingId(Ring);
        writer.U32(NodeIdField);
        writer.U32(Guarantee);
    }
}
