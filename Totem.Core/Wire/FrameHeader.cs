using System.Buffers.Binary;

namespace Totem.Core.Wire;

/// <summary>The 13 bytes every frame starts with (WIRE §4).</summary>
/// <param name="Kind">The kind of the frame.</param>
/// <param name="Encapsulation">The content of a multicast; <see cref="Encapsulation.None"/> in every other
/// kind.</param>
/// <param name="Node">The originator of a multicast, the last forwarder of a token, nobody in a leave message.</param>
/// <param name="Target">Uninitialised memory in many of corosync's frames, kept so that a frame re-encodes. In a
/// regular token of a ring on which all run this engine: where the token is to rest, or nobody
/// (docs/design/token.md).</param>
/// <param name="Swapped">True when the sender's byte order is big-endian.</param>
public readonly record struct FrameHeader(
    FrameKind Kind, Encapsulation Encapsulation, ProcessorId Node, uint Target = 0, bool Swapped = false)
{
    /// <summary>Reads and checks the header.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> frame, out FrameHeader header)
    {
        header = default;
        if (frame.Length < WireFormat.HeaderBytes)
            return DecodeResult.TooShort;
        if (frame.Length > WireFormat.MaxFrameBytes)
            return DecodeResult.TooLong;
        var magic = BinaryPrimitives.ReadUInt16LittleEndian(frame);
        var swapped = magic == BinaryPrimitives.ReverseEndianness(WireFormat.Magic);
        if (magic != WireFormat.Magic && !swapped)
            return DecodeResult.BadMagic;
        if (frame[2] != WireFormat.Version)
            return DecodeResult.UnknownVersion;
        if (frame[3] > (byte)FrameKind.TokenLoan || frame[4] > (byte)Encapsulation.Regular)
            return DecodeResult.UnknownKind;

        var kind = (FrameKind)frame[3];
        var encapsulation = (Encapsulation)frame[4];
        if (kind == FrameKind.RegularMessage && encapsulation == Encapsulation.None)
            return DecodeResult.UnknownKind;

        var reader = new WireReader(frame[5..], swapped);
        header = new FrameHeader(kind, encapsulation, reader.ProcessorId(), reader.U32(), swapped);
        return frame.Length < MinimumBytes(kind) ? DecodeResult.TooShort : DecodeResult.Ok;
    }

    /// <summary>Reads the header of a frame that must be of this kind: a frame read as another kind
    /// would make sense by accident.</summary>
    internal static DecodeResult TryRead(ReadOnlySpan<byte> frame, FrameKind kind, out FrameHeader header)
    {
        var result = TryRead(frame, out header);
        return result == DecodeResult.Ok && header.Kind != kind ? DecodeResult.UnknownKind : result;
    }

    internal void Write(ref WireWriter writer)
    {
        writer.U16(WireFormat.Magic);
        writer.U8(WireFormat.Version);
        writer.U8((byte)Kind);
        writer.U8((byte)Encapsulation);
        writer.ProcessorId(Node);
        writer.U32(Target);
    }

    private static int MinimumBytes(FrameKind kind) => kind switch
    {
        FrameKind.RegularToken => WireFormat.RegularTokenBytes,
        FrameKind.RegularMessage => WireFormat.RegularMessageHeaderBytes,
        FrameKind.MergeDetect => WireFormat.MergeDetectBytes,
        FrameKind.Join => WireFormat.JoinBytes,
        FrameKind.CommitToken => WireFormat.CommitTokenBytes,
        FrameKind.TokenLoan => WireFormat.TokenLoanBytes,
        _ => WireFormat.HoldCancelBytes,
    };
}
