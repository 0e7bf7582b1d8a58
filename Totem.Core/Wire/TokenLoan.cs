using Totem.Core.Model;

namespace Totem.Core.Wire;

/// <summary>
/// A token that rests is lent to a member that has something to send, or given back by it (docs/design/token.md). Only
/// processors of this engine send it, to others of this engine; a real daemon drops a frame of this kind.
/// </summary>
/// <param name="Header">The frame's header; its node is the sender: who lends, or who gives back.</param>
/// <param name="Ring">The ring whose token is meant.</param>
/// <param name="TokenSeq">The hop number with which the token came to where it rests.</param>
/// <param name="Number">Counts the loans of this rest from 1: a loan and its return have the same number.</param>
/// <param name="Seq">The last message number that has been given.</param>
/// <param name="Allowance">On the way there, how many numbers the borrower may give; on the way back 0.</param>
/// <param name="IsReturned">True on the way back.</param>
/// <param name="HasMore">On the way back: the borrower has more to send, or needs the token to go round.</param>
public readonly record struct TokenLoan(
    FrameHeader Header,
    RingId Ring,
    TokenSeq TokenSeq,
    uint Number,
    Seq Seq,
    uint Allowance,
    bool IsReturned,
    bool HasMore)
{
    private const byte ReturnedFlag = 1;
    private const byte MoreFlag = 2;

    /// <summary>Reads the frame.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> frame, out TokenLoan loan)
    {
        loan = default;
        var result = FrameHeader.TryRead(frame, FrameKind.TokenLoan, out var header);
        if (result != DecodeResult.Ok)
            return result;
        var reader = new WireReader(frame[WireFormat.HeaderBytes..], header.Swapped);
        var (ring, tokenSeq, number) = (reader.RingId(), new TokenSeq(reader.U32()), reader.U32());
        var (seq, allowance, flags) = (reader.Seq(), reader.U32(), reader.U16());
        loan = new TokenLoan(
            header, ring, tokenSeq, number, seq, allowance, (flags & ReturnedFlag) != 0, (flags & MoreFlag) != 0);
        if (reader.Failed)
            return DecodeResult.TooShort;
        return header.Node.IsNone ? DecodeResult.InvalidProcessor : DecodeResult.Ok;
    }

    internal void Write(ref WireWriter writer)
    {
        Header.Write(ref writer);
        writer.RingId(Ring);
        writer.U32(TokenSeq.Value);
        writer.U32(Number);
        writer.Seq(Seq);
        writer.U32(Allowance);
        writer.U16((ushort)((IsReturned ? ReturnedFlag : 0) | (HasMore ? MoreFlag : 0)));
    }
}
